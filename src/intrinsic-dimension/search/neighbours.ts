/** Finds the exact k nearest neighbours of every point: a search in float32, measured in float64, and proven complete. */

import { cellSignal } from '../../cell-signal';
import { NoEstimateError } from '../no-estimate';
import { spreadColumns } from '../points/columns';
import { assertNeighbours, type Rows } from '../points/points';
import { type Measured, measureAll, queueOf, reachOf, type Search } from './candidates';
import { type Depth, NeighbourLists, type NeighbourTable } from './neighbour-table';
import { planSearch, SEARCH_MEMORY } from './plan';
import { projectedSet } from './projection';
import { type SearchSet, searchSet } from './search-set';
import { type Shortlist, shortlist, squaredDistancesFrom } from './shortlist';

/** Options of a search. */
export interface SearchOptions {
  /**
   * The number of bytes that the search may use besides the points and the table: half for a rounded copy of the points, which
   * is made in parts if it is larger, and half for blocks of the distance matrix.
   * @default that of {@link SEARCH_MEMORY}
   */
  readonly memory?: number;
  /**
   * Where to search first: in coarser coordinates or in a projection. Only the points that this leaves open are searched in
   * float32. The neighbours are the same in all cases; the option serves comparisons. @default the fastest
   */
  readonly through?: 'projection' | 'bfloat16' | 'float32';
  /** Called from time to time with the share that is done, 0 .. 1. */
  readonly onProgress?: (done: number) => void;
  /** Ends the search with the signal's reason. @default the signal of the notebook cell, which Stop aborts */
  readonly signal?: AbortSignal;
}

/** The number of milliseconds after which other work may run. */
const TURN = 40;

/**
 * Finds the k nearest neighbours of every point. Products of rounded coordinates give a shortlist, which is measured in float64
 * and proven complete by a bound on the rounding. Wide points are searched first in a projection, whose distances are lower
 * bounds; others are searched first in bfloat16, if the processor is faster with it and it is precise enough. Points that this
 * leaves open are searched in float32.
 *
 * @throws NoEstimateError if there are only k points or fewer, or distinct points so close that their squared distance is 0;
 *   RangeError if the memory budget is too small
 */
export async function neighbours(
  rows: Rows,
  k: number,
  options: SearchOptions = {},
  depth: Depth = () => k,
): Promise<NeighbourTable> {
  const { memory = SEARCH_MEMORY, through, onProgress, signal } = options;
  const { n, d } = rows;
  assertNeighbours(k, n);
  if (!(memory > 0)) throw new RangeError(`memory must be a number of bytes, got ${memory}`);
  const inMemory = rows.flat !== undefined;
  const plan = planSearch({ n, d, k, memory, inMemory, ...(through ? { through } : {}) });
  const measured: Measured = {
    rows,
    columns: spreadColumns(rows),
    found: new NeighbourLists(n, k, depth),
    plan,
  };
  const rest = pauses(onProgress, signal);
  const { open, left } = await searchFastest(measured, (done) => rest(0.9 * done));
  if (left.length > 0)
    await searchAgain({ ...measured, set: searchSet(rows, plan.half) }, left, n, (done) =>
      rest(0.9 + 0.1 * done),
    );
  const table = measured.found.table(open);
  assertApart(table);
  onProgress?.(1);
  return table;
}

/**
 * Searches in the fastest set that is precise enough, and frees it.
 *
 * @returns the number of points that the shortlist left open, and those among them that this set cannot decide
 */
async function searchFastest(
  measured: Measured,
  rest: (done: number) => Promise<void>,
): Promise<{ readonly open: number; readonly left: readonly number[] }> {
  const { rows, found, plan } = measured;
  const { n } = rows;
  const coarse = await coarseSet(measured, (done) => rest(0.3 * done));
  const begun = coarse ? 0.3 : 0;
  const set = coarse?.set ?? searchSet(rows, plan.half);
  const size = coarse?.size ?? Math.min(found.k + plan.spare, n - 1);
  const candidates = await shortlist(set, size, plan, (done) => rest(begun + (0.75 - begun) * done));
  const open = await measure({ ...measured, set }, candidates, (done) => rest(0.75 + 0.15 * done));
  const most = coarse ? plan.mostNearer : n;
  const left = await searchAgain({ ...measured, set }, open, most, (done) => rest(0.9 + 0.05 * done));
  if (left.length > plan.few) return { open: open.length, left };
  await searchAgain({ ...measured, set }, left, n, (done) => rest(0.95 + 0.05 * done));
  return { open: open.length, left: [] };
}

