/** TwoNN by maximum likelihood. */

import { gammaInterval } from '../intervals';
import type { NeighbourTable } from '../search/neighbour-table';
import { defineEstimator, type LocalEstimate } from './estimator';
import { share } from './options';
import { assertUntied, keptRatios, logRatios } from './ratios';

/** The estimator TwoNN by maximum likelihood. */
export const TWO_NN_MLE = defineEstimator({
  name: 'two-nn-mle',
  summary: 'TwoNN by maximum likelihood, with the largest ratios censored',
  source: 'Facco et al. 2017',
  options: {
    discardFraction: share('[0, 1)', 0, 'share of the ratios, the largest ones, that are censored'),
  },
  with: ({ discardFraction }) => ({ neighbours: 2, estimate: (table) => twoNnMle(table, discardFraction) }),
});

/**
 * TwoNN by maximum likelihood: x = log(r2 / r1) is exponential with rate d (Facco et al. 2017).
 * Without discarding, d = (N - 1) / sum x, which is unbiased. Otherwise, the largest ratios are censored, not removed:
 * d = (n - 1) / (sum of the n smallest x + (N - n) x_n), since removing them would bias the estimate by up to a third.
 *
 * @param discardFraction share of the ratios, the largest ones, of which only "larger than x_n" is used
 */
function twoNnMle(table: NeighbourTable, discardFraction: number): LocalEstimate {
  const x = logRatios(table, 1, 2);
  assertUntied(x);
  const n = x.length;
  const kept = keptRatios(table, discardFraction, 2);
  const limit = x.slice().sort()[kept - 1]!;
  let sum = 0;
  for (const value of x) sum += Math.min(value, limit);
  const value = (kept - 1) / sum;
  // The score of a point is 1/d - x if x was observed, and -limit if x is only known to be larger.
  const influences = () =>
    x.map((xi) => (n / kept) * value * ((xi <= limit ? 1 : 0) - value * Math.min(xi, limit)));
  const estimate = { value, influences, neighbours: 2 };
  return kept < n ? estimate : { ...estimate, exactInterval: (level) => gammaInterval(value, n, level) };
}
