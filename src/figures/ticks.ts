/** Which ticks of an axis are labelled: as many as have room side by side. */
import { textWidth } from './text-width';

/** A tick, and its label. */
export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** Between two labels, in sizes of the font. */
const GAP = 0.6;

/**
 * The ticks whose labels do not meet: from left to right each that has room after the one before it.
 * @param ticks by rising value
 * @param pixel where a value stands on the axis, in pixels
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

/** Where a value stands on a log axis of this width whose range is given in exponents. */
export function onLogAxis(range: readonly number[], width: number): (value: number) => number {
  const [low, high] = range as [number, number];
  return (value) => ((Math.log10(value) - low) / (high - low)) * width;
}
