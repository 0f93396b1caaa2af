/** The dimensions in measurements, in particular the two that the paper uses: the last layer's (LLID) and the peak (PID). */
import { max } from 'd3-array';
import type { Measurement, SplitMeasurement } from './run-record';

/** The measurements with dimensions, since a run may measure its accuracy more often, or only its accuracy. */
export function withIds(
  measurements: readonly Measurement[],
  split: 'train' | 'validation' = 'validation',
): Measurement[] {
  return measurements.filter((measurement) => Object.keys(measurement[split].id).length > 0);
}

/**
 * LLID: the dimension at the last site that was measured.
 *
 * @param site another site instead of the last one
 * @returns NaN if no dimension was measured, or the points have none
 * @throws Error for a site that was not measured
 */
export function lastLayerId({ id }: Pick<SplitMeasurement, 'id'>, site?: string): number {
  const name = site ?? Object.keys(id).at(-1);
  if (name === undefined) return Number.NaN;
  const estimate = id[name];
  if (!estimate) throw new Error(`no ID was measured at '${name}'; measured: ${Object.keys(id).join(', ')}`);
  return estimate.value ?? Number.NaN;
}

/** PID: the largest dimension of all sites that have one; NaN if none has. */
export function peakId({ id }: Pick<SplitMeasurement, 'id'>): number {
  return max(Object.values(id), ({ value }) => value ?? undefined) ?? Number.NaN;
}
