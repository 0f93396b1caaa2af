/** Levina and Bickel's estimator: the mean of the maximum-likelihood estimates at all points. */
import type { NeighbourTable } from '../search/neighbour-table';
import { defineEstimator } from './estimator';
import { logDistanceSums } from './log-distances';
import { flag, wholeNumber } from './options';
import { COMBINE, combined } from './pointwise/combine';

/** Levina and Bickel's estimator. */
export const LEVINA_BICKEL = defineEstimator({
  name: 'levina-bickel',
  summary: 'the mean of the maximum-likelihood estimates at all points',
  source: 'Levina and Bickel 2004, equations 8 and 9',
  options: {
    k: wholeNumber(3, 20, 'neighbours of each point'),
    unbiased: flag('use k - 2 instead of k - 1, which makes the mean unbiased but differs from the paper'),
    combine: COMBINE,
  },
  with: ({ k, unbiased, combine }) => {
    const dimensions = (table: NeighbourTable): Float64Array => pointwiseDimensions(table, k, unbiased);
    return {
      neighbours: k,
      estimate: (table) => combined(dimensions(table), combine, k),
      pointwise: { neighbours: k, dimensions },
    };
  },
});

/**
 * The dimension at each point, (k - 1) / sum over j < k of log(r_k / r_j) (Levina and Bickel 2004, equation 8).
 *
 * @param unbiased uses k - 2 in place of k - 1; otherwise the mean is too large by the factor (k - 1) / (k - 2), 12 % at k = 10
 */
function pointwiseDimensions(table: NeighbourTable, k: number, unbiased: boolean): Float64Array {
  const factor = unbiased ? k - 2 : k - 1;
  return logDistanceSums(table, k, 1 / 4).map((sum) => factor / sum);
}
