/** The covariance of a point set, or its inner products, from which linear dimensions are computed. */

import { threads } from '../../threads';
import { pauses } from '../pauses';
import { type FlatRows, flatRows, type Rows } from '../points/points';
import { kernel } from '../search/kernel';
import type { SearchOptions } from '../search/neighbours';
import { PRODUCT_ROWS, rowsAtOnce } from '../search/plan';
import { packRows, rowProducts } from '../search/products';
import { frameOf } from '../search/search-set';

/** With more multiplications, the products are computed by the search kernel, in float32. */
const EXACT_WORK = 1e10;

/** Centred points in float64, scaled into the unit ball, where float32 products neither overflow nor vanish. */
export function centre(rows: Rows): FlatRows & { readonly center: Float64Array; readonly unit: number } {
  const { n, d } = rows;
  const { center, scale } = frameOf(rows);
  const centred = new Float64Array(n * d);
  for (let i = 0, p = 0; i < n; i++) {
    const row = rows.row(i);
    for (let c = 0; c < d; c++, p++) centred[p] = (row[c]! - center[c]!) * scale;
  }
  return { ...flatRows(centred, n, d), center, unit: 1 / scale };
}

export function squaredLengths({ data, n, d }: FlatRows): Float64Array {
  const squares = new Float64Array(n);
  for (let i = 0, p = 0; i < n; i++) for (let c = 0; c < d; c++, p++) squares[i]! += data[p]! ** 2;
  return squares;
}

/** The covariance [d, d] or the inner products of the points [n, n], whichever is smaller; they have the same eigenvalues. */
export interface Moments {
  readonly matrix: Float64Array;
  readonly size: number;
  readonly side: 'coordinates' | 'points';
}

export async function secondMoments(centred: FlatRows, options: SearchOptions): Promise<Moments> {
  const { n, d } = centred;
  const side = d <= n ? 'coordinates' : 'points';
  const size = Math.min(n, d);
  const exact = (n * d * size) / 2 <= EXACT_WORK;
  const rows = side === 'points' ? centred : transpose(centred);
  const matrix = await (exact ? exactProducts : fastProducts)(rows, options);
  for (let p = 0; p < matrix.length; p++) matrix[p]! /= n;
  return { matrix, size, side };
}

/** Inner products of all pairs of rows in float64, [n, n]. */
async function exactProducts(
  { data, n, d }: FlatRows,
  { onProgress, signal }: SearchOptions,
): Promise<Float64Array> {
  const rows = data instanceof Float64Array ? data : Float64Array.from(data);
  const products = new Float64Array(n * n);
  const rest = pauses(onProgress, signal);
  const step = rowsAtOnce(n * d);
  for (let first = 0; first < n; first += step) {
    const last = Math.min(n, first + step);
    kernel().innerProducts(rows, n, d, first, last, products, threads());
    for (let i = first; i < last; i++) for (let j = 0; j < i; j++) products[j * n + i] = products[i * n + j]!;
    await rest((last / n) ** 2);
  }
  return products;
}

/** The same by the search kernel, in float32; only the products above the diagonal are computed. */
async function fastProducts(matrix: FlatRows, { onProgress, signal }: SearchOptions): Promise<Float64Array> {
  const { n } = matrix;
  const products = new Float64Array(n * n);
  const rows = packRows(matrix);
  for (let top = 0; top < n; top += PRODUCT_ROWS) {
    const bottom = Math.min(n, top + PRODUCT_ROWS);
    const width = n - top;
    const values = rowProducts(rows, rows, { top, bottom, left: top });
    for (let i = top; i < bottom; i++) {
      for (let j = i; j < n; j++) {
        const value = values[(i - top) * width + j - top]!;
        products[i * n + j] = value;
        products[j * n + i] = value;
      }
    }
    onProgress?.(1 - ((n - bottom) / n) ** 2);
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

/** Calls `use` for every point with its inner products with all rows of a matrix. */
export async function timesMatrix(
  points: FlatRows,
  matrix: FlatRows,
  { signal }: SearchOptions,
  use: (i: number, products: Float64Array) => void,
): Promise<void> {
  const [rows, columns] = [packRows(points), packRows(matrix)];
  for (let top = 0; top < points.n; top += PRODUCT_ROWS) {
    const bottom = Math.min(points.n, top + PRODUCT_ROWS);
    const values = rowProducts(rows, columns, { top, bottom, left: 0 });
    for (let i = top; i < bottom; i++)
      use(i, values.subarray((i - top) * matrix.n, (i - top + 1) * matrix.n));
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
}
