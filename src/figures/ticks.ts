/** The labelled ticks of an axis: as many as have room side by side. */
import { textWidth } from './text-width';

/** A tick, and its label. */
export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** The gap between two labels, in units of the font size. */
const GAP = 0.6;

/**
 * Chooses ticks whose labels do not meet: from left to right, each one that has room after the one before it.
 * @param ticks in rising order
 * @param pixel the position of a value on the axis, in pixels
 * @param size of the labels
 */
export function withRoom(ticks: readonly Tick[], pixel: (value: number) => number, size: number): Tick[] {
  const kept: Tick[] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const tick of ticks) {
    const half = textWidth(tick.text, size) / 2;
    if (pixel(tick.value) - half < end) continue;
    kept.push(tick);
    end = pixel(tick.value) + half + GAP * size;
  }
  return kept;
}

/** Ticks in the terms of plotly.js. */
export function tickArrays(ticks: readonly Tick[]): {
  tickmode: 'array';
  tickvals: number[];
  ticktext: string[];
} {
  return {
    tickmode: 'array',
    tickvals: ticks.map(({ value }) => value),
    ticktext: ticks.map(({ text }) => text),
  };
}

/** The position of a value on a log axis of this width; the range is given in exponents. */
export function onLogAxis(range: readonly number[], width: number): (value: number) => number {
  const [low, high] = range as [number, number];
  return (value) => ((Math.log10(value) - low) / (high - low)) * width;
}
