/** The correlation dimension: how the number of near pairs grows with the distance. */

import type { Space } from '../points/space';
import type { NeighbourTable } from '../search/neighbour-table';
import type { SearchOptions } from '../search/neighbours';
import type { LocalEstimate } from './local-estimate';

/** The estimate, and the table of neighbours that it rests on. */
export interface CorrelationEstimate extends LocalEstimate {
  readonly table: NeighbourTable;
  /** R2, the larger of the two distances. */
  readonly scale: number;
}

/**
 * d = log(C(R2) / C(R1)) / log(R2 / R1), where C(r) is the share of pairs nearer than r, and R1, R2 are the
 * medians of the distances to the k1-th and k2-th neighbour (Grassberger and Procaccia 1983, equation 5).
 */
export async function correlationDimension(
  space: Space,
  k1: number,
  k2: number,
  options: SearchOptions,
): Promise<CorrelationEstimate> {
  const table = await space.neighbours(k2, options);
  const { n, k, distances } = table;
  const medianOf = (order: number): number =>
    median(Float64Array.from({ length: n }, (_, i) => distances[i * k + order - 1]!));
  const [r1, r2] = [medianOf(k1), medianOf(k2)];
  const [near, far] = (await space.countsWithin([r1, r2], options)) as [Float64Array, Float64Array];
  const meanOf = (counts: Float64Array): number => counts.reduce((sum, each) => sum + each, 0) / n;
  const [c1, c2] = [meanOf(near), meanOf(far)];
  if (!(r2 > r1 && c2 > c1 && c1 > 0)) {
    throw new RangeError(
      `the distances to the neighbours ${k1} and ${k2} are tied, as on a lattice: choose k1 and k2 further apart`,
    );
  }
  const logarithm = Math.log(r2 / r1);
  // The radii depend on the points, too, but move both parts of the quotient alike.
  const influences = () => near.map((count, i) => (far[i]! / c2 - count / c1) / logarithm);
  return { value: Math.log(c2 / c1) / logarithm, influences, neighbours: k2, scale: r2, table };
}

function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
