/** Arrays that are something else than points: a matrix of distances, or columns that number the rows. */
import { looksLikeDistances } from '../../points/distance-like';
import type { Rows } from '../../points/points';
import type { Warning } from './warning';

/** @param rows as they were given, with their duplicates */
export function distancesWarning(rows: Rows): Warning | undefined {
  const { n, d, flat } = rows;
  if (!flat || !looksLikeDistances(flat.data, [n, d])) return undefined;
  return {
    name: 'distances as points',
    text:
      `The array is a symmetric matrix [${n}, ${n}] without negative numbers, and with zeros on its diagonal: ` +
      'it looks like distances between points, but each row was taken for the coordinates of a point. ' +
      'If they are distances, give them as { distances }.',
    evidence: { rows: n },
  };
}

/**
 * The first column, or the last, whose values number the rows: whole numbers that rise or fall from row to row, or that are each
 * number of a range once.
 */
export function numberedColumn(
  rows: Rows,
): { readonly column: number; readonly first: number; readonly last: number } | undefined {
  const { n, d, row } = rows;
  if (n < 10 || d < 2) return undefined;
  for (const column of [0, d - 1]) {
    const values = Float64Array.from({ length: n }, (_, i) => row(i)[column]!);
    if (!values.every(Number.isInteger)) continue;
    const rising = values.every((value, i) => i === 0 || value > values[i - 1]!);
    const falling = values.every((value, i) => i === 0 || value < values[i - 1]!);
    const sorted = values.slice().sort();
    const range = sorted[n - 1]! - sorted[0]! === n - 1 && new Set(values).size === n;
    if (rising || falling || range) return { column, first: values[0]!, last: values[n - 1]! };
  }
  return undefined;
}

/** Points without one of their columns. */
export function withoutColumn(
  { n, d, row }: Rows,
  column: number,
): { data: Float64Array; shape: [number, number] } {
  const data = new Float64Array(n * (d - 1));
  for (let i = 0, p = 0; i < n; i++) {
    const point = row(i);
    for (let c = 0; c < d; c++) if (c !== column) data[p++] = point[c]!;
  }
  return { data, shape: [n, d - 1] };
}
