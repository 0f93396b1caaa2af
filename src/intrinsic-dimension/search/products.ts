/** Matrix products by the search kernel: float32 within a run of columns, summed in float64 over the runs. */
import type { FlatData } from '../points/points';
import { multiply, noLengths, type PackedPoints, pack, packedPoints, productRoom } from './packed-points';
import { PRODUCT_COLUMNS, PRODUCT_ROWS } from './plan';

/** The rows of a matrix, rounded to float32 and packed for the kernel. */
export interface PackedRows {
  readonly n: number;
  /** One part for each run of columns. */
  readonly runs: readonly PackedPoints[];
}

/** Packs the rows of a matrix [n, d]. */
export function packRows(matrix: FlatData): PackedRows {
  const { n, d } = matrix;
  const frame = { center: new Float64Array(d), scale: 1 };
  const runs: PackedPoints[] = [];
  for (let first = 0; first < d; first += PRODUCT_COLUMNS) {
    const end = Math.min(d, first + PRODUCT_COLUMNS);
    const run = packedPoints(n, end - first, 'float32');
    pack(matrix, { from: 0, count: n, to: 0 }, run, frame, Int32Array.of(first, end), noLengths(n));
    runs.push(run);
  }
  return { n, runs };
}

/**
 * The products of some rows of one matrix with all rows of another from `left` on,
 * [bottom - top, right.n - left] in C order.
 *
 * @param top a multiple of {@link PRODUCT_ROWS}
 * @param left a multiple of {@link PRODUCT_ROWS}
 */
export function rowProducts(
  rows: PackedRows,
  columns: PackedRows,
  { top, bottom, left }: { readonly top: number; readonly bottom: number; readonly left: number },
): Float64Array {
  const width = columns.n - left;
  const { values, stride } = productRoom(bottom - top, width);
  const sums = new Float64Array((bottom - top) * width);
  for (const [r, run] of rows.runs.entries()) {
    multiply(run, columns.runs[r]!, { values, stride, top, bottom, left, right: columns.n }, false);
    for (let i = 0, p = 0; i < bottom - top; i++)
      for (let q = i * stride, end = q + width; q < end; q++, p++) sums[p]! += values[q]!;
  }
  return sums;
}
