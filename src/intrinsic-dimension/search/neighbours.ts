/** Finds the exact k nearest neighbours of every point: a search in float32, measured in float64, and proven complete. */
import { NoEstimateError } from '../no-estimate';
import { pauses } from '../pauses';
import { assertNeighbours } from '../points/distinct-points';
import type { Rows } from '../points/points';
import { type Measured, measureShortlist, searchAgain } from './candidates';
import { coarseSet } from './coarse-set';
import { spreadColumns } from './columns';
import { type Depth, NeighbourLists, type NeighbourTable } from './neighbour-table';
import { planSearch, SEARCH_MEMORY } from './plan';
import { searchSet } from './search-set';
import { shortlist } from './shortlist';

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
  depth?: Depth,
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
  const open = await measureShortlist({ ...measured, set }, candidates, (done) => rest(0.75 + 0.15 * done));
  const most = coarse ? plan.mostNearer : n;
  const left = await searchAgain({ ...measured, set }, open, most, (done) => rest(0.9 + 0.05 * done));
  if (left.length > plan.few) return { open: open.length, left };
  await searchAgain({ ...measured, set }, left, n, (done) => rest(0.95 + 0.05 * done));
  return { open: open.length, left: [] };
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
