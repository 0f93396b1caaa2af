/** The exact k nearest neighbours of every point: found in float32, measured in float64, and proven complete. */
import type { Rows } from './points';
import {
  blockRows,
  largestComputed,
  type SearchSet,
  searchSet,
  shortlist,
  squaredDistancesFrom,
} from './shortlist';

/** Neighbours of each point, nearest first, without the point itself. */
export interface NeighbourTable {
  readonly n: number;
  readonly k: number;
  /** [n * k] */
  readonly indices: Int32Array;
  /** [n * k] Euclidean distances in float64. */
  readonly distances: Float64Array;
  /** Points whose float32 shortlist could not be proven complete, and that were searched among all others. */
  readonly searchedAgain: number;
}

/** How a search runs. */
export interface SearchOptions {
  /** Bytes that the search may take for its temporary matrices. @default 256 MiB */
  readonly memory?: number;
  /** Called now and then with the share that is done, 0 .. 1. */
  readonly onProgress?: (done: number) => void;
  /** Ends the search with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Further candidates on the shortlist: float32 may order near neighbours wrongly. */
const SPARE = 8;

/**
 * Finds the k nearest neighbours of every point.
 *
 * @throws RangeError when there are not more than k points, or the memory budget is too small
 */
export async function neighbours(
  rows: Rows,
  k: number,
  options: SearchOptions = {},
): Promise<NeighbourTable> {
  const { memory = 256 * 2 ** 20, onProgress, signal } = options;
  const { n } = rows;
  if (k >= n) throw new RangeError(`${k} neighbours need at least ${k + 1} distinct points, got ${n}`);
  const size = Math.min(k + SPARE, n - 1);
  const set = searchSet(rows);
  try {
    const found = await shortlist(set, size, blockRows(n, memory), async (done) => {
      onProgress?.(done);
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    });
    const table = { n, k, indices: new Int32Array(n * k), distances: new Float64Array(n * k) };
    const doubtful: number[] = [];
    for (let i = 0; i < n; i++) {
      const candidates = found.indices.subarray(i * size, (i + 1) * size);
      const furthest = keepNearest(rows, table, i, candidates);
      // All others have a computed distance of at least the shortlist's last; could one of them be nearer?
      const beyond = found.squared[(i + 1) * size - 1]!;
      if (size < n - 1 && beyond <= largestComputed(set, i, furthest * set.scale)) doubtful.push(i);
    }
    searchAgain(rows, set, table, doubtful);
    return { ...table, searchedAgain: doubtful.length };
  } finally {
    set.dispose();
  }
}

type Table = Pick<NeighbourTable, 'k' | 'indices' | 'distances'>;

/** Measures candidates in float64, keeps the k nearest in the table, and returns the distance of the last. */
function keepNearest(
  { data, d }: Rows,
  { k, indices, distances }: Table,
  i: number,
  candidates: Int32Array,
): number {
  const begin = i * k;
  let count = 0;
  for (const j of candidates) {
    let sum = 0;
    for (let p = i * d, q = j * d, end = p + d; p < end; p++, q++) {
      const difference = data[p]! - data[q]!;
      sum += difference * difference;
    }
    if (count === k && sum >= distances[begin + k - 1]!) continue;
    let p = begin + Math.min(count, k - 1);
    for (; p > begin && distances[p - 1]! > sum; p--) {
      distances[p] = distances[p - 1]!;
      indices[p] = indices[p - 1]!;
    }
    distances[p] = sum;
    indices[p] = j;
    if (count < k) count++;
  }
  for (let p = begin; p < begin + k; p++) distances[p] = Math.sqrt(distances[p]!);
  return distances[begin + k - 1]!;
}

/** Goes through all points whose computed distance leaves it open whether they are nearer than what was found. */
function searchAgain(rows: Rows, set: SearchSet, table: Table, doubtful: readonly number[]): void {
  const { n } = rows;
  const chunk = Math.max(1, Math.min(256, Math.floor(2 ** 24 / n)));
  for (let start = 0; start < doubtful.length; start += chunk) {
    const chosen = Int32Array.from(doubtful.slice(start, start + chunk));
    const squared = squaredDistancesFrom(set, chosen);
    chosen.forEach((i, row) => {
      const limit = largestComputed(set, i, table.distances[(i + 1) * table.k - 1]! * set.scale);
      const candidates: number[] = [];
      for (let j = 0; j < n; j++) if (j !== i && squared[row * n + j]! <= limit) candidates.push(j);
      keepNearest(rows, table, i, Int32Array.from(candidates));
    });
  }
}
