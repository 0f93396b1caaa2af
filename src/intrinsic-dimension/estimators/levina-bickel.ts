/** The mean of maximum-likelihood estimates at each point. */
import type { NeighbourTable } from '../search/neighbour-table';
import { defineEstimator, type LocalEstimate } from './estimator';
import { logDistanceSums } from './log-distances';
import { flag, wholeNumber } from './options';

/** Levina and Bickel's estimator. */
export const LEVINA_BICKEL = defineEstimator({
  name: 'levina-bickel',
  summary: 'the mean of maximum-likelihood estimates at each point',
  source: 'Levina and Bickel 2004, equations 8 and 9',
  options: {
    k: wholeNumber(3, 20, 'neighbours of each point'),
    unbiased: flag('divide by k - 2 instead of k - 1, which makes the mean unbiased; not as published'),
  },
  with: ({ k, unbiased }) => ({ neighbours: k, estimate: (table) => levinaBickel(table, k, unbiased) }),
});

/** The mean over points of the dimension at each (Levina and Bickel 2004, equations 8 and 9). */
function levinaBickel(table: NeighbourTable, k: number, unbiased: boolean): LocalEstimate {
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
  return logDistanceSums(table, k, 0).map((sum) => factor / sum);
}