/** A set that is faster to search than float32, and the number of candidates that it needs; undefined if none is precise enough. */
async function coarseSet(
  measured: Measured,
  rest: (done: number) => Promise<void>,
): Promise<{ readonly set: SearchSet; readonly size: number } | undefined> {
  const { rows, columns, plan } = measured;
  for (const kind of plan.coarse) {
    const set =
      kind === 'projection'
        ? await projectedSet(rows, columns, plan.projection, (done) => rest(0.95 * done))
        : searchSet(rows, plan.half, kind);
    const size = set && (await candidatesNeeded({ ...measured, set }, plan.mostCandidates[kind]));
    if (size !== undefined) return { set: set!, size };
  }
  return undefined;
}

/** The number of candidates with which the neighbours of most points can be proven; undefined from `most` on. */
async function candidatesNeeded(search: Search, most: number): Promise<number | undefined> {
  const { set, found, plan } = search;
  const { n } = set;
  const count = Math.min(plan.tried, n, plan.block);
  const tried = Int32Array.from({ length: count }, (_, t) => Math.floor((t * n) / count));
  const queues = squaredDistancesFrom(set, tried).map((computed, t) => {
    const last = computed.slice().sort()[most]!;
    const near: number[] = [];
    for (let j = 0; j < n; j++) if (computed[j]! <= last && j !== tried[t]) near.push(j);
    const candidates = Int32Array.from(near).sort((a, b) => computed[a]! - computed[b]!);
    return queueOf(
      tried[t]!,
      candidates,
      Float32Array.from(candidates, (j) => computed[j]!),
    );
  });
  measureAll(search, queues);
  const needed = Int32Array.from(queues, ({ i, squared }) => {
    const reach = reachOf(search, i);
    return squared.reduce((sum, value) => sum + (value <= reach ? 1 : 0), 0);
  }).sort();
  const size = needed[Math.floor(plan.proven * count)]! + plan.spare;
  return size < most ? Math.min(Math.max(size, found.k + plan.spare), n - 1) : undefined;
}

/** Measures the shortlist of each point. Returns the points for which a point outside the list could be nearer. */
async function measure(
  search: Search,
  { size, indices, squared }: Shortlist,
  rest: (done: number) => Promise<void>,
): Promise<number[]> {
  const { n } = search.set;
  const { together } = search.plan;
  const open: number[] = [];
  for (let start = 0; start < n; start += together) {
    const queues = Array.from({ length: Math.min(together, n - start) }, (_, q) => {
      const [begin, end] = [(start + q) * size, (start + q + 1) * size];
      return queueOf(start + q, indices.subarray(begin, end), squared.subarray(begin, end));
    });
    measureAll(search, queues);
    for (const queue of queues) {
      // All points outside the list have at least the computed distance of its last point.
      if (size < n - 1 && queue.squared[size - 1]! <= reachOf(search, queue.i)) open.push(queue.i);
    }
    await rest(start / n);
  }
  return open;
}

/** Lets timers, requests and charts run from time to time, and stops if asked to. */
export function pauses(
  onProgress: SearchOptions['onProgress'],
  signal: SearchOptions['signal'] = cellSignal(),
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
 * Measures all points that, by their computed distance, could be nearer than the neighbours found.
 *
 * @param most a point with more such points is left to a more precise set
 * @returns the points that are left
 */
async function searchAgain(
  search: Search,
  open: readonly number[],
  most: number,
  rest: (done: number) => Promise<void>,
): Promise<number[]> {
  const { set, plan } = search;
  const { n } = set;
  const left: number[] = [];
  const candidates = new Int32Array(n);
  const computed = new Float32Array(n);
  for (let start = 0; start < open.length; start += plan.block) {
    const chosen = Int32Array.from(open.slice(start, start + plan.block));
    for (const [row, squared] of squaredDistancesFrom(set, chosen).entries()) {
      const i = chosen[row]!;
      const reach = reachOf(search, i);
      let count = 0;
      for (let j = 0; j < n; j++) {
        if (squared[j]! > reach || j === i) continue;
        candidates[count] = j;
        computed[count++] = squared[j]!;
      }
      if (count > most) left.push(i);
      else measureAll(search, [queueOf(i, candidates.subarray(0, count), computed.subarray(0, count))]);
      await rest((start + row) / open.length);
    }
  }
  return left;
}

/** Rejects distinct points whose distance is 0 in float64, which would make every ratio of distances meaningless. */
function assertApart({ n, k, indices, distances }: Omit<NeighbourTable, 'searchedAgain'>): void {
  for (let i = 0; i < n; i++) {
    if (distances[i * k]! > 0) continue;
    throw new NoEstimateError(
      `distinct points ${i} and ${indices[i * k]} are so close that their squared distance is 0 in float64`,
      'multiply the points by a large number, or round them',
    );
  }
}
