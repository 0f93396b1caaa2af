/** Measures candidates for neighbours in float64, until those that are left out are proven to be farther. */
import { squaredDistances } from '../points/distances';
import type { Rows } from '../points/points';
import type { Columns } from './columns';
import type { NeighbourLists } from './neighbour-table';
import type { SearchPlan } from './plan';
import { largestComputed, type SearchSet } from './search-set';
import { type Shortlist, squaredDistancesFrom } from './shortlist';

/** The points whose distances are measured, and the neighbours found so far. */
export interface Measured {
  readonly rows: Rows;
  readonly columns: Columns;
  readonly found: NeighbourLists;
  readonly plan: SearchPlan;
}

/** The same with the set that is searched. */
export interface Search extends Measured {
  readonly set: SearchSet;
}

/** The candidates of a point with their computed squared distances, in rising order or in any order. */
export interface Queue {
  readonly i: number;
  readonly candidates: Int32Array;
  readonly squared: Float32Array;
  /** The first candidate that has not been measured. */
  next: number;
}

export function queueOf(i: number, candidates: Int32Array, squared: Float32Array): Queue {
  return { i, candidates, squared, next: 0 };
}

/**
 * Measures candidates in float64 and keeps the nearest ones so far, skipping those that their computed distance rules out.
 * Where the plan says so, a distance that is measured completely counts for the other point as well.
 */
export function measureAll(search: Search, queues: readonly Queue[]): void {
  const { rows, columns, found, plan } = search;
  // Rows that are read one by one are also measured one by one.
  const step = rows.flat ? Math.max(plan.step, Math.ceil(plan.pairs / queues.length)) : 1;
  const room = step * queues.length;
  const [i, j, limits] = [new Int32Array(room), new Int32Array(room), new Float64Array(room)];
  for (let waiting = queues; waiting.length > 0; ) {
    let count = 0;
    for (const queue of waiting) {
      const limit = found.farthest(queue.i);
      const reach = reachOf(search, queue.i);
      const { candidates, squared } = queue;
      if (plan.shared) found.mark(queue.i);
      for (const end = count + step; queue.next < candidates.length && count < end; queue.next++) {
        const other = candidates[queue.next]!;
        if (squared[queue.next]! > reach || (plan.shared && found.isMarked(other))) continue;
        i[count] = queue.i;
        j[count] = other;
        limits[count++] = limit;
      }
    }
    const pairs = { i: i.subarray(0, count), j: j.subarray(0, count), limits: limits.subarray(0, count) };
    const measured = squaredDistances(rows, columns.ranges, pairs);
    for (let p = 0; p < count; p++) {
      if (measured[p] === Number.POSITIVE_INFINITY) continue;
      if (plan.shared) found.offer(j[p]!, i[p]!, measured[p]!);
      found.offer(i[p]!, j[p]!, measured[p]!);
    }
    waiting = waiting.filter(({ next, candidates }) => next < candidates.length);
  }
}

/** The largest computed squared distance of a point that is nearer than the last neighbour needed. */
export function reachOf({ found, set }: Search, i: number): number {
  return largestComputed(set, i, Math.sqrt(found.farthest(i)) * set.scale);
}

/** Measures the shortlist of each point. Returns the points for which a point outside the list could be nearer. */
export async function measureShortlist(
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

/**
 * Measures all points that, by their computed distance, could be nearer than the neighbours found.
 *
 * @param most a point with more such points is left to a more precise set
 * @returns the points that are left
 */
export async function searchAgain(
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
