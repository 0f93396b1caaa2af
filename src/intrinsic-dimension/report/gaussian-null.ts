/** Normal points that have exactly the sample mean and covariance of a set. */
import { centre, secondMoments, timesMatrix } from '../estimators/spectrum';
import { type FlatRows, flatRows, type Rows } from '../points/points';
import type { SearchOptions } from '../search/neighbours';
import { PRODUCT_ROWS } from '../search/plan';
import { packRows, rowProducts } from '../search/products';

/** Pivots below this share of the largest are rounding errors. */
const ROUNDING = 1e-12;
/** If the columns exceed this share of the rows, the covariance of normal numbers is nearly singular. */
const SQUARE = 0.8;

/**
 * Points m + Q A, where m is the mean and A'A the covariance of the points X [n, d], and the orthogonal columns of Q are drawn
 * uniformly among those that are orthogonal to (1, ..., 1). If X is normal, these points have the distribution of X given its
 * mean and covariance (Eaton 1983, Multivariate Statistics, chapter 7). A comparison with them is then exact, even if a
 * covariance from few points is far from the true one.
 *
 * @param normal standard normal numbers
 * @returns points [n, d] in the units of the original points
 */
export async function gaussianLike(
  rows: Rows,
  normal: () => number,
  options: SearchOptions,
): Promise<FlatRows> {
  const points = centre(rows);
  const { n, d } = points;
  const wide = d >= n;
  const width = wide ? n - 1 : d;
  // [width, d] A
  const factor = wide ? contrasts(points) : upper((await secondMoments(points, options)).matrix, d);
  const draws = centredNormals(n, width, normal);
  // Q = G L^-T, where L L' = G'G / n; Y = G (L^-T A)
  const square = width > SQUARE * n;
  const moments = square ? (await secondMoments(draws, options)).matrix : await fastMoments(draws, options);
  solveTransposed(cholesky(moments, width), width, factor, d);
  const made = new Float64Array(n * d);
  const { center, unit } = points;
  await timesMatrix(draws, transposed(factor, width, d), options, (i, products) => {
    for (let c = 0; c < d; c++) made[i * d + c] = center[c]! + unit * products[c]!;
  });
  return flatRows(made, n, d);
}

/** [d, d] The covariance of centred points by float32 products, which are precise enough if it is far from singular. */
async function fastMoments(points: FlatRows, { signal }: SearchOptions): Promise<Float64Array> {
  const { n, d, data } = points;
  const columns = transposed(data, n, d);
  const packed = packRows({ data: columns.data, n: d, d: n });
  const products = new Float64Array(d * d);
  for (let top = 0; top < d; top += PRODUCT_ROWS) {
    const bottom = Math.min(d, top + PRODUCT_ROWS);
    products.set(rowProducts(packed, packed, { top, bottom, left: 0 }), top * d);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
  return products.map((product) => product / n);
}

/** [n - 1, d] Helmert's contrasts of the rows, orthonormal and orthogonal to their sum, divided by the root of n. */
function contrasts({ data, n, d }: FlatRows): Float64Array {
  const made = new Float64Array((n - 1) * d);
  const sum = data.slice(0, d);
  for (let i = 1; i < n; i++) {
    const scale = 1 / Math.sqrt(n * i * (i + 1));
    for (let c = 0; c < d; c++) {
      const value = data[i * d + c]!;
      made[(i - 1) * d + c] = scale * (sum[c]! - i * value);
      sum[c]! += value;
    }
  }
  return made;
}

/** Normal numbers [n, width], whose columns are centred. */
function centredNormals(n: number, width: number, normal: () => number): FlatRows {
  const data = new Float64Array(n * width);
  const mean = new Float64Array(width);
  for (let p = 0; p < data.length; p++) {
    data[p] = normal();
    mean[p % width]! += data[p]! / n;
  }
  for (let p = 0; p < data.length; p++) data[p]! -= mean[p % width]!;
  return flatRows(data, n, width);
}

/** The lower factor L of a matrix M = L L' that may lack full rank. */
function cholesky(matrix: Float64Array, size: number): Float64Array {
  const lower = matrix.slice();
  let largest = 0;
  for (let i = 0; i < size; i++) largest = Math.max(largest, matrix[i * size + i]!);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = lower[i * size + j]!;
      for (let p = i * size, q = j * size, end = p + j; p < end; p++, q++) sum -= lower[p]! * lower[q]!;
      if (i === j) lower[i * size + i] = sum > ROUNDING * largest ? Math.sqrt(sum) : 0;
      else lower[i * size + j] = lower[j * size + j]! > 0 ? sum / lower[j * size + j]! : 0;
    }
    lower.fill(0, i * size + i + 1, (i + 1) * size);
  }
  return lower;
}

/** The factor L' of a matrix L L'. */
function upper(matrix: Float64Array, size: number): Float64Array {
  return transposed(cholesky(matrix, size), size, size).data as Float64Array;
}

/** Solves L' X = B in place of B [size, columns]. */
function solveTransposed(lower: Float64Array, size: number, b: Float64Array, columns: number): void {
  for (let i = size - 1; i >= 0; i--) {
    const pivot = lower[i * size + i]!;
    const row = i * columns;
    for (let c = 0; c < columns; c++) b[row + c]! /= pivot;
    for (let j = 0; j < i; j++) {
      const factor = lower[i * size + j]!;
      for (let c = 0, q = j * columns; c < columns; c++, q++) b[q]! -= factor * b[row + c]!;
    }
  }
}

function transposed(data: ArrayLike<number>, n: number, d: number): FlatRows {
  const turned = new Float64Array(n * d);
  for (let i = 0; i < n; i++) for (let c = 0; c < d; c++) turned[c * n + i] = data[i * d + c]!;
  return flatRows(turned, d, n);
}
