/** Standard errors and intervals that treat points which share neighbours as dependent. */
import { jStat } from 'jstat';
import type { NeighbourTable } from './search/neighbour-table';

/** The level of an interval by default. */
export const DEFAULT_LEVEL = 0.95;

/** The level of an interval. */
export interface IntervalOptions {
  /** Level of the interval: the share of such intervals that hold the truth. @default 0.95 */
  readonly level?: number;
}

/**
 * The level of an interval.
 *
 * @throws RangeError for one that is not between 0 and 1
 */
export function levelOf({ level = DEFAULT_LEVEL }: IntervalOptions): number {
  if (level > 0 && level < 1) return level;
  throw new RangeError(`level must be in (0, 1), got ${level}`);
}

/** Where the truth is believed to lie. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
  /** Share of such intervals that hold the truth. */
  readonly level: number;
}

/**
 * The sandwich standard error of an estimate that is, to first order, a mean of one influence a point:
 * Var = u'Au / N^2, with u the influences and A the symmetrised graph of nearest neighbours with the diagonal.
 * Points that share neighbours have similar distances, so error bars that treat them as independent are 10 to 40 %
 * too small. Where u'Au falls below the value for independent points, u'u, or even below 0, u'u is used.
 *
 * @param influences how far each point moves the estimate, times N, in the points' order
 * @param k neighbours of each point that its influence depends on
 */
export function sandwichStandardError(influences: Float64Array, table: NeighbourTable, k: number): number {
  const { n, indices } = table;
  const isNeighbour = (i: number, j: number): boolean => {
    for (let p = j * table.k; p < j * table.k + k; p++) if (indices[p] === i) return true;
    return false;
  };
  let independent = 0;
  let shared = 0;
  for (let i = 0; i < n; i++) {
    independent += influences[i]! ** 2;
    for (let p = i * table.k; p < i * table.k + k; p++) {
      const j = indices[p]!;
      // An edge counts in both directions; one that both ends list is met twice.
      shared += (isNeighbour(i, j) ? 1 : 2) * influences[i]! * influences[j]!;
    }
  }
  return Math.sqrt(Math.max(independent, independent + shared)) / n;
}

/** The standard error of a mean of influences if all points are independent. */
export function independentStandardError(influences: Float64Array): number {
  return Math.sqrt(influences.reduce((sum, value) => sum + value * value, 0)) / influences.length;
}

/** The normal interval around an estimate. */
export function normalInterval(value: number, standardError: number, level: number): Interval {
  const reach = reachOf(level) * standardError;
  return { lower: value - reach, upper: value + reach, level };
}

/**
 * The exact interval of (N - 1) / S where S is a sum of N independent exponential numbers of rate d: d S has a
 * gamma distribution of shape N.
 */
export function gammaInterval(value: number, n: number, level: number): Interval {
  return gammaQuantiles(n, (n - 1) / value, level);
}

/** The middle part of a gamma distribution, with as much below it as above. */
export function gammaQuantiles(shape: number, rate: number, level: number): Interval {
  const quantile = (p: number): number => jStat.gamma.inv(p, shape, 1) / rate;
  return { lower: quantile((1 - level) / 2), upper: quantile((1 + level) / 2), level };
}

/** Standard errors from the middle of a normal interval to its ends: 1.96 at level .95. */
export function reachOf(level: number): number {
  return jStat.normal.inv((1 + level) / 2, 0, 1);
}
