/** The ranks of some points among all points, by their distance from another point. */

import { pauses } from '../pauses';
import type { Space } from '../points/space';
import type { SearchOptions } from '../search/neighbours';
import { blockRows, COUNTED_TOGETHER, SEARCH_MEMORY } from '../search/plan';
import { largestComputed, type SearchSet, searchSet, smallestComputed } from '../search/search-set';
import { squaredDistancesFrom } from '../search/shortlist';

/** The ranks of chosen points. */
export interface Ranks {
  /** [n * k] The rank of each chosen point, 1 for the nearest; points at the same distance share the mean of their ranks. */
  readonly ranks: Float64Array;
  /** [n] How often each point is nearer than a chosen one, over all points and their chosen ones; a tie counts one half. */
  readonly nearer: Float64Array;
}

/** Counts the points that are certainly nearer, and names those that may be nearer. */
type Count = (i: number, r: number, nearer: (j: number) => void, open: (j: number) => void) => void;

/**
 * The ranks of the points `chosen` [n * k], k of them for each point, among all others. Distances are computed in float32;
 * comparisons that rounding leaves open are made in float64.
 *
 * @param counted the number of chosen points, from the first on, that count for `nearer`
 */
export async function ranksOf(
  points: Space,
  chosen: Int32Array,
  k: number,
  counted: number,
  options: SearchOptions,
): Promise<Ranks> {
  const { n, distance } = points;
  const ranks = new Float64Array(n * k).fill(1);
  const nearer = new Float64Array(n);
  const rest = pauses(options.onProgress, options.signal);
  const size = Math.min(COUNTED_TOGETHER, blockRows(n, (options.memory ?? SEARCH_MEMORY) / 2));
  const set = points.rows && searchSet(points.rows, (options.memory ?? SEARCH_MEMORY) / 2);
  for (let start = 0; start < n; start += size) {
    const block = Int32Array.from({ length: Math.min(size, n - start) }, (_, r) => start + r);
    const computed = set && squaredDistancesFrom(set, block);
    for (const [row, i] of block.entries()) {
      const count = set ? byBounds(set, computed![row]!) : measureAll(n);
      for (let p = i * k; p < (i + 1) * k; p++) {
        const target = chosen[p]!;
        const r = distance(i, target);
        const add = (j: number, places: number): void => {
          ranks[p]! += places;
          if (p < i * k + counted) nearer[j]! += places;
        };
        count(
          i,
          r,
          (j) => j !== target && add(j, 1),
          (j) => {
            if (j === target) return;
            const other = distance(i, j);
            if (other <= r) add(j, other < r ? 1 : 1 / 2);
          },
        );
      }
      await rest((start + row) / n);
    }
  }
  return { ranks, nearer };
}

function byBounds(set: SearchSet, computed: Float32Array): Count {
  return (i, r, nearer, open) => {
    const surely = smallestComputed(set, i, r * set.scale);
    const possibly = largestComputed(set, i, r * set.scale);
    for (let j = 0; j < set.n; j++) {
      if (computed[j]! > possibly || j === i) continue;
      (computed[j]! < surely ? nearer : open)(j);
    }
  };
}

function measureAll(n: number): Count {
  return (i, _r, _nearer, open) => {
    for (let j = 0; j < n; j++) if (j !== i) open(j);
  };
}
