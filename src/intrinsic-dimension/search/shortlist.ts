/** Candidates for the nearest neighbours of every point, by products of rounded coordinates. */
import type { SearchPlan } from './plan';
import {
  GROUP,
  multiply,
  NearestLists,
  PANEL,
  type PackedPoints,
  packedPoints,
  perWord,
  RUN,
  type Tile,
  wholes,
} from './search-kernel';
import type { SearchSet } from './search-set';

/** For each point, the `size` candidates with the smallest computed distances, nearest first. */
export interface Shortlist {
  readonly size: number;
  /** [n * size] */
  readonly indices: Int32Array;
  /** [n * size] Their computed squared distances in the search set; all other points have at least the last one. */
  readonly squared: Float32Array;
}

/**
 * The `size` nearest candidates of every point. The matrix of distances is symmetric, so only its upper half is
 * computed, tile by tile, and each pair is offered to both of its points.
 *
 * @param size less than the number of points
 * @param rest called between tiles with the share that is done; may let other work run
 */
export async function shortlist(
  set: SearchSet,
  size: number,
  { tile: side, block }: Pick<SearchPlan, 'tile' | 'block'>,
  rest: (done: number) => Promise<void>,
): Promise<Shortlist> {
  const { n } = set;
  const height = set.resident ? side : Math.min(block, wholes(n, GROUP));
  const lists = new NearestLists(n, size);
  const room = new Float32Array(height * (set.resident ? height : wholes(n, PANEL)));
  let done = 0;
  for (let top = 0; top < n; top += height) {
    const bottom = Math.min(n, top + height);
    // For a set that is computed again each time, a few large blocks are better.
    const begin = Math.floor(top / PANEL) * PANEL;
    const width = set.resident ? height : n - begin;
    for (let left = begin; left < n; left += width) {
      const right = Math.min(n, left + width);
      const tile = { values: room, stride: wholes(right - left, PANEL), top, bottom, left, right };
      for (let c = 0; c < set.chunks; c++) {
        const chunk = set.chunk(c);
        const halves = c === set.chunks - 1 ? ([set.halves, set.halves] as const) : undefined;
        multiply(chunk, chunk, tile, c > 0, halves, RUN, true);
      }
      lists.offer(tile);
      done += (bottom - top) * (right - left);
      await rest(done / ((n * (n + height)) / 2));
    }
  }
  return { size, indices: lists.indices, squared: squaredFrom(lists.nearness) };
}

/** Computed squared distances in the search set from some points to all points, a row [n] for each. */
export function squaredDistancesFrom(set: SearchSet, chosen: Int32Array): Float32Array[] {
  const { n } = set;
  const stride = wholes(n, PANEL);
  const values = new Float32Array(wholes(chosen.length, GROUP) * stride);
  const tile: Tile = { values, stride, top: 0, bottom: chosen.length, left: 0, right: n };
  const halves = new Float32Array(wholes(chosen.length, GROUP));
  for (const [row, i] of chosen.entries()) halves[row] = set.halves[i]!;
  for (let c = 0; c < set.chunks; c++) {
    const chunk = set.chunk(c);
    multiply(
      gathered(chunk, chosen),
      chunk,
      tile,
      c > 0,
      c === set.chunks - 1 ? [halves, set.halves] : undefined,
    );
  }
  return Array.from(chosen, (_, row) => squaredFrom(values.subarray(row * stride, row * stride + n)));
}

/** Some of the points. */
function gathered({ words, width, precision }: PackedPoints, chosen: Int32Array): PackedPoints {
  const some = packedPoints(chosen.length, width * perWord(precision), precision);
  for (const [row, i] of chosen.entries()) {
    let from = Math.floor(i / PANEL) * width * PANEL + (i % PANEL);
    let to = Math.floor(row / PANEL) * width * PANEL + (row % PANEL);
    for (let w = 0; w < width; w++, from += PANEL, to += PANEL) some.words[to] = words[from]!;
  }
  return some;
}

/** -|y_i - y_j|^2 / 2 -> |y_i - y_j|^2, in place. */
function squaredFrom(nearness: Float32Array): Float32Array {
  for (let p = 0; p < nearness.length; p++) nearness[p] = -2 * nearness[p]!;
  return nearness;
}
