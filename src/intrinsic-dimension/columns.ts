/** The columns of wide points in short runs, those first in which the points differ most. */
import type { Rows } from './points';

/** Columns in a run. */
const RUN = 256;
/** Points that are looked at. */
const SAMPLE = 256;

/** Runs of columns by falling variance. */
export interface Columns {
  /** First column of each run. */
  readonly first: Int32Array;
  /** The column after its last. */
  readonly end: Int32Array;
  /** Share of the variance in this run and those before it; rises to 1. */
  readonly share: Float64Array;
}

/** Orders the columns by the variance of a sample of the points. */
export function spreadColumns(rows: Rows): Columns {
  const { n, d } = rows;
  const step = Math.ceil(n / SAMPLE);
  const count = Math.ceil(n / step);
  const center = new Float64Array(d);
  for (let i = 0; i < n; i += step) {
    const row = rows.row(i);
    for (let c = 0; c < d; c++) center[c]! += row[c]!;
  }
  for (let c = 0; c < d; c++) center[c]! /= count;
  const spread = new Float64Array(Math.ceil(d / RUN));
  for (let i = 0; i < n; i += step) {
    const row = rows.row(i);
    for (let run = 0; run < spread.length; run++) {
      spread[run]! += partialSquare(row, center, run * RUN, Math.min(d, (run + 1) * RUN));
    }
  }
  const order = Int32Array.from(spread.keys()).sort((a, b) => spread[b]! - spread[a]!);
  const total = spread.reduce((sum, value) => sum + value, 0);
  let held = 0;
  const share = Float64Array.from(order, (run) => {
    held += spread[run]! / total;
    return held;
  });
  return {
    first: order.map((run) => run * RUN),
    end: order.map((run) => Math.min(d, (run + 1) * RUN)),
    share,
  };
}

/**
 * The squared distance of two points, by direct differences in float64. It is given up as soon as it is known to
 * exceed `limit`; then the result is infinite.
 */
export function squaredDistanceWithin(
  rows: Rows,
  { first, end }: Columns,
  i: number,
  j: number,
  limit: number,
): number {
  const x = rows.row(i);
  const y = rows.row(j);
  let total = 0;
  for (let r = 0; r < first.length; r++) {
    total += partialSquare(x, y, first[r]!, end[r]!);
    if (total > limit) return Number.POSITIVE_INFINITY;
  }
  return total;
}

/** Over columns `first` .. `end` - 1; four sums, because each addition waits for the one before it. */
export function partialSquare(
  x: Float32Array | Float64Array,
  y: Float32Array | Float64Array,
  first: number,
  end: number,
): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let c = first;
  for (; c < end - 3; c += 4) {
    const d0 = x[c]! - y[c]!;
    const d1 = x[c + 1]! - y[c + 1]!;
    const d2 = x[c + 2]! - y[c + 2]!;
    const d3 = x[c + 3]! - y[c + 3]!;
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (; c < end; c++) {
    const difference = x[c]! - y[c]!;
    s0 += difference * difference;
  }
  return s0 + s1 + (s2 + s3);
}
