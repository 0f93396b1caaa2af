/** The binomial estimator: the share of the points in a ball that lie in a smaller ball (Macocco et al. 2023). */
import { NoEstimateError } from '../no-estimate';
import type { NeighbourTable } from '../search/neighbour-table';
import { defineEstimator, type LocalEstimate } from './estimator';
import { positiveNumber, wholeNumber } from './options';

/** The estimator from counts in two balls around each point. */
export const BINOMIAL = defineEstimator({
  name: 'binomial',
  summary: 'counts in two balls around each point, the larger one up to its k-th neighbour',
  source: 'Macocco et al. 2023; Di Noia et al. 2024 (arXiv 2405.15132)',
  options: {
    k: wholeNumber(3, 20, 'neighbours of each point'),
    ratio: {
      ...positiveNumber(0.5, 'ratio of the radii of the two balls'),
      range: () => 'in (0, 1)',
      allows: (value: unknown) => typeof value === 'number' && value > 0 && value < 1,
    },
  },
  with: ({ k, ratio }) => ({ neighbours: k, estimate: (table) => binomial(table, k, ratio) }),
});

/**
 * Of the k - 1 points nearer than the k-th neighbour, n lie within `ratio` times its distance; n is binomial with parameters k - 1
 * and ratio^d. Hence d = log(mean n / (k - 1)) / log ratio. If the points are independent, the standard error is
 * sqrt((ratio^-d - 1) / ((k - 1) N)) / |log ratio|.
 *
 * @throws NoEstimateError when the inner balls hold none or all of the points
 */
function binomial(table: NeighbourTable, k: number, ratio: number): LocalEstimate {
  const { n } = table;
  const inner = innerCounts(table, new Int32Array(n).fill(k), ratio);
  const average = mean(inner);
  const value = Math.log(average / (k - 1)) / Math.log(ratio);
  if (!(value > 0 && Number.isFinite(value))) {
    throw new NoEstimateError(
      `the inner balls of ${n} points hold ${average === 0 ? 'none' : 'all'} of the points in the balls`,
      `choose a ${average === 0 ? 'larger ratio or k' : 'smaller ratio'}`,
    );
  }
  return {
    value,
    influences: () => inner.map((count) => (count / average - 1) / Math.log(ratio)),
    neighbours: k,
    exactStandardError: Math.sqrt((ratio ** -value - 1) / ((k - 1) * n)) / -Math.log(ratio),
  };
}

/**
 * The number of points within `ratio` times the radius of each point's ball.
 *
 * @param balls [points] the neighbour that each ball reaches to
 */
export function innerCounts(
  { k, distances }: NeighbourTable,
  balls: Int32Array,
  ratio: number,
): Float64Array {
  return Float64Array.from(balls, (size, i) => {
    const radius = ratio * distances[i * k + size - 1]!;
    let count = 0;
    while (distances[i * k + count]! < radius) count++;
    return count;
  });
}

/** The mean of values. */
export function mean(values: Float64Array): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
