/** The method of moments: the dimension from the mean distance to k neighbours. */
import type { NeighbourTable } from '../../search/neighbour-table';
import { defineEstimator } from '../estimator';
import { wholeNumber } from '../options';
import { COMBINE, combined } from './combine';

/** The estimator by the method of moments. */
export const MOM = defineEstimator({
  name: 'mom',
  summary: 'the mean distance to the neighbours of each point, compared with the farthest',
  source: 'Amsaleg et al. 2018, Extreme-value-theoretic estimation of local intrinsic dimensionality',
  options: { k: wholeNumber(2, 100, 'neighbours of each point'), combine: COMBINE },
  with: ({ k, combine }) => ({
    neighbours: k,
    estimate: (table) => combined(momentDimensions(table, k), combine, k),
    pointwise: { neighbours: k, dimensions: (table) => momentDimensions(table, k) },
  }),
});

/** m / (r_k - m) at each point, where m is the mean of r_1 .. r_k: E(r / r_k) = d / (d + 1) in a ball. */
function momentDimensions({ n, k: width, distances }: NeighbourTable, k: number): Float64Array {
  const dimensions = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const [first, last] = [i * width, i * width + k - 1];
    let sum = 0;
    for (let p = first; p <= last; p++) sum += distances[p]!;
    const mean = sum / k;
    const tied = distances[first] === distances[last];
    dimensions[i] = tied ? Number.POSITIVE_INFINITY : mean / (distances[last]! - mean);
  }
  return dimensions;
}
