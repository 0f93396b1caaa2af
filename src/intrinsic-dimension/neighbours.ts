/** The exact k nearest neighbours of every point: found in float32, measured in float64, and proven complete. */
import type { Rows } from './points';
import { projectedSet } from './projection';
import { largestComputed, type SearchSet, searchSet } from './search-set';
import { blockRows, type Shortlist, shortlist, squaredDistancesFrom } from './shortlist';

/** Neighbours of each point, nearest first, without the point itself. */
export interface NeighbourTable {
  readonly n: number;
  readonly k: number;
  /** [n * k] */
  readonly indices: Int32Array;
  /** [n * k] Euclidean distances in float64. */
  readonly distances: Float64Array;
  /** Points whose shortlist could not be proven complete, and that were searched among all others. */
  readonly searchedAgain: number;
}

/** How a search runs. */
export interface SearchOptions {
  /**
   * Bytes that the search may take besides the points and the table: half for a float32 copy of the points, which is
   * made in parts where it is larger, half for blocks of the matrix of distances. @default 1 GiB
   */
  readonly memory?: number;
  /**
   * Look in a projection first, and then only where its bounds leave it open. The neighbours are the same; `false` is
   * for comparison. @default for points so wide and many that it saves time
   */
  readonly projection?: boolean;
  /** Called now and then with the share that is done, 0 .. 1. */
  readonly onProgress?: (done: number) => void;
  /** Ends the search with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Bytes that a search may take unless told otherwise. */
export const SEARCH_MEMORY: number = 2 ** 30;
/** Further candidates on the shortlist: float32 may order near neighbours wrongly. */
const SPARE = 8;
/** Milliseconds after which other work may run. */
const TURN = 40;
/** Coordinates, and multiplications of the full product, from which on a projection saves time. */
const WIDE = 2048;
const LONG = 4e11;
/** Points on which a projection is tried. */
const TRIED = 32;
/** Share of the points that may be nearer than the k-th in a projection; where more are, it tells too little. */
const TELLING = 0.05;

/**
 * Finds the k nearest neighbours of every point: a shortlist by float32 products, measured in float64, and proven
 * complete by the bound on the float32 distances. Wide points are searched in a projection first, whose distances are
 * lower bounds; a point that it leaves open is measured against all that its bounds allow, and where these are many,
 * it goes through the full product.
 *
 * @throws RangeError when there are not more than k points, the memory budget is too small, or distinct points
 *   lie so close that their squared distance is 0
 */
export async function neighbours(
  rows: Rows,
  k: number,
  options: SearchOptions = {},
): Promise<NeighbourTable> {
  const { memory = SEARCH_MEMORY, onProgress, signal } = options;
  const { n } = rows;
  if (k >= n) throw new RangeError(`${k} neighbours need at least ${k + 1} distinct points, got ${n}`);
  const table = {
    n,
    k,
    indices: new Int32Array(n * k),
    distances: new Float64Array(n * k),
  };
  const rest = turns(onProgress, signal);
  const blockSize = blockRows(n, memory / 2);
  const tryProjection = options.projection ?? (rows.d >= WIDE && n * n * rows.d >= LONG);
  const projection = tryProjection && (await wideSearch(rows, table, blockSize, (done) => rest(0.3 * done)));
  const begun = projection ? 0.3 : 0;
  const set = projection ? projection.set : searchSet(rows, memory / 2);
  let open: readonly number[];
  let left: readonly number[];
  try {
    const size = projection ? projection.size : Math.min(k + SPARE, n - 1);
    const found = await shortlist(set, size, blockSize, (done) => rest(begun + (0.7 - begun) * done));
    open = await measure({ rows, set, table }, found, (done) => rest(0.7 + 0.15 * done));
    const most = projection ? Math.floor(TELLING * n) : n;
    left = await searchAgain({ rows, set, table }, open, blockSize, most, (done) => rest(0.85 + 0.05 * done));
  } finally {
    set.dispose();
  }
  if (left.length > 0) {
    const whole = searchSet(rows, memory / 2);
    try {
      await searchAgain({ rows, set: whole, table }, left, blockSize, n, (done) => rest(0.9 + 0.1 * done));
    } finally {
      whole.dispose();
    }
  }
  assertApart(table);
  onProgress?.(1);
  return { ...table, searchedAgain: open.length };
}

/** A projection that tells enough of the distances, and the candidates that 90 % of the points need in it. */
async function wideSearch(
  rows: Rows,
  table: Omit<NeighbourTable, 'searchedAgain'>,
  blockSize: number,
  rest: (done: number) => Promise<void>,
): Promise<{ readonly set: SearchSet; readonly size: number } | undefined> {
  const { n } = rows;
  const set = await projectedSet(rows, (done) => rest(0.95 * done));
  if (!set) return undefined;
  try {
    const tried = Int32Array.from({ length: Math.min(TRIED, blockSize) }, (_, t) =>
      Math.floor((t * n) / TRIED),
    );
    const most = Math.floor(TELLING * n);
    const needed = candidatesNeeded({ rows, set, table }, tried, most).sort();
    const size = needed[Math.floor(0.9 * tried.length)]! + SPARE;
    if (size < most) return { set, size: Math.max(size, table.k + SPARE) };
  } catch (error) {
    set.dispose();
    throw error;
  }
  set.dispose();
  return undefined;
}

/** For some points, how many candidates a proof of their neighbours takes; counting ends at `most`. */
function candidatesNeeded(search: Search, chosen: Int32Array, most: number): Int32Array {
  const { set, table } = search;
  const { n } = table;
  const squared = squaredDistancesFrom(set, chosen);
  return Int32Array.from(chosen, (i, row) => {
    const computed = squared.subarray(row * n, (row + 1) * n);
    const order = Int32Array.from({ length: n }, (_, j) => j)
      .filter((j) => j !== i)
      .sort((a, b) => computed[a]! - computed[b]!)
      .subarray(0, most);
    const reach = keepNearest(
      search,
      i,
      order,
      Float32Array.from(order, (j) => computed[j]!),
    );
    return order.reduce((count, j) => count + (computed[j]! <= reach ? 1 : 0), 0);
  });
}

interface Search {
  readonly rows: Rows;
  readonly set: SearchSet;
  readonly table: Omit<NeighbourTable, 'searchedAgain'>;
}

/** Measures each point's shortlist. Returns the points for which a point off the list could be nearer. */
async function measure(
  search: Search,
  { size, indices, squared }: Shortlist,
  rest: (done: number) => Promise<void>,
): Promise<number[]> {
  const { n } = search.table;
  const open: number[] = [];
  for (let i = 0; i < n; i++) {
    if (i % 16 === 0) await rest(i / n);
    const computed = squared.subarray(i * size, (i + 1) * size);
    const reach = keepNearest(search, i, indices.subarray(i * size, (i + 1) * size), computed);
    // All points off the list have a computed distance of at least its last.
    if (size < n - 1 && computed[size - 1]! <= reach) open.push(i);
  }
  return open;
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

/**
 * Goes through all points whose computed distance leaves it open whether they are nearer than what was found.
 *
 * @param most a point with more of them is left to a more exact set
 * @returns the points that are left
 */
async function searchAgain(
  search: Search,
  open: readonly number[],
  blockSize: number,
  most: number,
  rest: (done: number) => Promise<void>,
): Promise<number[]> {
  const { set, table } = search;
  const { n, k } = table;
  const left: number[] = [];
  const candidates = new Int32Array(n);
  const computed = new Float32Array(n);
  for (let start = 0; start < open.length; start += blockSize) {
    const chosen = Int32Array.from(open.slice(start, start + blockSize));
    const squared = squaredDistancesFrom(set, chosen);
    for (const [row, i] of chosen.entries()) {
      const reach = largestComputed(set, i, table.distances[(i + 1) * k - 1]! * set.scale);
      let count = 0;
      for (let j = 0, p = row * n; j < n; j++, p++) {
        if (squared[p]! > reach || j === i) continue;
        candidates[count] = j;
        computed[count++] = squared[p]!;
      }
      if (count > most) left.push(i);
      else keepNearest(search, i, candidates.subarray(0, count), computed.subarray(0, count));
      await rest((start + row) / open.length);
    }
  }
  return left;
}

/** Distinct points whose distance is 0 in float64 would make every ratio of distances meaningless. */
function assertApart({ n, k, indices, distances }: Omit<NeighbourTable, 'searchedAgain'>): void {
  for (let i = 0; i < n; i++) {
    if (distances[i * k]! > 0) continue;
    throw new RangeError(
      `distinct points ${i} and ${indices[i * k]} are so close that their squared distance is 0 in float64: ` +
        'multiply the points by a large number, or round them',
    );
  }
}
