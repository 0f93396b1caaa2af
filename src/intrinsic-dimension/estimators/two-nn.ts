/** TwoNN: the dimension from the ratio of each point's two nearest distances (Facco et al. 2017). */

import type { NeighbourTable } from '../search/neighbour-table';
import type { LocalEstimate } from './local-estimate';
import { assertUntied, logRatios } from './ratios';

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

/** TwoNN by the linear fit, as the paper uses it. */
export function twoNn(table: NeighbourTable, discardFraction: number): LocalEstimate & { fit: TwoNnFit } {
  const logarithms = logRatios(table, 1, 2);
  const fit = fitTwoNn(logarithms, discardFraction);
  return { value: fit.dimension, influences: () => twoNnInfluence(logarithms, fit), neighbours: 2, fit };
}

/**
 * F(mu) = 1 - mu^-d, so -log(1 - F) = d log(mu): least squares through the origin over the first
 * (1 - discardFraction) of the points.
 *
 * @param logarithms log(r2 / r1), in any order
 * @throws RangeError when the ratios are tied, as on a lattice
 */
function fitTwoNn(logarithms: Float64Array, discardFraction: number): TwoNnFit {
  const n = logarithms.length;
  const x = logarithms.slice().sort();
  assertUntied(x);
  // F = 1 has no logarithm, so the last point is never part of the line.
  const kept = Math.min(n - 1, Math.trunc(n * (1 - discardFraction)));
  const y = new Float64Array(kept);
  let xy = 0;
  let xx = 0;
  for (let i = 0; i < kept; i++) {
    y[i] = -Math.log(1 - (i + 1) / n);
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
function twoNnInfluence(logarithms: Float64Array, { x, y, kept, dimension }: TwoNnFit): Float64Array {
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
