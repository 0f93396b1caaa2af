/** The exact k nearest neighbours of every point: found in float32, measured in float64, and proven complete. */
import { type Columns, partialSquare, spreadColumns, squaredDistanceWithin } from './columns';
import { type Depth, NeighbourLists, type NeighbourTable } from './neighbour-table';
import { assertNeighbours, type Rows } from './points';
import { projectedSet } from './projection';
import { largestComputed, type SearchSet, searchSet } from './search-set';
import { blockRows, type Shortlist, shortlist, squaredDistancesFrom } from './shortlist';

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
/** Points that are measured against all others rather than in the full product. */
const FEW = 16;
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
  depth: Depth = () => k,
): Promise<NeighbourTable> {
  const { memory = SEARCH_MEMORY, onProgress, signal } = options;
  const { n } = rows;
  assertNeighbours(k, n);
  if (!(memory > 0)) throw new RangeError(`memory must be a number of bytes, got ${memory}`);
  const found = new NeighbourLists(n, k, depth);
  const measured: Measured = { rows, columns: spreadColumns(rows), found };
  const rest = turns(onProgress, signal);
  const blockSize = blockRows(n, memory / 2);
  const tryProjection = options.projection ?? (rows.d >= WIDE && n * n * rows.d >= LONG);
  const projection = tryProjection && (await wideSearch(measured, blockSize, (done) => rest(0.3 * done)));
  const begun = projection ? 0.3 : 0;
  const set = projection ? projection.set : searchSet(rows, memory / 2);
  let open: readonly number[];
  let left: readonly number[];
  try {
    const size = projection ? projection.size : Math.min(k + SPARE, n - 1);
    const candidates = await shortlist(set, size, blockSize, (done) => rest(begun + (0.7 - begun) * done));
    open = await measure({ ...measured, set }, candidates, (done) => rest(0.7 + 0.15 * done));
    const most = projection ? Math.floor(TELLING * n) : n;
    left = await searchAgain({ ...measured, set }, open, blockSize, most, (done) => rest(0.85 + 0.05 * done));
    // The full product would read all points again, which takes longer than to measure a few against all.
    if (left.length <= FEW)
      left = await searchAgain({ ...measured, set }, left, blockSize, n, () => rest(0.9));
  } finally {
    set.dispose();
  }
  if (left.length > 0) {
    const whole = searchSet(rows, memory / 2);
    try {
      await searchAgain({ ...measured, set: whole }, left, blockSize, n, (done) => rest(0.9 + 0.1 * done));
    } finally {
      whole.dispose();
    }
  }
  const table = found.table(open.length);
  assertApart(table);
  onProgress?.(1);
  return table;
}

/** Where neighbours are measured, and what was found so far. */
interface Measured {
  readonly rows: Rows;
  readonly columns: Columns;
  readonly found: NeighbourLists;
}

/** The same, and the set in which they are looked for. */
interface Search extends Measured {
  readonly set: SearchSet;
}

/** A projection that tells enough of the distances, and the candidates that 90 % of the points need in it. */
async function wideSearch(
  measured: Measured,
  blockSize: number,
  rest: (done: number) => Promise<void>,
): Promise<{ readonly set: SearchSet; readonly size: number } | undefined> {
  const { rows, columns, found } = measured;
  const { n } = rows;
  const set = await projectedSet(rows, columns, (done) => rest(0.95 * done));
  if (!set) return undefined;
  try {
    const tried = Int32Array.from({ length: Math.min(TRIED, blockSize) }, (_, t) =>
      Math.floor((t * n) / TRIED),
    );
    const most = Math.floor(TELLING * n);
    const needed = candidatesNeeded({ ...measured, set }, tried, most).sort();
    const size = needed[Math.floor(0.9 * tried.length)]! + SPARE;
    if (size < most) return { set, size: Math.max(size, found.k + SPARE) };
  } catch (error) {
    set.dispose();
    throw error;
  }
  set.dispose();
  return undefined;
}

/** For some points, how many candidates a proof of their neighbours takes; counting ends at `most`. */
function candidatesNeeded(search: Search, chosen: Int32Array, most: number): Int32Array {
  const { set } = search;
  const { n } = set;
  const squared = squaredDistancesFrom(set, chosen);
  return Int32Array.from(chosen, (i, row) => {
    const computed = squared.subarray(row * n, (row + 1) * n);
    const last = computed.slice().sort()[most]!;
    const near: number[] = [];
    for (let j = 0; j < n; j++) if (computed[j]! <= last && j !== i) near.push(j);
    const order = Int32Array.from(near).sort((a, b) => computed[a]! - computed[b]!);
    const reach = keepNearest(
      search,
      i,
      order,
      Float32Array.from(order, (j) => computed[j]!),
    );
    return order.reduce((count, j) => count + (computed[j]! <= reach ? 1 : 0), 0);
  });
}

/** Measures each point's shortlist. Returns the points for which a point off the list could be nearer. */
async function measure(
  search: Search,
  { size, indices, squared }: Shortlist,
  rest: (done: number) => Promise<void>,
): Promise<number[]> {
  const { n } = search.set;
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
export function turns(
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
 * Measures candidates in float64 and keeps the k nearest of all that were seen, skipping those whose computed distance
 * rules them out. A distance that is measured to the end counts for the other point as well.
 *
 * @param squared the candidates' computed squared distances, rising or in any order
 * @returns the largest computed squared distance that a point nearer than the last needed can have
 */
function keepNearest(search: Search, i: number, candidates: Int32Array, squared: Float32Array): number {
  const { rows, columns, found } = search;
  let reach = reachOf(search, i);
  for (let c = 0; c < candidates.length; c++) {
    if (squared[c]! > reach) continue;
    const j = candidates[c]!;
    if (found.has(i, j)) continue;
    const sum = squaredDistanceWithin(rows, columns, i, j, found.farthest(i));
    if (sum === Number.POSITIVE_INFINITY) continue;
    found.offer(j, i, sum);
    if (found.offer(i, j, sum)) reach = reachOf(search, i);
  }
  return reach;
}

/** The largest computed squared distance that a point nearer than the last needed can have. */
function reachOf({ found, set }: Search, i: number): number {
  return largestComputed(set, i, Math.sqrt(found.farthest(i)) * set.scale);
}

/** By direct differences in float64. */
export function squaredDistance(rows: Rows, i: number, j: number): number {
  return partialSquare(rows.row(i), rows.row(j), 0, rows.d);
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
  const { set } = search;
  const { n } = set;
  const left: number[] = [];
  const candidates = new Int32Array(n);
  const computed = new Float32Array(n);
  for (let start = 0; start < open.length; start += blockSize) {
    const chosen = Int32Array.from(open.slice(start, start + blockSize));
    const squared = squaredDistancesFrom(set, chosen);
    for (const [row, i] of chosen.entries()) {
      const reach = reachOf(search, i);
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
