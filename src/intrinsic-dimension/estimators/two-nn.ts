/** TwoNN: the dimension from the ratio of each point's two nearest distances (Facco et al. 2017). */

import { NoEstimateError } from '../no-estimate';
import type { NeighbourTable } from '../search/neighbour-table';
import { defineEstimator, type LinearFit, type LocalEstimate } from './estimator';
import { flag, share } from './options';
import { assertUntied, keptRatios, logRatios } from './ratios';

/** The estimator TwoNN by the linear fit of the paper. */
export const TWO_NN = defineEstimator({
  name: 'two-nn',
  summary: "TwoNN by the paper's linear fit, from the two nearest neighbours",
  source: 'Facco et al. 2017',
  options: {
    discardFraction: share('[0, 1)', 0.1, 'share of the ratios, the largest ones, that the fit leaves out'),
    fit: flag('return the fitted line as well, for a figure'),
  },
  with: ({ discardFraction, fit }) => ({
    neighbours: 2,
    estimate: (table) => twoNn(table, discardFraction, fit),
  }),
});

function twoNn(table: NeighbourTable, discardFraction: number, withFit: boolean): LocalEstimate {
  const logarithms = logRatios(table, 1, 2);
  const fit = fitTwoNn(logarithms, keptRatios(table, discardFraction, 1));
  const influences = () => twoNnInfluence(logarithms, fit);
  return { value: fit.dimension, influences, neighbours: 2, ...(withFit ? { fit } : {}) };
}

/**
 * F(mu) = 1 - mu^-d, so -log(1 - F) = d log(mu), which is fitted by least squares through the origin to the smallest ratios.
 *
 * @param logarithms log(r2 / r1), in any order
 * @param smallest the number of smallest ratios that the line is fitted to
 * @returns x: log(r2 / r1), in rising order; y: -log(1 - F) of the points that were kept, where F = i / N
 * @throws NoEstimateError when the ratios are tied, as on a lattice
 */
export function fitTwoNn(logarithms: Float64Array, smallest: number): LinearFit {
  const n = logarithms.length;
  const x = logarithms.slice().sort();
  assertUntied(x);
  // The last point is never part of the line, since log(1 - F) does not exist for F = 1.
  const kept = Math.min(n - 1, smallest);
  const y = new Float64Array(kept);
  let xy = 0;
  let xx = 0;
  for (let i = 0; i < kept; i++) {
    y[i] = -Math.log(1 - (i + 1) / n);
    xy += x[i]! * y[i]!;
    xx += x[i]! * x[i]!;
  }
  if (!(xx > 0))
    throw new NoEstimateError(
      `the ${kept} smallest ratios of ${n} points are all tied, as on a lattice`,
      'choose a smaller discardFraction, or add a little noise',
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
 * @param logarithms log(r2 / r1), in the order of the points
 */
function twoNnInfluence(logarithms: Float64Array, { x, y, kept, dimension }: LinearFit): Float64Array {
  const n = logarithms.length;
  // above[m] is the integral from the m-th value to q; the F(z) terms add up to the mean.
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
