/** GRIDE with as many neighbours of each point as have a constant density around them (Di Noia et al. 2024). */
import type { NeighbourTable } from '../search/neighbour-table';
import { ADAPTIVE, ballSizes } from './abide';
import { defineEstimator, type LocalEstimate } from './estimator';
import { GRIDE, type GrideVariant, gride } from './gride';
import { keptRatios, logRatios } from './ratios';
import { fitTwoNn } from './two-nn';

/** GRIDE in adaptive neighbourhoods. */
export const ADAPTIVE_GRIDE = defineEstimator({
  name: 'adaptive-gride',
  summary: 'gride at the edge and the middle of balls that reach as far as the density is constant',
  source: 'Denti et al. 2022, equation 11, with the balls of Di Noia et al. 2024 (arXiv 2405.15132)',
  options: { ...ADAPTIVE, finite: GRIDE.options.finite, filter: GRIDE.options.filter },
  with: ({ maxk, significance, iterations, ...variant }) => ({
    neighbours: maxk,
    estimate: (table) => adaptiveGride(table, { maxk, significance, iterations }, variant),
  }),
});

/**
 * With k_i points in a ball around point i, n2 is k_i, rounded up to an even number, and n1 is half of it. The balls follow from d, and d
 * from the balls, in turns, from TwoNN's line on, as for ABIDE.
 */
function adaptiveGride(
  table: NeighbourTable,
  { maxk, significance, iterations }: { readonly maxk: number; significance: number; iterations: number },
  variant: GrideVariant,
): LocalEstimate {
  let { dimension } = fitTwoNn(logRatios(table, 1, 2), keptRatios(table, 0.1, 1));
  for (let iteration = 1; ; iteration++) {
    const nearer = ballSizes(table, maxk, dimension, significance).map((size) => Math.ceil(size / 2));
    const estimate = gride(
      table,
      nearer,
      nearer.map((order) => 2 * order),
      variant,
    );
    if (iteration === iterations) return estimate;
    dimension = estimate.value;
  }
}
