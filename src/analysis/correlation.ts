/** Pearson's correlation with a bootstrap interval. */
import { mean } from 'd3-array';
import { assertGiven } from '../given';
import type { Interval } from '../intrinsic-dimension/intervals';
import { counted, formatSigned } from '../number-format';
import { BOOTSTRAP_KINDS, type BootstrapOptions, bootstrap } from './bootstrap';

/** Pearson's r with its interval. */
export interface Correlation {
  readonly r: number;
  readonly interval: Interval;
  /** The number of pairs used. */
  readonly n: number;
  /** The number of groups, if whole groups were drawn. */
  readonly groups?: number;
}

/** Pearson's r of two samples of the same length; NaN if one of them is constant. */
export function pearson(x: readonly number[], y: readonly number[]): number {
  const n = x.length;
  const [mx, my] = [mean(x)!, mean(y)!];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    xx += (x[i]! - mx) ** 2;
    yy += (y[i]! - my) ** 2;
    xy += (x[i]! - mx) * (y[i]! - my);
  }
  return xy / Math.sqrt(xx * yy);
}

/**
 * Pearson's r with the interval of {@link bootstrap}.
 *
 * @throws RangeError for fewer than 4 pairs, samples of different lengths, or fewer than 4 groups
 */
export function correlation(
  x: readonly number[],
  y: readonly number[],
  options: BootstrapOptions = {},
): Correlation {
  return correlated('correlation', [x, y], ([x, y]) => pearson(x!, y!), options);
}

/**
 * Pearson's r of x and y after a linear function of `given` has been subtracted from both, with an interval as in
 * {@link correlation}.
 *
 * @throws RangeError like {@link correlation}
 */
export function partialCorrelation(
  x: readonly number[],
  y: readonly number[],
  given: readonly number[],
  options: BootstrapOptions = {},
): Correlation {
  return correlated('partialCorrelation', [x, y, given], ([x, y, z]) => partial(x!, y!, z!), options);
}

function partial(x: readonly number[], y: readonly number[], z: readonly number[]): number {
  const [xy, xz, yz] = [pearson(x, y), pearson(x, z), pearson(y, z)];
  return (xy - xz * yz) / Math.sqrt((1 - xz ** 2) * (1 - yz ** 2));
}

function correlated(
  name: string,
  columns: readonly (readonly number[])[],
  statistic: (columns: readonly (readonly number[])[]) => number,
  options: BootstrapOptions,
): Correlation {
  assertGiven(name, options, BOOTSTRAP_KINDS);
  const { value: r, ...found } = bootstrap(columns, statistic, options);
  return { r, ...found };
}

/** In words: r = −0.83, 95 % interval −0.95 to −0.50, 24 runs of 12 settings */
export function correlationText(found: Correlation | undefined): string {
  if (!found) return 'too few runs for a correlation';
  const { r, interval, n, groups } = found;
  const [lower, upper] = [interval.lower, interval.upper].map((end) => formatSigned(end));
  const of = groups === undefined ? '' : ` of ${counted(groups, 'setting')}`;
  return `r = ${formatSigned(r)}, ${100 * interval.level} % interval ${lower} to ${upper}, ${counted(n, 'run')}${of}`;
}

/** In short: −0.83 [−0.95, −0.50], for a column whose heading explains the interval */
export function coefficientText({ r, interval: { lower, upper } }: Correlation): string {
  return `${formatSigned(r)} [${formatSigned(lower)}, ${formatSigned(upper)}]`;
}
