/** Measures candidates for neighbours in float64. */
import type { Columns } from '../points/columns';
import { squaredDistances } from '../points/distances';
import type { Rows } from '../points/points';
import type { NeighbourLists } from './neighbour-table';
import type { SearchPlan } from './plan';
import { largestComputed, type SearchSet } from './search-set';

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
 * A distance that is measured completely counts for the other point as well.
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
      for (const end = count + step; queue.next < candidates.length && count < end; queue.next++) {
        const other = candidates[queue.next]!;
        if (squared[queue.next]! > reach || found.has(queue.i, other)) continue;
        i[count] = queue.i;
        j[count] = other;
        limits[count++] = limit;
      }
    }
    const pairs = { i: i.subarray(0, count), j: j.subarray(0, count), limits: limits.subarray(0, count) };
    const measured = squaredDistances(rows, columns, pairs);
    for (let p = 0; p < count; p++) {
      if (measured[p] === Number.POSITIVE_INFINITY) continue;
      found.offer(j[p]!, i[p]!, measured[p]!);
      found.offer(i[p]!, j[p]!, measured[p]!);
    }
    waiting = waiting.filter(({ next, candidates }) => next < candidates.length);
  }
}

/** The largest computed squared distance of a point that is nearer than the last neighbour needed. */
export function reachOf({ found, set }: Search, i: number): number {
  return largestComputed(set, i, Math.sqrt(found.farthest(i)) * set.scale);
}
