/** Accuracy on the log scale of its error, so that networks that have not learnt do not press all others together. */
import type { Layout } from 'plotly.js';

/** Accuracies in per cent that are written on the axis. */
const PERCENTAGES = [10, 50, 70, 80, 90, 93, 95, 97, 98, 99, 99.5];

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
  tickvals: PERCENTAGES.map((accuracy) => errorOf(accuracy / 100)),
  ticktext: PERCENTAGES.map(String),
};
