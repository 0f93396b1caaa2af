/** Points as the backend searches them: in float32, with a bound on how wrong a computed distance can be. */
import * as tf from '@tensorflow/tfjs';
import type { Rows } from './points';

/** Relative rounding of a float32 number. */
export const UNIT: number = 2 ** -24;
/** Below this float32 numbers lose digits or become 0, depending on the processor's mode. */
const SMALLEST = 2 ** -126;
/** Columns in one matrix product: the bound on its rounding grows with their number. */
const CHUNK = 2048;
/** Points that a set is centred and scaled by, unless others are much farther out. */
const SAMPLE = 256;
/** Norm from which on float32 products could overflow. */
const FAR = 1e15;

/** A float32 image of a set in which no distance is longer than in the set itself, up to known rounding. */
export interface SearchSet {
  readonly n: number;
  /** Multiplied with a distance between points it gives their distance in the search set. */
  readonly scale: number;
  /** [n] Euclidean norms of the centred and scaled points. */
  readonly norms: Float64Array;
  /** Whether the chunks are kept; if not, few large blocks of rows are better than many small ones. */
  readonly resident: boolean;
  /** Number of column chunks. */
  readonly chunks: number;
  /** Lends chunk `c`, [n, columns]; the last two columns of the last one are |y|^2 / 2 and 1. */
  lend<T>(c: number, use: (chunk: tf.Tensor2D) => T): T;
  /** The most that the image can stretch a distance. */
  readonly stretch: number;
  /** How far rounding moves a point of the image, relative to its norm. */
  readonly inputRounding: number;
  /** Rounding of a computed squared distance, relative to (|y_i| + |y_j|)^2. */
  readonly productRounding: number;
  readonly floor: number;
  dispose(): void;
}

/** Centres and scales a set into the unit ball. */
export interface Frame {
  readonly center: Float64Array;
  /** A power of two, so that scaling rounds nothing. */
  readonly scale: number;
}

/**
 * The points themselves, centred and scaled. Where their float32 copy is larger than `memory`, it is made anew, chunk
 * by chunk, each time that it is needed. Call `dispose()` when done.
 *
 * @throws RangeError when the values overflow when squared
 */
export function searchSet(rows: Rows, memory: number): SearchSet {
  const sampled = framedSet(rows, frameOf(rows, Math.ceil(rows.n / SAMPLE)), memory);
  if (sampled.norms.every((norm) => norm < FAR)) return sampled;
  sampled.dispose();
  return framedSet(rows, frameOf(rows), memory);
}

function framedSet(rows: Rows, frame: Frame, memory: number): SearchSet {
  const { n, d } = rows;
  const resident = 4 * n * (d + 2 + Math.min(d, CHUNK)) <= memory;
  const columns = resident ? CHUNK : Math.max(1, Math.min(CHUNK, Math.floor(memory / (8 * n)) - 2));
  const count = Math.ceil(d / columns);
  const squares = new Float64Array(n);
  if (!resident) addSquares(rows, frame, squares);
  const chunk = (c: number): tf.Tensor2D => {
    const [first, end] = [c * columns, Math.min(d, (c + 1) * columns)];
    const width = end === d ? end - first + 2 : end - first;
    const values = new Float32Array(n * width);
    fillChunk(rows, frame, { from: 0, count: n }, [{ first, end }], {
      values,
      width,
      squares: resident ? squares : undefined,
    });
    if (end === d) {
      for (let i = 0; i < n; i++) {
        values[i * width + width - 2] = squares[i]! / 2;
        values[i * width + width - 1] = 1;
      }
    }
    return tf.tensor2d(values, [n, width]);
  };
  const kept = resident ? Array.from({ length: count }, (_, c) => chunk(c)) : undefined;
  return {
    n,
    scale: frame.scale,
    norms: squares.map(Math.sqrt),
    resident,
    chunks: count,
    lend: (c, use) => {
      if (kept) return use(kept[c]!);
      const lent = chunk(c);
      try {
        return use(lent);
      } finally {
        lent.dispose();
      }
    },
    stretch: 1 + 1e-9,
    inputRounding: UNIT,
    productRounding: productRounding(Math.min(d, columns) + 3 + count),
    floor: (d + 2) * SMALLEST,
    dispose: () => tf.dispose(kept ?? []),
  };
}

