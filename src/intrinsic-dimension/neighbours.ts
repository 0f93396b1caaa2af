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
/** Share of the work that is the search; the rest is measuring what it found. */
const SEARCH_SHARE = 0.8;
/** Milliseconds after which other work may run. */
const TURN = 40;

/**
 * Finds the k nearest neighbours of every point.
 *
 * @throws RangeError when there are not more than k points, the memory budget is too small, or distinct points
 *   lie so close that their squared distance is 0
 */
export async function neighbours(
  rows: Rows,
  k: number,
  options: SearchOptions = {},
): Promise<NeighbourTable> {
  const { memory = 256 * 2 ** 20, onProgress, signal } = options;
  const { n } = rows;
  if (k >= n) throw new RangeError(`${k} neighbours need at least ${k + 1} distinct points, got ${n}`);
  const rest = turns(onProgress, signal);
  const blockSize = blockRows(n, memory);
  const set = searchSet(rows);
  try {
    const size = Math.min(k + SPARE, n - 1);
    const found = await shortlist(set, size, blockSize, (done) => rest(SEARCH_SHARE * done));
    const search: Search = {
      rows,
      set,
      table: { n, k, indices: new Int32Array(n * k), distances: new Float64Array(n * k), searchedAgain: 0 },
    };
    const doubtful: number[] = [];
    for (let i = 0; i < n; i++) {
      if (i % 64 === 0) await rest(SEARCH_SHARE + ((1 - SEARCH_SHARE) * i) / n);
      const candidates = found.indices.subarray(i * size, (i + 1) * size);
      const squared = found.squared.subarray(i * size, (i + 1) * size);
      // All other points have a computed distance of at least the shortlist's last; could one of them be nearer?
      const reach = keepNearest(search, i, candidates, squared);
      if (size < n - 1 && squared[size - 1]! <= reach) doubtful.push(i);
    }
    await searchAgain(search, doubtful, blockSize, rest);
    assertApart(search.table);
    onProgress?.(1);
    return { ...search.table, searchedAgain: doubtful.length };
  } finally {
    set.dispose();
  }
}

interface Search {
  readonly rows: Rows;
  readonly set: SearchSet;
  readonly table: NeighbourTable;
}

/** Lets timers, requests and charts have their turn, and stops when asked to. */
function turns(
  onProgress: SearchOptions['onProgress'],
  signal: SearchOptions['signal'],
): (done: number) => Promise<void> {
  let last = performance.now();
  return async (done) => {
    signal?.throwIfAborted();
    if (performance.now() - last < TURN) return;
    onProgress?.(done);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    last = performance.now();
  };
}

/**
 * Measures candidates in float64 and keeps the k nearest in the table, skipping those whose computed distance
 * rules them out.
 *
 * @param candidates at least k points
 * @param squared their computed squared distances, rising or in any order
 * @returns the largest computed squared distance that a point nearer than the k-th found can have
 */
function keepNearest(
  { rows, set, table }: Search,
  i: number,
  candidates: Int32Array,
  squared: Float32Array,
): number {
  const { k, indices, distances } = table;
  const begin = i * k;
  const end = begin + k - 1;
  let count = 0;
  let reach = Number.POSITIVE_INFINITY;
  for (let c = 0; c < candidates.length; c++) {
    if (squared[c]! > reach) continue;
    const j = candidates[c]!;
    const sum = squaredDistance(rows, i, j);
    if (count === k && sum >= distances[end]!) continue;
    let p = begin + Math.min(count, k - 1);
    for (; p > begin && distances[p - 1]! > sum; p--) {
      distances[p] = distances[p - 1]!;
      indices[p] = indices[p - 1]!;
    }
    distances[p] = sum;
    indices[p] = j;
    if (count < k) count++;
    if (count === k) reach = largestComputed(set, i, Math.sqrt(distances[end]!) * set.scale);
  }
  for (let p = begin; p <= end; p++) distances[p] = Math.sqrt(distances[p]!);
  return reach;
}

/** By direct differences in float64; four sums, because each addition waits for the one before it. */
export function squaredDistance({ data, d }: Rows, i: number, j: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let p = i * d;
  let q = j * d;
  const end = p + d;
  for (; p < end - 3; p += 4, q += 4) {
    const d0 = data[p]! - data[q]!;
    const d1 = data[p + 1]! - data[q + 1]!;
    const d2 = data[p + 2]! - data[q + 2]!;
    const d3 = data[p + 3]! - data[q + 3]!;
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (; p < end; p++, q++) {
    const difference = data[p]! - data[q]!;
    s0 += difference * difference;
  }
  return s0 + s1 + (s2 + s3);
}

/** Goes through all points whose computed distance leaves it open whether they are nearer than what was found. */
async function searchAgain(
  search: Search,
  doubtful: readonly number[],
  blockSize: number,
  rest: (done: number) => Promise<void>,
): Promise<void> {
  const { set, table } = search;
  const { n, k } = table;
  const candidates = new Int32Array(n);
  const computed = new Float32Array(n);
  for (let start = 0; start < doubtful.length; start += blockSize) {
    const chosen = Int32Array.from(doubtful.slice(start, start + blockSize));
    const squared = squaredDistancesFrom(set, chosen);
    for (const [row, i] of chosen.entries()) {
      const reach = largestComputed(set, i, table.distances[(i + 1) * k - 1]! * set.scale);
      let count = 0;
      for (let j = 0, p = row * n; j < n; j++, p++) {
        if (squared[p]! > reach || j === i) continue;
        candidates[count] = j;
        computed[count++] = squared[p]!;
      }
      keepNearest(search, i, candidates.subarray(0, count), computed.subarray(0, count));
      await rest(1);
    }
  }
}

/** Distinct points whose distance is 0 in float64 would make every ratio of distances meaningless. */
function assertApart({ n, k, indices, distances }: NeighbourTable): void {
  for (let i = 0; i < n; i++) {
    if (distances[i * k]! > 0) continue;
    throw new RangeError(
      `distinct points ${i} and ${indices[i * k]} are so close that their squared distance is 0 in float64: ` +
        'multiply the points by a large number, or round them',
    );
  }
}
