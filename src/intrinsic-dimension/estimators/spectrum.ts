/** Linear dimensions: how many directions the variance of a point set fills. */
import * as tf from '@tensorflow/tfjs';
import type { Matrix } from 'ml-matrix';
import { type FlatRows, flatRows, type Rows } from '../points/points';
import type { SearchOptions } from '../search/neighbours';
import { frameOf } from '../search/search-set';
import { eigen } from './eigen';

/** An estimate, and how far each point moves it, times their number. */
export interface SpectrumEstimate {
  readonly value: number;
  readonly influences: Float64Array;
  /** Root of the mean squared distance between two points. */
  readonly scale: number;
}

/** Multiplications beyond which the products are left to the backend, in float32. */
const EXACT_WORK = 1e10;
/** Rows of a block. */
const BLOCK = 512;
/** Columns in one float32 product; the products are summed in float64. */
const CHUNK = 1024;

/**
 * tr(C)^2 / |C|_F^2 of the covariance C: the number of directions of equal variance that would give the same
 * spread of eigenvalues.
 */
export async function participationRatio(rows: Rows, options: SearchOptions): Promise<SpectrumEstimate> {
  const centred = centre(rows);
  const { matrix, size, side } = await secondMoments(centred, options);
  let trace = 0;
  for (let i = 0; i < size; i++) trace += matrix[i * size + i]!;
  const squared = matrix.reduce((sum, value) => sum + value * value, 0);
  const value = trace ** 2 / squared;
  const lengths = squaredLengths(centred);
  // y'Cy of every point y
  const spreads =
    side === 'points' ? gramSpreads(matrix, size) : await quadraticForms(centred, matrix, options);
  const influences = lengths.map(
    (length, i) => value * ((2 * (length - trace)) / trace - (2 * (spreads[i]! - squared)) / squared),
  );
  return { value, influences, scale: Math.sqrt(2 * trace) * centred.unit };
}

/** An estimated number of principal components. */
export interface ComponentsEstimate {
  readonly value: number;
  readonly scale: number;
  /** The numbers that a share of variance within `reach` standard errors would give. */
  range(reach: number): { readonly lower: number; readonly upper: number };
}

/** The smallest number of principal components that hold a share of the variance. */
export async function principalComponents(
  rows: Rows,
  share: number,
  options: SearchOptions,
): Promise<ComponentsEstimate> {
  const centred = centre(rows);
  const { n } = rows;
  const { matrix, size, side } = await secondMoments(centred, options);
  const { values, vectors } = await eigen(matrix, size, options.signal);
  const total = values.reduce((sum, value) => sum + value, 0);
  const lengths = squaredLengths(centred);
  // How far the points' projections make the share of the first m components uncertain, for every m.
  const variances = new Float64Array(size);
  await projections(centred, vectors, values, side, options, (i, squares) => {
    let held = 0;
    let cumulative = 0;
    for (let m = 0; m < size; m++) {
      held += squares[m]!;
      cumulative += values[m]! / total;
      variances[m]! += ((held - cumulative * lengths[i]!) / total / n) ** 2;
    }
  });
  const needed = (reach: number): number => {
    let cumulative = 0;
    for (let m = 0; m < size; m++) {
      cumulative += values[m]! / total;
      // The sum of all eigenvalues may miss 1 by rounding.
      if (cumulative + reach * Math.sqrt(variances[m]!) >= share - 1e-12) return m + 1;
    }
    return size;
  };
  return {
    value: needed(0),
    scale: Math.sqrt(2 * total) * centred.unit,
    range: (reach) => ({ lower: needed(reach), upper: needed(-reach) }),
  };
}

/** Points around their mean in float64, scaled into the unit ball, where float32 products neither overflow nor vanish. */
function centre(rows: Rows): FlatRows & { readonly unit: number } {
  const { n, d } = rows;
  const { center, scale } = frameOf(rows);
  const centred = new Float64Array(n * d);
  for (let i = 0, p = 0; i < n; i++) {
    const row = rows.row(i);
    for (let c = 0; c < d; c++, p++) centred[p] = (row[c]! - center[c]!) * scale;
  }
  return { ...flatRows(centred, n, d), unit: 1 / scale };
}

function squaredLengths({ data, n, d }: FlatRows): Float64Array {
  const squares = new Float64Array(n);
  for (let i = 0, p = 0; i < n; i++) for (let c = 0; c < d; c++, p++) squares[i]! += data[p]! ** 2;
  return squares;
}

/** The covariance [d, d], or the products of the points [n, n], which have the same eigenvalues: the smaller. */
interface Moments {
  readonly matrix: Float64Array;
  readonly size: number;
  readonly side: 'coordinates' | 'points';
}

