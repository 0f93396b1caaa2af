/** Candidates for the nearest neighbours of every point, by float32 matrix products, with their error bound. */
import * as tf from '@tensorflow/tfjs';
import type { Rows } from './points';

/** Relative rounding of a float32 number. */
const UNIT = 2 ** -24;
/** Below this float32 numbers lose digits or become 0, depending on the processor's mode. */
const SMALLEST = 2 ** -126;
/** Columns in one matrix product: the bound on its rounding grows with their number. */
const CHUNK = 2048;
/** Rows in one block: larger ones leave the cache. */
const BLOCK = 256;

/** The float32 copy of a set: centred, scaled by a power of two into the unit ball, in column chunks. */
export interface SearchSet {
  readonly n: number;
  /** Multiplied with a distance between points it gives their distance in the search set. */
  readonly scale: number;
  /** Euclidean norms of the centred and scaled rows. */
  readonly norms: Float64Array;
  /** [n, columns] each; the last two columns of the last one are |y|^2 / 2 and 1. */
  readonly chunks: readonly tf.Tensor2D[];
  /** Rounding of inputs, relative to a norm. */
  readonly inputRounding: number;
  /** Rounding of a computed squared distance, relative to (|y_i| + |y_j|)^2. */
  readonly productRounding: number;
  readonly floor: number;
  dispose(): void;
}

/** For each point the `size` candidates that look nearest in float32, nearest first. */
export interface Shortlist {
  readonly size: number;
  /** [n * size] */
  readonly indices: Int32Array;
  /** [n * size] computed squared distances in the search set; every other point has at least the last. */
  readonly squared: Float32Array;
}

/** Copies points into the backend. Call `dispose()` when done. */
export function searchSet({ data, n, d }: Rows): SearchSet {
  const center = columnMeans({ data, n, d });
  let largest = 0;
  for (let i = 0, p = 0; i < n; i++) {
    for (let c = 0; c < d; c++, p++) {
      const size = Math.abs(data[p]! - center[c]!);
      if (size > largest) largest = size;
    }
  }
  if (!(largest < 1e150)) {
    throw new RangeError(
      `values up to ${largest.toExponential(1)} overflow when squared: divide the points by it`,
    );
  }
  const scale = 2 ** -Math.max(-1000, Math.ceil(Math.log2(largest * Math.sqrt(d))));
  const squares = new Float64Array(n);
  const chunks: tf.Tensor2D[] = [];
  for (let first = 0; first < d; first += CHUNK) {
    const columns = Math.min(CHUNK, d - first);
    const last = first + columns === d;
    const width = last ? columns + 2 : columns;
    const chunk = new Float32Array(n * width);
    for (let i = 0; i < n; i++) {
      const from = i * d + first;
      const to = i * width;
      let sum = 0;
      for (let c = 0; c < columns; c++) {
        const y = Math.fround((data[from + c]! - center[first + c]!) * scale);
        chunk[to + c] = y;
        sum += y * y;
      }
      squares[i]! += sum;
      if (last) {
        chunk[to + columns] = squares[i]! / 2;
        chunk[to + columns + 1] = 1;
      }
    }
    chunks.push(tf.tensor2d(chunk, [n, width]));
  }
  const unit = inputPrecision();
  const terms = Math.min(d, CHUNK) + 3 + chunks.length;
  return {
    n,
    scale,
    norms: squares.map(Math.sqrt),
    chunks,
    inputRounding: UNIT,
    productRounding: (terms * UNIT) / (1 - terms * UNIT) + (unit > UNIT ? 2.01 * unit : 0),
    floor: (d + 2) * SMALLEST,
    dispose: () => tf.dispose(chunks as tf.Tensor2D[]),
  };
}

/**
 * The largest computed squared distance that a point within the true distance `r` (in the search set's scale)
 * of point `i` can have: rounding moves each of the two points by u |y|, and a sum of n products by
 * n u (|y_i| + |y_j|)^2 (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), where |y_j| is
 * at most |y_i| + r.
 */
export function largestComputed(set: SearchSet, i: number, r: number): number {
  const reach = 2 * set.norms[i]! + r;
  const moved = r * (1 + 1e-9) + set.inputRounding * reach * 1.01 + set.floor;
  return moved * moved + set.productRounding * reach * reach * 1.01 + set.floor;
}

