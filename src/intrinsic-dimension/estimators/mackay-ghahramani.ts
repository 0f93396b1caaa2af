/** Maximum likelihood of all points at once, from k neighbours of each. */
import type { NeighbourTable } from '../search/neighbour-table';
import { defineEstimator, type LocalEstimate } from './estimator';
import { logDistanceSums } from './log-distances';
import { wholeNumber } from './options';

/** MacKay and Ghahramani's estimator. */
export const MACKAY_GHAHRAMANI = defineEstimator({
  name: 'mackay-ghahramani',
  summary: 'maximum likelihood of all points at once, from k neighbours of each',
  source: 'MacKay and Ghahramani 2005',
  options: { k: wholeNumber(2, 20, 'neighbours of each point') },
  with: ({ k }) => ({ neighbours: k, estimate: (table) => mackayGhahramani(table, k) }),
});

/**
 * d = N (k - 1) / sum over points and j < k of log(r_k / r_j): the likelihood of all points at once
 * (MacKay and Ghahramani 2005).
 */
function mackayGhahramani(table: NeighbourTable, k: number): LocalEstimate {
  const sums = logDistanceSums(table, k, 1 / 4);
  const value = (sums.length * (k - 1)) / sums.reduce((total, sum) => total + sum, 0);
  const influences = () => sums.map((sum) => value * (1 - (value * sum) / (k - 1)));
  return { value, influences, neighbours: k };
}