async function secondMoments(centred: FlatRows, options: SearchOptions): Promise<Moments> {
  const { n, d } = centred;
  const side = d <= n ? 'coordinates' : 'points';
  const size = Math.min(n, d);
  const exact = (n * d * size) / 2 <= EXACT_WORK;
  const matrix = exact
    ? await exactProducts(side === 'points' ? centred : transpose(centred), options)
    : await fastProducts(centred, side, options);
  for (let p = 0; p < matrix.length; p++) matrix[p]! /= n;
  return { matrix, size, side };
}

/** Products of all pairs of rows in float64, [n, n]. */
async function exactProducts(
  { data, n, d }: FlatRows,
  { onProgress, signal }: SearchOptions,
): Promise<Float64Array> {
  const products = new Float64Array(n * n);
  let last = performance.now();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let p = i * d, q = j * d, end = p + d; p < end; p++, q++) sum += data[p]! * data[q]!;
      products[i * n + j] = sum;
      products[j * n + i] = sum;
    }
    if (performance.now() - last < 40) continue;
    onProgress?.((i / n) ** 2);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    last = performance.now();
  }
  return products;
}

/** The same by the backend: float32 products of chunks, added in float64. */
async function fastProducts(
  { data, n, d }: FlatRows,
  side: Moments['side'],
  { onProgress, signal }: SearchOptions,
): Promise<Float64Array> {
  const size = side === 'points' ? n : d;
  const [inner, columns] = side === 'points' ? [d, n] : [n, d];
  const at =
    side === 'points'
      ? (k: number, i: number) => data[i * d + k]!
      : (k: number, i: number) => data[k * d + i]!;
  const products = new Float64Array(size * size);
  for (let first = 0; first < inner; first += CHUNK) {
    const count = Math.min(CHUNK, inner - first);
    const chunk = new Float32Array(count * columns);
    for (let k = 0; k < count; k++)
      for (let i = 0; i < columns; i++) chunk[k * columns + i] = at(first + k, i);
    const sum = tf.tidy(() => {
      const part = tf.tensor2d(chunk, [count, columns]);
      return tf.matMul(part, part, true, false);
    });
    const values = sum.dataSync();
    sum.dispose();
    for (let p = 0; p < products.length; p++) products[p]! += values[p]!;
    onProgress?.((first + count) / inner);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
  return products;
}

function transpose({ data, n, d }: FlatRows): FlatRows {
  const columns = new Float64Array(n * d);
  for (let i = 0; i < n; i++) for (let c = 0; c < d; c++) columns[c * n + i] = data[i * d + c]!;
  return flatRows(columns, d, n);
}

/** y'Cy from the products of the points: the mean of the squared products with all points. */
function gramSpreads(matrix: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let p = i * n; p < (i + 1) * n; p++) sum += matrix[p]! ** 2;
    return n * sum;
  });
}

/** y'Cy by the backend: it serves only the error of the estimate, for which float32 is enough. */
async function quadraticForms(
  { data, n, d }: FlatRows,
  matrix: Float64Array,
  { signal }: SearchOptions,
): Promise<Float64Array> {
  const forms = new Float64Array(n);
  const covariance = tf.tensor2d(Float32Array.from(matrix), [d, d]);
  try {
    for (let first = 0; first < n; first += BLOCK) {
      const count = Math.min(BLOCK, n - first);
      const values = tf.tidy(() => {
        const block = tf.tensor2d(Float32Array.from(data.subarray(first * d, (first + count) * d)), [
          count,
          d,
        ]);
        return tf.sum(tf.mul(tf.matMul(block, covariance), block), 1);
      });
      forms.set(values.dataSync(), first);
      values.dispose();
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
  } finally {
    covariance.dispose();
  }
  return forms;
}

/** Calls `use` for every point with its squared projections on the components. */
async function projections(
  { data, n, d }: FlatRows,
  vectors: Matrix,
  values: Float64Array,
  side: Moments['side'],
  { signal }: SearchOptions,
  use: (i: number, squares: Float64Array | Float32Array) => void,
): Promise<void> {
  const size = values.length;
  if (side === 'points') {
    for (let i = 0; i < n; i++) {
      use(
        i,
        Float64Array.from({ length: size }, (_, m) => n * values[m]! * vectors.get(i, m) ** 2),
      );
    }
    return;
  }
  const basis = tf.tensor2d(Float32Array.from(vectors.to1DArray()), [d, size]);
  try {
    for (let first = 0; first < n; first += BLOCK) {
      const count = Math.min(BLOCK, n - first);
      const squared = tf.tidy(() => {
        const block = tf.tensor2d(Float32Array.from(data.subarray(first * d, (first + count) * d)), [
          count,
          d,
        ]);
        return tf.square(tf.matMul(block, basis));
      });
      const squares = squared.dataSync() as Float32Array;
      squared.dispose();
      for (let r = 0; r < count; r++) use(first + r, squares.subarray(r * size, (r + 1) * size));
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
  } finally {
    basis.dispose();
  }
}