/** A set of points [n, m] that were computed with known errors, as the image of another set. */
export function imageSet(
  image: Float32Array,
  m: number,
  original: Pick<SearchSet, 'n' | 'scale' | 'norms' | 'stretch' | 'inputRounding'>,
): SearchSet {
  const { n } = original;
  const width = m + 2;
  const padded = new Float32Array(n * width);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let c = 0; c < m; c++) {
      const y = image[i * m + c]!;
      padded[i * width + c] = y;
      sum += y * y;
    }
    padded[i * width + m] = sum / 2;
    padded[i * width + m + 1] = 1;
  }
  const chunk = tf.tensor2d(padded, [n, width]);
  return {
    ...original,
    resident: true,
    chunks: 1,
    lend: (_, use) => use(chunk),
    // The norms are those of the original points; the image's are at most as much longer as this factor grants.
    productRounding: productRounding(m + 4) * (original.stretch + original.inputRounding) ** 2,
    floor: (m + 2) * SMALLEST,
    dispose: () => chunk.dispose(),
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
  const moved = r * set.stretch + set.inputRounding * reach * 1.01 + set.floor;
  return moved * moved + set.productRounding * reach * reach * 1.01 + set.floor;
}

/** The rounding of a sum of products, relative to the sum of their absolute values. */
export function productRounding(terms: number): number {
  const unit = inputPrecision();
  return (terms * UNIT) / (1 - terms * UNIT) + (unit > UNIT ? 2.01 * unit : 0);
}

/**
 * The frame of every `step`-th point: the others lie about the same centre, and need not lie in the unit ball.
 *
 * @throws RangeError when the values overflow when squared
 */
export function frameOf(rows: Rows, step = 1): Frame {
  const { n, d } = rows;
  const center = new Float64Array(d);
  const share = 1 / Math.ceil(n / step);
  for (let i = 0; i < n; i += step) {
    const row = rows.row(i);
    for (let c = 0; c < d; c++) center[c]! += row[c]! * share;
  }
  let largest = 0;
  for (let i = 0; i < n; i += step) {
    const row = rows.row(i);
    for (let c = 0; c < d; c++) {
      const size = Math.abs(row[c]! - center[c]!);
      if (size > largest) largest = size;
    }
  }
  if (!(largest < 1e150)) {
    throw new RangeError(
      `values up to ${largest.toExponential(1)} overflow when squared: divide the points by it`,
    );
  }
  return { center, scale: 2 ** -Math.max(-1000, Math.ceil(Math.log2(largest * Math.sqrt(d)))) };
}

/** Columns `first` .. `end` - 1. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/** Writes some columns of chosen rows, centred and scaled, and adds up their squares. */
export function fillChunk(
  rows: Rows,
  { center, scale }: Frame,
  chosen: { readonly from: number; readonly count: number; readonly step?: number },
  ranges: readonly Range[],
  target: {
    readonly values: Float32Array;
    readonly width: number;
    readonly squares?: Float64Array | undefined;
  },
): void {
  const { from, count, step = 1 } = chosen;
  const { values, width, squares } = target;
  for (let r = 0; r < count; r++) {
    const row = rows.row(from + r * step);
    let to = r * width;
    let sum = 0;
    for (const { first, end } of ranges) {
      for (let c = first; c < end; c++) {
        const y = Math.fround((row[c]! - center[c]!) * scale);
        values[to++] = y;
        sum += y * y;
      }
    }
    if (squares) squares[from + r * step]! += sum;
  }
}

/** The squared norms of the points as they are in the chunks. */
function addSquares(rows: Rows, { center, scale }: Frame, squares: Float64Array): void {
  for (let i = 0; i < rows.n; i++) {
    const row = rows.row(i);
    for (let c = 0; c < rows.d; c++) squares[i]! += Math.fround((row[c]! - center[c]!) * scale) ** 2;
  }
}

const precisions = new Map<string, number>();

/** Rounding of a product's inputs: GPUs may keep 10 bits of 23 (TensorFloat-32), and this finds it out. */
export function inputPrecision(): number {
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
