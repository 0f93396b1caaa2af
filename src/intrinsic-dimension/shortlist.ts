/** Candidates for the nearest neighbours of every point, by float32 matrix products. */
import * as tf from '@tensorflow/tfjs';
import type { SearchSet } from './search-set';

/** Rows in one block: larger ones leave the cache. */
const BLOCK = 256;

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
 * The `size` nearest candidates of every point. Each block of rows meets only the points from its own first
 * row on: the matrix of distances is symmetric, so each pair is computed once and offered to both.
 *
 * @param size less than the number of points
 * @param rest called between blocks with the share that is done; may let other work run
 */
export async function shortlist(
  set: SearchSet,
  size: number,
  blockSize: number,
  rest: (done: number) => Promise<void>,
): Promise<Shortlist> {
  const { n } = set;
  const rows = set.resident ? Math.min(BLOCK, blockSize) : blockSize;
  const lists: Lists = {
    size,
    indices: new Int32Array(n * size),
    nearness: new Float32Array(n * size).fill(Number.NEGATIVE_INFINITY),
    least: new Float32Array(n).fill(Number.NEGATIVE_INFINITY),
  };
  for (let start = 0; start < n; start += rows) {
    const count = Math.min(rows, n - start);
    const product = negatedHalfSquares(set, start, (chunk) =>
      tf.slice(chunk, [start, 0], [count, chunk.shape[1]]),
    );
    offerBlock(lists, product.dataSync() as Float32Array, start, count, n);
    product.dispose();
    const left = 1 - (start + count) / n;
    await rest(1 - left * left);
  }
  return { size, indices: lists.indices, squared: lists.nearness.map((value) => -2 * value) };
}

/** Lists that grow: the nearest so far, with nearness -|y_i - y_j|^2 / 2. */
interface Lists {
  readonly size: number;
  readonly indices: Int32Array;
  readonly nearness: Float32Array;
  /** [n] Nearness of each list's last. */
  readonly least: Float32Array;
}

/** Offers each pair above the diagonal of a block, [count, n - start], to both of its points. */
function offerBlock(lists: Lists, values: Float32Array, start: number, count: number, n: number): void {
  const { least } = lists;
  const width = n - start;
  for (let r = 0; r < count; r++) {
    const row = start + r;
    let threshold = least[row]!;
    for (let column = row + 1, p = r * width + r + 1; column < n; column++, p++) {
      const value = values[p]!;
      if (value > threshold) {
        insert(lists, row, column, value);
        threshold = least[row]!;
      }
      if (value > least[column]!) insert(lists, column, row, value);
    }
  }
}

function insert(
  { size, indices, nearness, least }: Lists,
  point: number,
  other: number,
  value: number,
): void {
  const begin = point * size;
  let p = begin + size - 1;
  for (; p > begin && nearness[p - 1]! < value; p--) {
    nearness[p] = nearness[p - 1]!;
    indices[p] = indices[p - 1]!;
  }
  nearness[p] = value;
  indices[p] = other;
  least[point] = nearness[begin + size - 1]!;
}

/** Computed squared distances in the search set from some points to all, [chosen.length * n]. */
export function squaredDistancesFrom(set: SearchSet, chosen: Int32Array): Float32Array {
  const product = negatedHalfSquares(set, 0, (chunk) => tf.gather(chunk, tf.tensor1d(chosen, 'int32')));
  const squared = product.dataSync() as Float32Array;
  product.dispose();
  for (let p = 0; p < squared.length; p++) squared[p] = -2 * squared[p]!;
  return squared;
}

/**
 * -|y_i - y_j|^2 / 2 = y_i y_j - |y_j|^2 / 2 - |y_i|^2 / 2, as one product with two more columns, for the points
 * from number `from` on.
 *
 * @param take the points i of a chunk
 */
function negatedHalfSquares(
  set: SearchSet,
  from: number,
  take: (chunk: tf.Tensor2D) => tf.Tensor2D,
): tf.Tensor2D {
  let sum: tf.Tensor2D | undefined;
  for (let c = 0; c < set.chunks; c++) {
    const before = sum;
    sum = set.lend(c, (chunk) =>
      tf.tidy(() => {
        const left = c === set.chunks - 1 ? negated(take(chunk)) : take(chunk);
        const right = from === 0 ? chunk : tf.slice(chunk, [from, 0], [set.n - from, chunk.shape[1]]);
        const product = tf.matMul(left, right, false, true) as tf.Tensor2D;
        return before ? (tf.add(before, product) as tf.Tensor2D) : product;
      }),
    );
    before?.dispose();
  }
  return sum!;
}

/** The last two columns [|y|^2 / 2, 1] -> [-1, -|y|^2 / 2]. */
function negated(block: tf.Tensor2D): tf.Tensor2D {
  const [rows, width] = block.shape;
  const coordinates = tf.slice(block, [0, 0], [rows, width - 2]);
  const extra = tf.slice(block, [0, width - 2], [rows, 2]);
  return tf.concat([coordinates, tf.neg(tf.reverse(extra, 1))], 1) as tf.Tensor2D;
}
