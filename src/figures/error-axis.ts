/** Accuracy on a log scale of the error, so that networks that have not learnt do not squeeze all others together. */
import type { Layout } from 'plotly.js';

/** The accuracies that are written on the axis, in per cent. */
const PERCENTAGES = [10, 50, 70, 80, 90, 93, 95, 97, 98, 99, 99.5];

/** Smaller errors are drawn as this one, since a log axis has no zero. */
const LEAST_ERROR = 1e-4;

/** The position of an accuracy on {@link ERROR_AXIS}. */
export function errorOf(accuracy: number): number {
  return Math.max(LEAST_ERROR, 1 - accuracy);
}

/** An axis of errors that is labelled with accuracies, which rise upwards. */
export const ERROR_AXIS: Partial<Layout['yaxis']> = {
  type: 'log',
  autorange: 'reversed',
  tickvals: PERCENTAGES.map((accuracy) => errorOf(accuracy / 100)),
  ticktext: PERCENTAGES.map(String),
};
