/** A set of points whose neighbours are found already, so that every estimator of a report reads one table. */
import type { Space } from '../points/space';
import type { NeighbourTable } from '../search/neighbour-table';

/** The set, with a table that answers every search for no more neighbours than it holds. */
export function withTable(set: Space, table: NeighbourTable): Space {
  return {
    ...set,
    neighbours: async (k, options, depth) =>
      k <= table.k && !depth ? table : set.neighbours(k, options, depth),
  };
}

/** The median distance to the `order`-th neighbour, which a few far points do not move. */
export function medianDistance({ n, k, distances }: NeighbourTable, order: number): number {
  const sorted = Float64Array.from({ length: n }, (_, i) => distances[i * k + order - 1]!).sort();
  return (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2;
}
