/** Accuracy on the log scale of its error, so that networks that have not learnt do not press all others together. */
import type { Layout } from 'plotly.js';

/** Accuracies that are written on the axis. */
const ACCURACIES = [0.1, 0.5, 0.7, 0.8, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995];

/** No accuracy is closer to 1 than this on the axis. */
const LEAST_ERROR = 1e-4;

/** Where on {@link ERROR_AXIS} an accuracy lies. */
export function errorOf(accuracy: number): number {
  return Math.max(LEAST_ERROR, 1 - accuracy);
}

/** An axis of errors that names accuracies, rising upwards. */
export const ERROR_AXIS: Partial<Layout['yaxis']> = {
  type: 'log',
  autorange: 'reversed',
  tickvals: ACCURACIES.map(errorOf),
  ticktext: ACCURACIES.map((accuracy) => String(accuracy).replace('0.', '.')),
};
