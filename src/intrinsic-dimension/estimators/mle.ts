/** Maximum likelihood from neighbour distances: TwoNN's, MacKay and Ghahramani's, Levina and Bickel's. */

import type { NeighbourTable } from '../search/neighbour-table';
import type { LocalEstimate } from './local-estimate';
import { assertUntied, logRatios } from './ratios';

/**
 * TwoNN by maximum likelihood: x = log(r2 / r1) is exponential with rate d (Facco et al. 2017).
 * Without discarding, d = (N - 1) / sum x, the unbiased form. Otherwise the largest ratios are censored, not cut:
 * d = (n - 1) / (sum of the n smallest x + (N - n) x_n), since cutting alone biases by up to a third.
 *
 * @param discardFraction share of the largest ratios that only count as "larger than x_n"
 */
export function twoNnMle(table: NeighbourTable, discardFraction: number): LocalEstimate {
  const x = logRatios(table, 1, 2);
  assertUntied(x);
  const n = x.length;
  const kept = Math.trunc(n * (1 - discardFraction));
  if (kept < 2)
    throw new RangeError(`${kept} of ${n} points are too few: give more, or a smaller discardFraction`);
  const limit = x.slice().sort()[kept - 1]!;
  let sum = 0;
  for (const value of x) sum += Math.min(value, limit);
  const value = (kept - 1) / sum;
  // The score of a point is 1/d - x where x was seen, -limit where it is only known to be larger.
  const influences = () =>
    x.map((xi) => (n / kept) * value * ((xi <= limit ? 1 : 0) - value * Math.min(xi, limit)));
  return { value, influences, neighbours: 2 };
}

/**
 * d = N (k - 1) / sum over points and j < k of log(r_k / r_j): the likelihood of all points at once
 * (MacKay and Ghahramani 2005).
 */
export function mackayGhahramani(table: NeighbourTable, k: number): LocalEstimate {
  const sums = logDistanceSums(table, k);
  assertFewTied(sums, k, 1 / 4);
  const value = (sums.length * (k - 1)) / sums.reduce((total, sum) => total + sum, 0);
  const influences = () => sums.map((sum) => value * (1 - (value * sum) / (k - 1)));
  return { value, influences, neighbours: k };
}

/** The mean over points of the dimension at each (Levina and Bickel 2004, equations 8 and 9). */
export function levinaBickel(table: NeighbourTable, k: number, unbiased: boolean): LocalEstimate {
  const values = pointwiseDimensions(table, k, unbiased);
  const value = values.reduce((total, each) => total + each, 0) / values.length;
  return { value, influences: () => values.map((each) => each - value), neighbours: k };
}

/**
 * The dimension at each point, (k - 1) / sum over j < k of log(r_k / r_j) (Levina and Bickel 2004, equation 8).
 *
 * @param unbiased k - 2 for k - 1: without it the mean is (k - 1) / (k - 2) too large, 12 % at k = 10
 */
export function pointwiseDimensions(table: NeighbourTable, k: number, unbiased: boolean): Float64Array {
  const factor = unbiased ? k - 2 : k - 1;
  const sums = logDistanceSums(table, k);
  assertFewTied(sums, k, 0);
  return sums.map((sum) => factor / sum);
}

/** Sum over j < k of log(r_k / r_j) of each point. */
function logDistanceSums({ n, k: width, distances }: NeighbourTable, k: number): Float64Array {
  const sums = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const last = distances[i * width + k - 1]!;
    for (let p = i * width; p < i * width + k - 1; p++) sums[i]! += Math.log(last / distances[p]!);
  }
  return sums;
}

/** @throws RangeError when a larger share of the points has the k nearest neighbours all at one distance */
function assertFewTied(sums: Float64Array, k: number, share: number): void {
  const n = sums.length;
  const tied = sums.reduce((count, sum) => count + (sum === 0 ? 1 : 0), 0);
  if (tied <= share * n) return;
  throw new RangeError(
    `${tied} of ${n} points have their ${k} nearest neighbours all at the same distance, as on a lattice: ` +
      'the likelihood needs points without ties; use a larger k, or add a little noise',
  );
}