/** Rows of a block, so that its temporary matrices stay within `memory` bytes. */
export function blockRows(n: number, memory: number): number {
  const bytes = 4 * 4 * n; // the product, a partial sum, and their copies in JavaScript, in float32
  const affordable = Math.floor(memory / bytes);
  if (affordable < 16) {
    throw new RangeError(
      `a memory budget of ${Math.floor(memory / 2 ** 20)} MiB is too small for ${n} points: ` +
        `give at least ${Math.ceil((16 * bytes) / 2 ** 20)} MiB`,
    );
  }
  return Math.min(BLOCK, affordable);
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
  rows: number,
  rest: (done: number) => Promise<void>,
): Promise<Shortlist> {
  const { n } = set;
  const lists: Lists = {
    size,
    indices: new Int32Array(n * size),
    nearness: new Float32Array(n * size).fill(Number.NEGATIVE_INFINITY),
    least: new Float32Array(n).fill(Number.NEGATIVE_INFINITY),
  };
  for (let start = 0; start < n; start += rows) {
    const count = Math.min(rows, n - start);
    const product = tf.tidy(() => negatedHalfSquares(set, rowsOf(set, start, count), start));
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
  const product = tf.tidy(() => {
    const indices = tf.tensor1d(chosen, 'int32');
    const left = set.chunks.map((chunk) => tf.gather(chunk, indices));
    return negatedHalfSquares(set, left, 0);
  });
  const squared = product.dataSync() as Float32Array;
  product.dispose();
  for (let p = 0; p < squared.length; p++) squared[p] = -2 * squared[p]!;
  return squared;
}

function rowsOf(set: SearchSet, start: number, count: number): tf.Tensor2D[] {
  return set.chunks.map((chunk) => tf.slice(chunk, [start, 0], [count, chunk.shape[1]]));
}

/** -|y_i - y_j|^2 / 2 = y_i y_j - |y_j|^2 / 2 - |y_i|^2 / 2, as one product with two more columns. */
function negatedHalfSquares(set: SearchSet, left: tf.Tensor2D[], from: number): tf.Tensor2D {
  const last = set.chunks.length - 1;
  let sum: tf.Tensor2D | undefined;
  set.chunks.forEach((chunk, c) => {
    let block = left[c]!;
    if (c === last) {
      const [rows, width] = block.shape;
      const coordinates = tf.slice(block, [0, 0], [rows, width - 2]);
      const extra = tf.slice(block, [0, width - 2], [rows, 2]); // [|y|^2 / 2, 1] -> [-1, -|y|^2 / 2]
      block = tf.concat([coordinates, tf.neg(tf.reverse(extra, 1))], 1) as tf.Tensor2D;
    }
    const right = from === 0 ? chunk : tf.slice(chunk, [from, 0], [set.n - from, chunk.shape[1]]);
    const product = tf.matMul(block, right, false, true) as tf.Tensor2D;
    if (sum === undefined) {
      sum = product;
    } else {
      const partial = sum;
      sum = tf.add(partial, product) as tf.Tensor2D;
      tf.dispose([partial, product]);
    }
  });
  return sum!;
}

function columnMeans({ data, n, d }: Rows): Float64Array {
  const means = new Float64Array(d);
  for (let i = 0, p = 0; i < n; i++) for (let c = 0; c < d; c++, p++) means[c]! += data[p]! / n;
  return means;
}

const precisions = new Map<string, number>();

/** Rounding of a product's inputs: GPUs may keep 10 bits of 23 (TensorFloat-32), and this finds it out. */
function inputPrecision(): number {
  const backend = tf.getBackend();
  let unit = precisions.get(backend);
  if (unit === undefined) {
    const size = 128;
    const probe = (bits: number): boolean =>
      tf.tidy(() => {
        const value = 1 + 2 ** -bits;
        const product = tf.matMul(tf.mul(tf.eye(size), value), tf.eye(size));
        return product.dataSync().every((x, p) => x === (p % (size + 1) === 0 ? value : 0));
      });
    unit =
      [23, 10, 7].map((bits) => (probe(bits) ? 2 ** -(bits + 1) : undefined)).find((u) => u !== undefined) ??
      2 ** -5;
    precisions.set(backend, unit);
  }
  return unit;
}
