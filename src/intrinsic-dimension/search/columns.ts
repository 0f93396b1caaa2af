/** The columns of wide points in short runs, ordered so that the runs in which the points differ most come first. */
import type { Rows } from '../points/points';
import { COLUMN_RUN as RUN, SAMPLE } from './plan';

/** Runs of columns, ordered by falling variance. */
export interface Columns {
  /** The first column of each run and the one after its last, alternately. */
  readonly ranges: Int32Array;
  /** The cumulative share of the variance, run by run; it rises to 1. */
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
      let sum = 0;
      for (let c = run * RUN, end = Math.min(d, c + RUN); c < end; c++) sum += (row[c]! - center[c]!) ** 2;
      spread[run]! += sum;
    }
  }
  const order = Int32Array.from(spread.keys()).sort((a, b) => spread[b]! - spread[a]!);
  const total = spread.reduce((sum, value) => sum + value, 0);
  let held = 0;
  const share = Float64Array.from(order, (run) => {
    held += spread[run]! / total;
    return held;
  });
  const ranges = Int32Array.from([...order].flatMap((run) => [run * RUN, Math.min(d, (run + 1) * RUN)]));
  return { ranges, share };
}
