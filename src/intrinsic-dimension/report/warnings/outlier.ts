/** Warns of a few points so far from all others that they dominate mean distances and variances. */
import type { Rows } from '../../points/points';
import { meanDistance, type NeighbourTable } from '../../search/neighbour-table';
import { percent, short, type Warning } from './warning';

/** An outlier is this many times as far away as 99 % of the points, or as all but one of up to a hundred. */
const FAR = 30;
/** The share of the variance that a few points must hold together. */
const VARIANCE = 0.5;
const FEW = 3;
/** With fewer points, a few of them may hold that share by chance. */
const LEAST = 50;

/**
 * @param rows undefined if only distances are known
 * @param numbers the row of each point in the file
 */
export function outlierWarning(
  table: NeighbourTable,
  rows: Rows | undefined,
  numbers: ArrayLike<number>,
): Warning | undefined {
  const { n, k, distances } = table;
  if (n < LEAST) return undefined;
  const nearest = Float64Array.from({ length: n }, (_, i) => distances[i * k]!);
  const sorted = nearest.slice().sort();
  const usual = sorted[n >> 1]!;
  const most = sorted[Math.min(n - 2, Math.floor(0.99 * n))]!;
  const farthest = nearest.indexOf(sorted[n - 1]!);
  const mean = meanDistance(table, 1);
  const held = rows && heldByFew(rows);
  const isFar = sorted[n - 1]! > FAR * Math.max(most, usual);
  if (!isFar && !(held && held.share > VARIANCE)) return undefined;
  const evidence = { row: numbers[isFar ? farthest : held!.first]!, distance: sorted[n - 1]!, usual, mean };
  if (isFar) {
    return {
      name: 'outlier',
      text:
        `Row ${evidence.row} (counted from 0) is ${short(sorted[n - 1]!)} away from its nearest neighbour, where half of the points are within ${short(usual)} ` +
        `and ${n > 100 ? '99 %' : 'all others'} within ${short(most)}. This row alone determines the mean distance (${short(mean)}) and the variances: ` +
        'distances in this report are medians. Look at the row, and leave it out if it is a fault.',
      evidence,
    };
  }
  return {
    name: 'outlier',
    text:
      `Row ${evidence.row} (counted from 0)${held!.count === 1 ? '' : ` and ${held!.count - 1} more`} of ${n.toLocaleString('en')} hold ${percent(held!.share)} of the variance: ` +
      'they dominate linear dimensions, such as the participation ratio. Look at them, and leave them out if they are faults.',
    evidence: { ...evidence, variance: held!.share },
  };
}

/** The share of the variance around the median of each column that the few farthest points hold. */
function heldByFew(rows: Rows): { readonly share: number; readonly first: number; readonly count: number } {
  const { n, d } = rows;
  const center = medians(rows);
  const squares = Float64Array.from({ length: n }, (_, i) => {
    const row = rows.row(i);
    let sum = 0;
    for (let c = 0; c < d; c++) sum += (row[c]! - center[c]!) ** 2;
    return sum;
  });
  const order = Int32Array.from(squares.keys()).sort((a, b) => squares[b]! - squares[a]!);
  // The squares are scaled by the largest, so that their sum cannot overflow.
  const top = squares[order[0]!]!;
  if (!(top > 0)) return { share: 0, first: 0, count: 1 };
  const total = squares.reduce((sum, each) => sum + each / top, 0);
  let share = 0;
  let count = 0;
  while (count < FEW && share <= VARIANCE) share += squares[order[count++]!]! / top / total;
  return { share, first: order[0]!, count };
}

/** The median of each column, from at most 500 points. */
function medians({ n, d, row }: Rows): Float64Array {
  const step = Math.ceil(n / 500);
  const chosen = Array.from({ length: Math.ceil(n / step) }, (_, i) => i * step);
  const values = new Float64Array(chosen.length * d);
  chosen.forEach((i, at) => {
    const point = row(i);
    for (let c = 0; c < d; c++) values[c * chosen.length + at] = point[c]!;
  });
  return Float64Array.from({ length: d }, (_, c) => {
    const column = values.subarray(c * chosen.length, (c + 1) * chosen.length).sort();
    return column[column.length >> 1]!;
  });
}
