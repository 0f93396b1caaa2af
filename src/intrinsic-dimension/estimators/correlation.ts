/** The correlation dimension: how the number of near pairs grows with the distance. */

import { independentStandardError, normalInterval, sandwichStandardError } from '../intervals';
import { NoEstimateError } from '../no-estimate';
import type { Space } from '../points/space';
import { certifiedShare } from '../search/neighbour-table';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from './estimator';
import { fartherNeighbour, wholeNumber } from './options';

/** The correlation dimension. */
export const CORRELATION = defineEstimator({
  name: 'correlation',
  summary: 'how the number of near pairs of points grows with the distance',
  source: 'Grassberger and Procaccia 1983, equation 5',
  options: {
    k1: wholeNumber(1, 10, 'the neighbour whose median distance is the smaller radius'),
    k2: fartherNeighbour('k1', 'the neighbour whose median distance is the larger radius'),
  },
  with: ({ k1, k2 }) => ({ measure: (points, how) => correlationDimension(points, k1, k2, how) }),
});

/**
 * d = log(C(R2) / C(R1)) / log(R2 / R1), where C(r) is the share of pairs nearer than r, and R1, R2 are the
 * medians of the distances to the k1-th and k2-th neighbour (Grassberger and Procaccia 1983, equation 5).
 */
async function correlationDimension(
  space: Space,
  k1: number,
  k2: number,
  options: HowToEstimate,
): Promise<PointsEstimate> {
  const table = await space.neighbours(k2, options);
  const { n, k, distances } = table;
  const medianOf = (order: number): number =>
    median(Float64Array.from({ length: n }, (_, i) => distances[i * k + order - 1]!));
  const [r1, r2] = [medianOf(k1), medianOf(k2)];
  const [near, far] = (await space.countsWithin([r1, r2], options)) as [Float64Array, Float64Array];
  const meanOf = (counts: Float64Array): number => counts.reduce((sum, each) => sum + each, 0) / n;
  const [c1, c2] = [meanOf(near), meanOf(far)];
  if (!(r2 > r1 && c2 > c1 && c1 > 0)) {
    throw new NoEstimateError(
      `the distances to the neighbours ${k1} and ${k2} are tied, as on a lattice`,
      'choose k1 and k2 further apart',
    );
  }
  const logarithm = Math.log(r2 / r1);
  // The radii depend on the points, too, but they change both parts of the quotient alike.
  const influences = near.map((count, i) => (far[i]! / c2 - count / c1) / logarithm);
  const value = Math.log(c2 / c1) / logarithm;
  const standardError =
    options.interval === 'iid'
      ? independentStandardError(influences)
      : sandwichStandardError(influences, table, k2);
  const interval = normalInterval(value, standardError, options.level);
  return { value, standardError, interval, scale: r2, certified: certifiedShare(table) };
}

function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
