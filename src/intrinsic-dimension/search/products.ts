/** Matrix products by the search kernel: float32 within a run of columns, summed in float64 over the runs. */
import type { FlatData } from '../points/points';
import {
  GROUP,
  multiply,
  noLengths,
  PANEL,
  type PackedPoints,
  pack,
  packedPoints,
  wholes,
} from './search-kernel';

/** The number of columns whose products are summed in float32. */
const RUN_COLUMNS = 1024;

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
  for (let first = 0; first < d; first += RUN_COLUMNS) {
    const end = Math.min(d, first + RUN_COLUMNS);
    const run = packedPoints(n, end - first, 'float32');
    pack(matrix, { from: 0, count: n, to: 0 }, run, frame, Int32Array.of(first, end), noLengths(n));
    runs.push(run);
  }
  return { n, runs };
}

/** The number of rows in one call of {@link rowProducts}, a multiple of what the kernel needs. */
export const PRODUCT_ROWS: number = 16 * PANEL;

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
  const stride = wholes(width, PANEL);
  const values = new Float32Array(wholes(bottom - top, GROUP) * stride);
  const sums = new Float64Array((bottom - top) * width);
  for (const [r, run] of rows.runs.entries()) {
    multiply(run, columns.runs[r]!, { values, stride, top, bottom, left, right: columns.n }, false);
    for (let i = 0, p = 0; i < bottom - top; i++)
      for (let q = i * stride, end = q + width; q < end; q++, p++) sums[p]! += values[q]!;
  }
  return sums;
}
