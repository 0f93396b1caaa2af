/** TwoNN: the dimension from the ratio of each point's two nearest distances (Facco et al. 2017). */
import { mulberry32, streamSeed } from '../runtime/random';
import type { NeighbourTable } from './neighbours';
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
  const tied = x.findIndex((value) => value > 0);
  const ties = tied < 0 ? n : tied;
  if (2 * ties > n) {
    throw new RangeError(
      `${ties} of ${n} points have two nearest neighbours at exactly the same distance, as on a lattice or among ` +
        'rounded values: TwoNN needs points without ties; add a little noise, or use another estimator',
    );
  }
  const kept = Math.trunc(n * (1 - discardFraction));
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
function measuredLogMu({ data, n, d }: Rows, member: Uint8Array, i: number): number {
  let first = Number.POSITIVE_INFINITY;
  let second = Number.POSITIVE_INFINITY;
  for (let j = 0; j < n; j++) {
    if (j === i || !member[j]) continue;
    let sum = 0;
    for (let c = 0; c < d; c++) sum += (data[i * d + c]! - data[j * d + c]!) ** 2;
    if (sum < first) [first, second] = [sum, first];
    else if (sum < second) second = sum;
  }
  return 0.5 * Math.log(second / first);
}
