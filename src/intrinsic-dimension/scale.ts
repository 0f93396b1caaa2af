/** The dimension at every scale: noise shows at small distances, curvature and boundaries at large ones. */
import { assertGiven, type Kinds, NUMBER } from '../given';
import { gride } from './estimators/gride';
import {
  type Interval,
  type IntervalOptions,
  levelOf,
  normalInterval,
  sandwichStandardError,
} from './intervals';
import { NoEstimateError } from './no-estimate';
import type { Points } from './points/points';
import { PERIODIC_KINDS, type PeriodicOptions, type Space, space } from './points/space';
import { meanDistance } from './search/neighbour-table';

/** Options of a scale curve: the scales, and what counts as a plateau. */
export interface ScaleOptions extends PeriodicOptions, IntervalOptions {
  /** The farthest neighbour that is used, at most the number of points minus one. @default 128 */
  readonly maxNeighbour?: number;
  /** The largest relative difference between the largest and the smallest value of a plateau. @default 0.1 */
  readonly tolerance?: number;
}

/** The kinds of the options of {@link idScale}. */
const SCALE_KINDS: Kinds<ScaleOptions> = {
  ...PERIODIC_KINDS,
  level: NUMBER,
  maxNeighbour: NUMBER,
  tolerance: NUMBER,
};

/** GRIDE at one scale. */
export interface ScalePoint {
  readonly n1: number;
  readonly n2: number;
  readonly value: number;
  readonly standardError: number;
  readonly interval: Interval;
  /** Mean distance to the n2-th neighbour. */
  readonly scale: number;
}

/** A scale at which the points have no estimate. */
export interface MissingScale {
  readonly n1: number;
  readonly n2: number;
  /** The reason in one line. */
  readonly reason: string;
}

/** The dimension against the scale. */
export interface ScaleCurve {
  readonly curve: readonly ScalePoint[];
  /** The scales without an estimate, such as the smallest ones of rounded values, whose distances are tied. */
  readonly missing: readonly MissingScale[];
  /** The longest run of at least 3 scales, none of them missing, with about the same value; undefined if there is none. */
  readonly plateau?: { readonly from: number; readonly to: number; readonly value: number };
  readonly points: number;
  readonly duplicates: number;
}

/**
 * GRIDE with n1 = 1, 2, 4, ... and n2 = 2 n1 (Denti et al. 2022, section 3.3), all from one search.
 * The plateau's `from` and `to` are indices into the curve, and its value is the mean weighted by precision.
 *
 * @throws NoEstimateError if no scale has an estimate; RangeError for options that are unknown or out of range
 */
export async function idScale(points: Points, options: ScaleOptions = {}): Promise<ScaleCurve> {
  assertGiven('idScale', options, SCALE_KINDS);
  const { maxNeighbour = 128, tolerance = 0.1 } = options;
  levelOf(options);
  if (!(maxNeighbour >= 2)) throw new RangeError(`maxNeighbour must be at least 2, got ${maxNeighbour}`);
  if (!(Number.isInteger(maxNeighbour) || maxNeighbour === Number.POSITIVE_INFINITY))
    throw new RangeError(`maxNeighbour must be a whole number, got ${maxNeighbour}`);
  if (!(tolerance >= 0)) throw new RangeError(`tolerance must be at least 0, got ${tolerance}`);
  return scaleIn(await space(points, options), options);
}

/** The same for points that are already validated. */
export async function scaleIn(set: Space, options: ScaleOptions): Promise<ScaleCurve> {
  const { maxNeighbour = 128, tolerance = 0.1 } = options;
  const level = levelOf(options);
  const orders: number[] = [];
  for (let n1 = 1; 2 * n1 <= Math.min(maxNeighbour, set.n - 1); n1 *= 2) orders.push(n1);
  const table = await set.neighbours(2 * orders.at(-1)!, options);
  const curve: ScalePoint[] = [];
  const missing: MissingScale[] = [];
  for (const n1 of orders) {
    const n2 = 2 * n1;
    try {
      const { value, influences } = gride(table, n1, n2);
      const standardError = sandwichStandardError(influences(), table, n2);
      const interval = normalInterval(value, standardError, level);
      curve.push({ n1, n2, value, standardError, interval, scale: meanDistance(table, n2) });
    } catch (error) {
      const last = n1 === orders.at(-1) && curve.length === 0;
      if (!(error instanceof NoEstimateError) || last) throw error;
      missing.push({ n1, n2, reason: error.reason });
    }
  }
  const plateau = longestPlateau(curve, tolerance);
  return { curve, missing, ...(plateau ? { plateau } : {}), points: set.n, duplicates: set.duplicates };
}

/** The flattest of the longest runs. */
function longestPlateau(curve: readonly ScalePoint[], tolerance: number): ScaleCurve['plateau'] {
  let best: { from: number; to: number; spread: number } | undefined;
  for (let from = 0; from < curve.length; from++) {
    for (let to = from + 1; to < curve.length && curve[to]!.n1 === curve[to - 1]!.n2; to++) {
      if (to < from + 2) continue;
      const values = curve.slice(from, to + 1).map(({ value }) => value);
      const spread = Math.max(...values) / Math.min(...values) - 1;
      if (spread > tolerance) continue;
      const longer = best === undefined ? 1 : to - from - (best.to - best.from);
      if (longer > 0 || (longer === 0 && spread < best!.spread)) best = { from, to, spread };
    }
  }
  if (!best) return undefined;
  const run = curve.slice(best.from, best.to + 1);
  const weights = run.map(({ standardError }) => 1 / standardError ** 2);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const value = run.reduce((sum, point, i) => sum + (weights[i]! * point.value) / total, 0);
  return { from: best.from, to: best.to, value };
}
