/** A set of points whose neighbours are already known, so that every estimator of a report reads the same table. */
import type { Space } from '../points/space';
import type { NeighbourTable } from '../search/neighbour-table';

/** The set with a table that answers every search for as many neighbours as it holds, or fewer. */
export function withTable(set: Space, table: NeighbourTable): Space {
  return {
    ...set,
    neighbours: async (k, options, depth) =>
      k <= table.k && !depth ? table : set.neighbours(k, options, depth),
  };
}

/** The median distance to the `order`-th neighbour, which a few far points do not change. */
export function medianDistance({ n, k, distances }: NeighbourTable, order: number): number {
  const sorted = Float64Array.from({ length: n }, (_, i) => distances[i * k + order - 1]!).sort();
  return (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2;
}
