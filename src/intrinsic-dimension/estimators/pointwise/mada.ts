/** Manifold-adaptive dimension estimation: the dimension from how much farther away twice as many neighbours are. */
import type { NeighbourTable } from '../../search/neighbour-table';
import { defineEstimator } from '../estimator';
import { wholeNumber } from '../options';
import { COMBINE, combined } from './combine';

/** The estimator by manifold-adaptive dimension estimation. */
export const MADA = defineEstimator({
  name: 'mada',
  summary: 'how much farther away the k-th neighbour of each point is than the (k/2)-th',
  source: 'Farahmand et al. 2007, Manifold-adaptive dimension estimation',
  options: { k: wholeNumber(2, 20, 'neighbours of each point'), combine: COMBINE },
  with: ({ k, combine }) => ({
    neighbours: k,
    estimate: (table) => combined(adaptiveDimensions(table, k), combine, k),
    pointwise: { neighbours: k, dimensions: (table) => adaptiveDimensions(table, k) },
  }),
});

/** log 2 / log(r_k / r_(k/2)) at each point, where k / 2 is rounded down. */
function adaptiveDimensions({ n, k: width, distances }: NeighbourTable, k: number): Float64Array {
  const half = Math.floor(k / 2);
  return Float64Array.from(
    { length: n },
    (_, i) => Math.LN2 / Math.log(distances[i * width + k - 1]! / distances[i * width + half - 1]!),
  );
}
