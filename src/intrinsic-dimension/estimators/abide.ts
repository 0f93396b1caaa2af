/** ABIDE: the dimension from neighbourhoods that are as large as the density in them is constant (Di Noia et al. 2024). */
import { reachOf } from '../intervals';
import { NoEstimateError } from '../no-estimate';
import type { NeighbourTable } from '../search/neighbour-table';
import { innerCounts, mean } from './binomial';
import { defineEstimator, type LocalEstimate } from './estimator';
import { share, wholeNumber } from './options';
import { keptRatios, logRatios } from './ratios';
import { fitTwoNn } from './two-nn';

/** The options of estimators whose balls reach as far as the density is constant. */
export const ADAPTIVE = {
  maxk: wholeNumber(6, 100, 'upper limit on the neighbours of a point: those in its ball, and one more'),
  significance: share(
    '(0, 1]',
    1e-6,
    'significance level of the test for different densities, which limits a ball',
  ),
  iterations: wholeNumber(1, 5, 'how often the balls and the dimension are computed from each other'),
};

/** The estimator with adaptive neighbourhoods. */
export const ABIDE = defineEstimator({
  name: 'abide',
  summary: 'counts in two balls around each point, which reach as far as the density is constant',
  source: 'Di Noia et al. 2024 (arXiv 2405.15132)',
  options: ADAPTIVE,
  with: ({ maxk, significance, iterations }) => ({
    neighbours: maxk,
    estimate: (table) => abide(table, maxk, significance, iterations),
  }),
});

/** Largest ratio of the two radii. */
const LARGEST_RATIO = 0.975;
/** The value of ratio^d that minimises the error (Macocco et al. 2023). */
const BEST_SHARE = 0.2032;

/**
 * With k_i points in a ball around point i, and n_i of them within r times its radius, n_i is binomial with parameters k_i - 1
 * and r^d, so that d = log(mean n / mean (k - 1)) / log r. Starting with TwoNN's linear fit, the balls are computed from d (k* of
 * Rodriguez et al. 2018), and then d from the balls, alternately. The error is smallest for r = min(.975, .2032^(1/d)).
 *
 * @throws NoEstimateError for ties, and when no point has a neighbour in the inner ball
 */
function abide(table: NeighbourTable, maxk: number, significance: number, iterations: number): LocalEstimate {
  let value = fitTwoNn(logRatios(table, 1, 2), keptRatios(table, 0.1, 1)).dimension;
  let balls = ballSizes(table, maxk, value, significance);
  let inner: Float64Array = new Float64Array(table.n);
  let outer = inner;
  let ratio = 1;
  for (let iteration = 0; iteration < iterations; iteration++) {
    ratio = Math.min(LARGEST_RATIO, BEST_SHARE ** (1 / value));
    outer = Float64Array.from(balls, (k) => k - 1);
    inner = innerCounts(table, balls, ratio);
    value = Math.log(mean(inner) / mean(outer)) / Math.log(ratio);
    if (!(value > 0 && Number.isFinite(value))) {
      throw new NoEstimateError(
        `the inner balls of ${table.n} points hold none or all of the points in their balls, as on a lattice`,
        'give more points, or add a little noise',
      );
    }
    balls = iteration + 1 < iterations ? ballSizes(table, maxk, value, significance) : balls;
  }
  const influences = (): Float64Array => {
    const [n, k] = [mean(inner), mean(outer)];
    return inner.map((count, i) => (count / n - outer[i]! / k) / Math.log(ratio));
  };
  return { value, influences, neighbours: Math.round(mean(outer)) + 1 };
}

/**
 * The number of neighbours of each point in its ball. The ball grows as long as a likelihood-ratio test, on balls with equal
 * numbers of points, finds no difference between the density at the point and that at its next neighbour.
 */
export function ballSizes(
  { n, k, distances, indices }: NeighbourTable,
  maxk: number,
  d: number,
  significance: number,
): Int32Array {
  const threshold = reachOf(1 - significance) ** 2;
  return Int32Array.from({ length: n }, (_, i) => {
    let next = 4;
    for (; next < maxk; next++) {
      const size = next - 1;
      const other = indices[i * k + next - 1]!;
      // log of the ratio of the two balls' volumes
      const apart = d * Math.log(distances[i * k + size - 1]! / distances[other * k + size - 1]!);
      if (4 * size * Math.log(Math.cosh(apart / 2)) > threshold) break;
    }
    return next - 1;
  });
}
