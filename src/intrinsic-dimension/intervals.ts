/** Standard errors and intervals that treat points with shared neighbours as dependent. */
import { jStat } from 'jstat';
import type { NeighbourTable } from './search/neighbour-table';

/** The default level of an interval. */
export const DEFAULT_LEVEL = 0.95;

/** The level of an interval. */
export interface IntervalOptions {
  /** Level of the interval: the share of such intervals that contain the true value. @default 0.95 */
  readonly level?: number;
}

/**
 * The level of an interval.
 *
 * @throws RangeError for a level that is not between 0 and 1
 */
export function levelOf({ level = DEFAULT_LEVEL }: IntervalOptions): number {
  if (level > 0 && level < 1) return level;
  throw new RangeError(`level must be in (0, 1), got ${level}`);
}

/** A confidence or credible interval. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
  /** The share of such intervals that contain the true value. */
  readonly level: number;
}

/**
 * The sandwich standard error of an estimate that is, to first order, a mean with one influence for each point:
 * Var = u'Au / N^2, where u are the influences and A is the symmetrised graph of nearest neighbours with the diagonal.
 * Points that share neighbours have similar distances, so error bars that treat them as independent are 10 to 40 %
 * too small. If u'Au is below the value for independent points, u'u, or even below 0, u'u is used.
 *
 * @param influences how far each point moves the estimate, times N, in the order of the points
 * @param k the number of neighbours that the influence of a point depends on
 */
export function sandwichStandardError(influences: Float64Array, table: NeighbourTable, k: number): number {
  const { n, indices } = table;
  const { starts, members } = listedBy(table, k);
  const listing = new Int32Array(n).fill(-1); // for each point, the last point i that it was found to list
  let independent = 0;
  let shared = 0;
  for (let i = 0; i < n; i++) {
    independent += influences[i]! ** 2;
    for (let p = starts[i]!; p < starts[i + 1]!; p++) listing[members[p]!] = i;
    for (let p = i * table.k; p < i * table.k + k; p++) {
      const j = indices[p]!;
      // An edge counts in both directions; an edge that both of its ends list occurs twice.
      shared += (listing[j] === i ? 1 : 2) * influences[i]! * influences[j]!;
    }
  }
  return Math.sqrt(Math.max(independent, independent + shared)) / n;
}

/** For each point i, `members[starts[i] .. starts[i + 1])`: the points that have i among their nearest k. */
function listedBy(table: NeighbourTable, k: number): { starts: Int32Array; members: Int32Array } {
  const { n, indices } = table;
  const starts = new Int32Array(n + 1);
  const eachEdge = (visit: (from: number, to: number) => void): void => {
    for (let i = 0; i < n; i++) for (let p = i * table.k; p < i * table.k + k; p++) visit(i, indices[p]!);
  };
  eachEdge((_, j) => {
    starts[j + 1]!++;
  });
  for (let i = 0; i < n; i++) starts[i + 1]! += starts[i]!;
  const ends = starts.slice(0, n);
  const members = new Int32Array(n * k);
  eachEdge((i, j) => {
    members[ends[j]!++] = i;
  });
  return { starts, members };
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
 * The exact interval of (N - 1) / S, where S is the sum of N independent exponential numbers with rate d: d S has a
 * gamma distribution with shape N.
 */
export function gammaInterval(value: number, n: number, level: number): Interval {
  return gammaQuantiles(n, (n - 1) / value, level);
}

/** The central part of a gamma distribution, with equal probabilities below and above it. */
export function gammaQuantiles(shape: number, rate: number, level: number): Interval {
  const quantile = (p: number): number => jStat.gamma.inv(p, shape, 1) / rate;
  return { lower: quantile((1 - level) / 2), upper: quantile((1 + level) / 2), level };
}

/** Half the width of a normal interval in standard errors: 1.96 at level .95. */
export function reachOf(level: number): number {
  return jStat.normal.inv((1 + level) / 2, 0, 1);
}
