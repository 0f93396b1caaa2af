/** MiND-ML: maximum likelihood of the ratio of the nearest distance to that of a far neighbour. */
import type { NeighbourTable } from '../search/neighbour-table';
import { defineEstimator, type LocalEstimate } from './estimator';
import { gride } from './gride';
import { flag, wholeNumber } from './options';
import { logRatios } from './ratios';

/** MiND-MLk, or MiND-MLi if a whole number is asked for. */
export const MIND_ML = defineEstimator({
  name: 'mind-ml',
  summary: 'maximum likelihood of the ratio of the nearest distance to that of neighbour k + 1',
  source: 'Rozza et al. 2012, Novel high intrinsic dimensionality estimators',
  options: {
    k: wholeNumber(1, 20, 'neighbours of each point'),
    integer: flag(
      'give the most likely whole number (MiND-MLi) instead of the most likely number (MiND-MLk)',
    ),
  },
  with: ({ k, integer }) => ({
    neighbours: k + 1,
    estimate: (table) => (integer ? wholeDimension(table, k) : gride(table, 1, k + 1)),
  }),
});

/**
 * The likelihood k d rho^(d - 1) (1 - rho^d)^(k - 1) of rho = r_1 / r_(k+1) is that of GRIDE for the neighbours 1 and k + 1.
 * It is concave in d, so the best whole number is next to its maximum. The standard error is that of the maximum.
 */
function wholeDimension(table: NeighbourTable, k: number): LocalEstimate {
  const found = gride(table, 1, k + 1);
  const x = logRatios(table, 1, k + 1);
  const logLikelihood = (d: number): number =>
    x.reduce(
      (sum, xi) => sum + Math.log(d) - d * xi + (k > 1 ? (k - 1) * Math.log(-Math.expm1(-d * xi)) : 0),
      0,
    );
  const below = Math.max(1, Math.floor(found.value));
  const value = logLikelihood(below) >= logLikelihood(below + 1) ? below : below + 1;
  return { ...found, value };
}
