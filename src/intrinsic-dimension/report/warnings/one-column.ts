/** Warns of a column so much larger than all others that distances are those of this column alone. */
import type { Rows } from '../../points/points';
import { differ, type Value } from './bias';
import { percent, type Warning } from './warning';

/** The share of the variance from which on a column decides the distances. */
const SHARE = 0.95;

/** The column that holds nearly all of the variance, if others vary, too. */
export interface LargestColumn {
  /** From 0. */
  readonly column: number;
  /** Its share of the variance. */
  readonly share: number;
  /** The points with each column divided by its standard deviation. */
  scaled(): { data: Float64Array; shape: [number, number] };
}

/** Finds a column that holds nearly all of the variance. */
export function largestColumn({ n, d, row }: Rows): LargestColumn | undefined {
  const [means, variances] = [new Float64Array(d), new Float64Array(d)];
  for (let i = 0; i < n; i++) {
    const point = row(i);
    for (let c = 0; c < d; c++) means[c]! += point[c]! / n;
  }
  for (let i = 0; i < n; i++) {
    const point = row(i);
    for (let c = 0; c < d; c++) variances[c]! += (point[c]! - means[c]!) ** 2 / n;
  }
  const varying = variances.filter((variance) => variance > 0).length;
  const column = variances.reduce((best, variance, c) => (variance > variances[best]! ? c : best), 0);
  const share = variances[column]! / variances.reduce((sum, variance) => sum + variance, 0);
  if (varying < 2 || !(share >= SHARE)) return undefined;
  const scaled = (): { data: Float64Array; shape: [number, number] } => {
    const data = new Float64Array(n * d);
    for (let i = 0; i < n; i++) {
      const point = row(i);
      for (let c = 0; c < d; c++) data[i * d + c] = (point[c]! - means[c]!) / Math.sqrt(variances[c]! || 1);
    }
    return { data, shape: [n, d] };
  };
  return { column, share, scaled };
}

/**
 * @param estimate of the points as they are
 * @param scaled the value with each column divided by its standard deviation
 */
export function oneColumnWarning(
  { column, share }: LargestColumn,
  estimate: Value & { readonly estimator: string },
  scaled: Value,
): Warning | undefined {
  if (!differ(estimate, scaled)) return undefined;
  return {
    name: 'one column',
    text:
      `Column ${column} (counted from 0) holds ${percent(share)} of the variance, so that distances are nearly those of this column alone. ` +
      `With each column divided by its standard deviation, ${estimate.estimator} gives ${scaled.value.toFixed(2)} instead of ${estimate.value.toFixed(2)}. ` +
      'Scale the columns if they have different units, or leave this one out if it carries nothing.',
    evidence: { column, share, value: estimate.value, scaled: scaled.value },
  };
}
