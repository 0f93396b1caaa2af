/** The binomial estimator: the share of the points in a ball that lie in a smaller ball (Macocco et al. 2023). */
import { NoEstimateError } from '../no-estimate';
import type { NeighbourTable } from '../search/neighbour-table';
import { defineEstimator, type LocalEstimate } from './estimator';
import { flag, openShare, wholeNumber } from './options';

/** The estimator from counts in two balls around each point. */
export const BINOMIAL = defineEstimator({
  name: 'binomial',
  summary: 'counts in two balls around each point, the larger one up to its k-th neighbour',
  source: 'Macocco et al. 2023; Di Noia et al. 2024 (arXiv 2405.15132)',
  options: {
    k: wholeNumber(3, 20, 'neighbours of each point'),
    ratio: openShare(0.5, 'ratio of the radii of the two balls'),
    posterior: flag(
      'take the mean of the posterior under a flat prior of ratio^d in place of the most likely value',
    ),
  },
  with: ({ k, ratio, posterior }) => ({
    neighbours: k,
    estimate: (table) => binomial(table, k, ratio, posterior),
  }),
});

/**
 * Of the k - 1 points nearer than the k-th neighbour, n lie within `ratio` times its distance; n is binomial with parameters k - 1
 * and ratio^d. Hence d = log(mean n / (k - 1)) / log ratio. If the points are independent, the standard error is
 * sqrt((ratio^-d - 1) / ((k - 1) N)) / |log ratio|. Under a flat prior ratio^d has the posterior Beta(1 + sum n, 1 + sum (k - 1 - n)), hence d the mean and the error of its logarithm.
 *
 * @throws NoEstimateError when the inner balls hold none or all of the points
 */
function binomial(table: NeighbourTable, k: number, ratio: number, posterior: boolean): LocalEstimate {
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
  const influences = (): Float64Array => inner.map((count) => (count / average - 1) / Math.log(ratio));
  if (posterior) {
    const { mean: logarithm, deviation } = logarithmOfShare(Math.round(average * n), (k - 1) * n);
    const exactStandardError = deviation / -Math.log(ratio);
    return { value: logarithm / Math.log(ratio), influences, neighbours: k, exactStandardError };
  }
  const exactStandardError = Math.sqrt((ratio ** -value - 1) / ((k - 1) * n)) / -Math.log(ratio);
  return { value, influences, neighbours: k, exactStandardError };
}

/**
 * The logarithm of a share under Beta(1 + inside, 1 + all - inside): the mean digamma(a) - digamma(a + b), and the deviation by trigamma, which for
 * whole a and b are finite sums.
 */
function logarithmOfShare(
  inside: number,
  all: number,
): { readonly mean: number; readonly deviation: number } {
  let mean = 0;
  let variance = 0;
  for (let j = all + 1; j > inside; j--) {
    mean -= 1 / j;
    variance += 1 / j ** 2;
  }
  return { mean, deviation: Math.sqrt(variance) };
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
export function mean(values: Float64Array | Int32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
