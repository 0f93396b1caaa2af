/** Accuracy on a log scale of the error, so that networks that have not learnt do not squeeze all others together. */
import { max, min } from 'd3-array';
import type { Layout } from 'plotly.js';

/** The accuracies that may be written on the axis, in per cent. */
const PERCENTAGES = [
  10, 20, 30, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 93, 95, 97, 98, 99, 99.5, 99.8, 99.9,
];

/** The least gap between two of them, as a share of the axis. */
const GAP = 1 / 9;

/** Smaller errors are drawn as this one, since a log axis has no zero. */
const LEAST_ERROR = 1e-4;

/** The position of an accuracy on {@link errorAxis}. */
export function errorOf(accuracy: number): number {
  return Math.max(LEAST_ERROR, 1 - accuracy);
}

/** An axis for these errors, which is labelled with accuracies that rise upwards. */
export function errorAxis(errors: readonly number[]): Partial<Layout['yaxis']> {
  const gap = GAP * Math.log10(max(errors)! / min(errors)!);
  const ticks: number[] = [];
  for (const accuracy of PERCENTAGES) {
    const before = ticks.at(-1);
    const free = before === undefined || Math.log10(errorOf(before / 100) / errorOf(accuracy / 100)) >= gap;
    if (free && errorOf(accuracy / 100) <= max(errors)!) ticks.push(accuracy);
  }
  return {
    type: 'log',
    autorange: 'reversed',
    tickvals: ticks.map((accuracy) => errorOf(accuracy / 100)),
    ticktext: ticks.map(String),
  };
}
