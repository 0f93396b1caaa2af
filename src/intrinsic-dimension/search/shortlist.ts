/** Candidates for the nearest neighbours of every point, by products of rounded coordinates. */
import { threads } from '../../threads';
import { kernel } from './kernel';
import { gathered, multiply, productRoom, type Tile } from './packed-points';
import { RUN, type SearchPlan } from './plan';
import type { SearchSet } from './search-set';
import { down, wholes } from './wholes';

/** For each point, the `size` candidates with the smallest computed distances, nearest first. */
export interface Shortlist {
  readonly size: number;
  /** [n * size] */
  readonly indices: Int32Array;
  /** [n * size] Their computed squared distances in the search set; all other points have at least the last one. */
  readonly squared: Float32Array;
}

/** For each of `n` points, the `size` nearest of the points that were offered, by nearness -|y_i - y_j|^2 / 2. */
export class NearestLists {
  /** [n * size] Nearest first. */
  readonly indices: Int32Array;
  /** [n * size] */
  readonly nearness: Float32Array;
  /** [n] */
  readonly #last: Float32Array;

  constructor(
    n: number,
    readonly size: number,
  ) {
    this.indices = new Int32Array(n * size);
    this.nearness = new Float32Array(n * size).fill(Number.NEGATIVE_INFINITY);
    this.#last = new Float32Array(n).fill(Number.NEGATIVE_INFINITY);
  }

  /** Offers each pair of a tile that is above the diagonal to both of its points. */
  offer({ values, stride, top, bottom, left, right }: Tile): void {
    const lists = [this.nearness, this.indices, this.#last, this.size] as const;
    kernel().offer(...lists, values, stride, top, bottom, left, right, threads());
  }
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
  const { panel, group } = kernel();
  const height = set.resident ? side : Math.min(block, wholes(n, group));
  const lists = new NearestLists(n, size);
  const room = new Float32Array(height * (set.resident ? height : wholes(n, panel)));
  let done = 0;
  for (let top = 0; top < n; top += height) {
    const bottom = Math.min(n, top + height);
    // For a set that is computed again each time, a few large blocks are better.
    const begin = down(top, panel);
    const width = set.resident ? height : n - begin;
    for (let left = begin; left < n; left += width) {
      const right = Math.min(n, left + width);
      const tile = { values: room, stride: wholes(right - left, panel), top, bottom, left, right };
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

/**
 * Computed squared distances in the search set from some points to the points from `left` on, a row [n - left] for each.
 *
 * @param left a multiple of the kernel's panel
 */
export function squaredDistancesFrom(set: SearchSet, chosen: Int32Array, left = 0): Float32Array[] {
  const { n } = set;
  const { values, stride } = productRoom(chosen.length, n - left);
  const tile: Tile = { values, stride, top: 0, bottom: chosen.length, left, right: n };
  const halves = new Float32Array(values.length / stride);
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
  return Array.from(chosen, (_, row) => squaredFrom(values.subarray(row * stride, row * stride + n - left)));
}

/** -|y_i - y_j|^2 / 2 -> |y_i - y_j|^2, in place. */
function squaredFrom(nearness: Float32Array): Float32Array {
  for (let p = 0; p < nearness.length; p++) nearness[p] = -2 * nearness[p]!;
  return nearness;
}
