/** Candidates for the nearest neighbours of every point, by float32 matrix products. */
import * as tf from '@tensorflow/tfjs';
import type { SearchSet } from './search-set';
import { NearestLists } from './shortlist-kernel';

/** Most points on each side of a tile of the matrix of distances: its products and both sides' lists stay in the cache. */
const TILE = 1024;
/** Least tiles on each side of the matrix: of a single one both halves would be computed. */
const TILES = 3;

/** For each point the `size` candidates that look nearest in float32, nearest first. */
export interface Shortlist {
  readonly size: number;
  /** [n * size] */
  readonly indices: Int32Array;
  /** [n * size] computed squared distances in the search set; every other point has at least the last. */
  readonly squared: Float32Array;
}

/**
 * Rows of a block, so that its temporary matrices stay within `memory` bytes: half of what a search may take, the
 * other half being for the float32 copy of the points.
 */
export function blockRows(n: number, memory: number): number {
  const bytes = 4 * 4 * n; // the product, a partial sum, and their copies in JavaScript, in float32
  const affordable = Math.floor(memory / bytes);
  if (affordable < 16) {
    throw new RangeError(
      `a memory budget of ${Math.floor((2 * memory) / 2 ** 20)} MiB is too small for ${n} points: ` +
        `give at least ${Math.ceil((2 * 16 * bytes) / 2 ** 20)} MiB`,
    );
  }
  return affordable;
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
  blockSize: number,
  rest: (done: number) => Promise<void>,
): Promise<Shortlist> {
  const { n } = set;
  // A set that is made anew each time is better met in few large blocks.
  const height = set.resident
    ? Math.min(TILE, Math.ceil(n / TILES), Math.floor(Math.sqrt(blockSize * n)))
    : blockSize;
  const lists = new NearestLists(n, size, set.resident ? height : n);
  let done = 0;
  for (let top = 0; top < n; top += height) {
    const bottom = Math.min(n, top + height);
    const width = set.resident ? height : n - top;
    const rows = new LeftSide(set, (chunk) => tf.slice(chunk, [top, 0], [bottom - top, chunk.shape[1]]));
    try {
      for (let left = top; left < n; left += width) {
        const right = Math.min(n, left + width);
        const product = rows.times(left, right);
        offerTile(lists, product.dataSync() as Float32Array, { top, bottom, left, right });
        product.dispose();
        done += (bottom - top) * (right - left);
        await rest(done / ((n * (n + height)) / 2));
      }
    } finally {
      rows.dispose();
    }
  }
  return { size, indices: lists.indices, squared: squaredFrom(lists.nearness) };
}

/** Rows `top` .. `bottom` - 1 and columns `left` .. `right` - 1 of the matrix of distances. */
interface Tile {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Offers each pair of a tile that is above the diagonal to both of its points. */
function offerTile(lists: NearestLists, values: Float32Array, { top, bottom, left, right }: Tile): void {
  const width = right - left;
  for (let row = top; row < bottom; row++) {
    const first = Math.max(left, row + 1);
    const begin = (row - top) * width;
    lists.offer(row, first, values.subarray(begin + first - left, begin + width));
  }
}

/** Computed squared distances in the search set from some points to all, [chosen.length * n]. */
export function squaredDistancesFrom(set: SearchSet, chosen: Int32Array): Float32Array {
  const rows = new LeftSide(set, (chunk) => tf.gather(chunk, tf.tensor1d(chosen, 'int32')));
  try {
    const product = rows.times(0, set.n);
    const nearness = product.dataSync() as Float32Array;
    product.dispose();
    return squaredFrom(nearness);
  } finally {
    rows.dispose();
  }
}

/** -|y_i - y_j|^2 / 2 -> |y_i - y_j|^2, in place. */
function squaredFrom(nearness: Float32Array): Float32Array {
  for (let p = 0; p < nearness.length; p++) nearness[p] = -2 * nearness[p]!;
  return nearness;
}

/**
 * Some points i of a set, to be multiplied with ranges of all points j: -|y_i - y_j|^2 / 2 =
 * y_i y_j - |y_j|^2 / 2 - |y_i|^2 / 2, as one product with two more columns.
 */
class LeftSide {
  /** Of a resident set, by chunk. */
  readonly #kept: tf.Tensor2D[] | undefined;

  /** @param take the points i of a chunk */
  constructor(
    readonly set: SearchSet,
    readonly take: (chunk: tf.Tensor2D) => tf.Tensor2D,
  ) {
    if (set.resident) {
      this.#kept = Array.from({ length: set.chunks }, (_, c) => set.lend(c, (chunk) => this.#of(chunk, c)));
    }
  }

  /** With the points from `first` to `end` - 1: [points i, end - first]. */
  times(first: number, end: number): tf.Tensor2D {
    let sum: tf.Tensor2D | undefined;
    for (let c = 0; c < this.set.chunks; c++) {
      const before = sum;
      sum = this.set.lend(c, (chunk) =>
        tf.tidy(() => {
          const left = this.#kept?.[c] ?? this.#of(chunk, c);
          const right = tf.slice(chunk, [first, 0], [end - first, chunk.shape[1]]);
          const product = tf.matMul(left, right, false, true) as tf.Tensor2D;
          return before ? (tf.add(before, product) as tf.Tensor2D) : product;
        }),
      );
      before?.dispose();
    }
    return sum!;
  }

  dispose(): void {
    tf.dispose(this.#kept ?? []);
  }

  #of(chunk: tf.Tensor2D, c: number): tf.Tensor2D {
    return tf.tidy(() => (c === this.set.chunks - 1 ? negated(this.take(chunk)) : this.take(chunk)));
  }
}

/** The last two columns [|y|^2 / 2, 1] -> [-1, -|y|^2 / 2]. */
function negated(block: tf.Tensor2D): tf.Tensor2D {
  const [rows, width] = block.shape;
  const coordinates = tf.slice(block, [0, 0], [rows, width - 2]);
  const extra = tf.slice(block, [0, width - 2], [rows, 2]);
  return tf.concat([coordinates, tf.neg(tf.reverse(extra, 1))], 1) as tf.Tensor2D;
}
