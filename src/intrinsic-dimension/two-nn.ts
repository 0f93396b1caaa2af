/** TwoNN: the dimension from the ratio of each point's two nearest distances (Facco et al. 2017). */
import { mulberry32, streamSeed } from '../runtime/random';
import { type NeighbourTable, squaredDistance } from './neighbours';
import type { Rows } from './points';

/** The straight line that TwoNN fits: y = dimension * x through the origin. */
export interface TwoNnFit {
  readonly dimension: number;
  /** log(r2 / r1) of all points, rising. */
  readonly x: Float64Array;
  /** -log(1 - F) of the points that were kept; F = i / N. */
  readonly y: Float64Array;
  /** How many points the fit used: the first (1 - discardFraction) N. */
  readonly kept: number;
}

/** Random subsamples without replacement. */
export interface SubsampleOptions {
  /** @default 20 */
  readonly count?: number;
  /** Share of the points in each. @default 0.9 */
  readonly fraction?: number;
  /** @default 0 */
  readonly seed?: number;
}

/** Estimates on random subsamples. */
export interface Subsamples {
  readonly mean: number;
  /** Over the subsamples, with n in the denominator, as numpy's std. */
  readonly standardDeviation: number;
  readonly values: readonly number[];
}

/** Neighbours that the table must hold for subsamples: 12 leave a point with fewer than two about once in 10^10. */
export const SUBSAMPLE_NEIGHBOURS = 12;

/** log(r2 / r1) below this is a tie: a lattice of float32 numbers is even to about 1e-6. */
const TIE = 4e-6;

/** log(r2 / r1) of every point, in the points' order. */
export function logMu({ n, k, distances }: NeighbourTable): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => Math.log(distances[i * k + 1]! / distances[i * k]!));
}

/**
 * F(mu) = 1 - mu^-d, so -log(1 - F) = d log(mu): least squares through the origin over the first
 * (1 - discardFraction) of the points.
 *
 * @param logarithms log(r2 / r1), in any order
 * @throws RangeError when the ratios are tied, as on a lattice
 */
export function fitTwoNn(logarithms: Float64Array, discardFraction: number): TwoNnFit {
  const n = logarithms.length;
  const x = logarithms.slice().sort();
  const untied = x.findIndex((value) => value > TIE);
  const ties = untied < 0 ? n : untied;
  if (4 * ties > n) {
    throw new RangeError(
      `${ties} of ${n} points have two nearest neighbours at the same distance, as on a lattice or among ` +
        'rounded values: TwoNN needs points without ties; add a little noise, or use another estimator',
    );
  }
  // F = 1 has no logarithm, so the last point is never part of the line.
  const kept = Math.min(n - 1, Math.trunc(n * (1 - discardFraction)));
  const y = Float64Array.from({ length: kept }, (_, i) => -Math.log(1 - (i + 1) / n));
  let xy = 0;
  let xx = 0;
  for (let i = 0; i < kept; i++) {
    xy += x[i]! * y[i]!;
    xx += x[i]! * x[i]!;
  }
  if (!(xx > 0))
    throw new RangeError(
      `${kept} of ${n} points are too few for a fit: give more, or a smaller discardFraction`,
    );
  return { dimension: xy / xx, x, y, kept };
}

/**
 * How far each point moves the fitted dimension, times N: the influence function of the ratio A / B of the two
 * sums of the fit, which are L-statistics (Huber and Ronchetti, Robust Statistics, section 3.3). With
 * J(F) = -log(1 - F) and x in rising order,
 *
 *   IF_A(x) = -integral over z < q of (1{x <= z} - F(z)) J(F(z)) dz,  IF_B(x) the same with 2z for J,
 *
 * where q is the largest value kept, and the whole is (IF_A - d IF_B) / B.
 *
 * @param logarithms log(r2 / r1), in the points' order
 */
export function twoNnInfluence(logarithms: Float64Array, { x, y, kept, dimension }: TwoNnFit): Float64Array {
  const n = logarithms.length;
  // above[m]: the integral from the m-th value to q; the mean is what the F(z) terms add up to
  const above = new Float64Array(n);
  let mean = 0;
  let sumOfSquares = 0;
  for (let i = kept - 2; i >= 0; i--) {
    const step = y[i]! * (x[i + 1]! - x[i]!) - dimension * (x[i + 1]! ** 2 - x[i]! ** 2);
    above[i] = above[i + 1]! + step;
    mean += ((i + 1) / n) * step;
  }
  for (let i = 0; i < kept; i++) sumOfSquares += x[i]! ** 2 / n;
  const order = Array.from(logarithms.keys()).sort((a, b) => logarithms[a]! - logarithms[b]!);
  const influence = new Float64Array(n);
  order.forEach((point, rank) => {
    influence[point] = (mean - above[rank]!) / sumOfSquares;
  });
  return influence;
}

/** TwoNN on random subsamples, all from the one table of the full set. */
export function subsampleTwoNn(
  rows: Rows,
  table: NeighbourTable,
  discardFraction: number,
  { count = 20, fraction = 0.9, seed = 0 }: SubsampleOptions = {},
): Subsamples {
  const { n, k, indices, distances } = table;
  const size = Math.trunc(n * fraction);
  if (size < 3)
    throw new RangeError(`a subsample of ${fraction} of ${n} points has ${size}: it needs at least 3`);
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const member = new Uint8Array(n);
  const values: number[] = [];
  for (let s = 0; s < count; s++) {
    const uniform = mulberry32(streamSeed(seed, s));
    member.fill(0);
    for (let i = 0; i < size; i++) {
      const j = i + Math.floor(uniform() * (n - i));
      [order[i], order[j]] = [order[j]!, order[i]!];
      member[order[i]!] = 1;
    }
    const logarithms = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const point = order[i]!;
      let first = 0;
      let second = 0;
      for (let p = point * k; p < (point + 1) * k; p++) {
        if (!member[indices[p]!]) continue;
        if (first === 0) first = distances[p]!;
        else {
          second = distances[p]!;
          break;
        }
      }
      logarithms[i] = second > 0 ? Math.log(second / first) : measuredLogMu(rows, member, point);
    }
    values.push(fitTwoNn(logarithms, discardFraction).dimension);
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
  return { mean, standardDeviation: Math.sqrt(variance), values };
}

/** For the rare point with fewer than two members among its neighbours: search all members. */
function measuredLogMu(rows: Rows, member: Uint8Array, i: number): number {
  let first = Number.POSITIVE_INFINITY;
  let second = Number.POSITIVE_INFINITY;
  for (let j = 0; j < rows.n; j++) {
    if (j === i || !member[j]) continue;
    const squared = squaredDistance(rows, i, j);
    if (squared < first) [first, second] = [squared, first];
    else if (squared < second) second = squared;
  }
  return 0.5 * Math.log(second / first);
}
