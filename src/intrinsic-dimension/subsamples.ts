/** Estimates on random subsamples, all from the one table of the full set. */
import { mulberry32, streamSeed } from '../runtime/random';
import type { NeighbourTable } from './neighbours';
import type { Space } from './space';

/** Random subsamples without replacement. */
export interface SubsampleOptions {
  /** @default 20 */
  readonly count?: number;
  /** Share of the points in each. @default 0.9 */
  readonly fraction?: number;
  /** @default 0 */
  readonly seed?: number;
}

/** Estimates on random subsamples. */
export interface Subsamples {
  readonly mean: number;
  /** Over the subsamples, with n in the denominator, as numpy's std. */
  readonly standardDeviation: number;
  readonly values: readonly number[];
}

/**
 * Neighbours that the table of the full set must hold so that k of them are in a subsample: for k = 2 and 90 %,
 * 12 leave a point short once in 10^10. The rare point that is short is measured against all members.
 */
export function neighboursForSubsamples(k: number, { fraction = 0.9 }: SubsampleOptions): number {
  return Math.ceil(k / fraction + 6 * Math.sqrt(k * (1 - fraction)) + 7);
}

/** Runs an estimator that needs `k` neighbours on each subsample. */
export function estimateSubsamples(
  space: Space,
  table: NeighbourTable,
  k: number,
  estimate: (table: NeighbourTable) => number,
  { count = 20, fraction = 0.9, seed = 0 }: SubsampleOptions = {},
): Subsamples {
  const { n } = table;
  const size = Math.trunc(n * fraction);
  if (!(size > Math.max(k, 2) && size <= n)) {
    throw new RangeError(
      `a subsample of ${fraction} of ${n} points has ${size}: it needs ${Math.max(k, 2) + 1} to ${n}`,
    );
  }
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const values: number[] = [];
  for (let s = 0; s < count; s++) {
    const uniform = mulberry32(streamSeed(seed, s));
    for (let i = 0; i < size; i++) {
      const j = i + Math.floor(uniform() * (n - i));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    values.push(estimate(tableOfMembers(space, table, k, order.subarray(0, size))));
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
  return { mean, standardDeviation: Math.sqrt(variance), values };
}

/** The table of a subset: the first k members among each member's neighbours. */
function tableOfMembers(space: Space, full: NeighbourTable, k: number, members: Int32Array): NeighbourTable {
  const n = members.length;
  const rank = new Int32Array(full.n).fill(-1);
  members.forEach((point, i) => {
    rank[point] = i;
  });
  const indices = new Int32Array(n * k);
  const distances = new Float64Array(n * k);
  members.forEach((point, i) => {
    let found = i * k;
    for (let p = point * full.k; p < (point + 1) * full.k && found < (i + 1) * k; p++) {
      const other = rank[full.indices[p]!]!;
      if (other < 0) continue;
      indices[found] = other;
      distances[found++] = full.distances[p]!;
    }
    if (found === (i + 1) * k) return;
    const others = Array.from(members.keys()).filter((j) => j !== i);
    const measured = others.map((j) => ({ j, r: space.distance(point, members[j]!) }));
    measured.sort((a, b) => a.r - b.r);
    for (let p = 0; p < k; p++) {
      indices[i * k + p] = measured[p]!.j;
      distances[i * k + p] = measured[p]!.r;
    }
  });
  return { n, k, indices, distances, searchedAgain: 0 };
}
