/** Warns of arrays that are not just points: a matrix of distances, or a column that numbers the rows. */
import { looksLikeDistances } from '../../points/distance-like';
import type { Rows } from '../../points/points';
import { rowNumbers } from '../../points/row-numbers';
import type { Warning } from './warning';

/** @param rows the original rows with their duplicates */
export function distancesWarning(rows: Rows): Warning | undefined {
  const { n, d, flat } = rows;
  if (!flat || !looksLikeDistances(flat.data, [n, d])) return undefined;
  return {
    name: 'distances as points',
    text:
      `The array is a symmetric matrix [${n}, ${n}] without negative numbers, and with zeros on its diagonal: ` +
      'it looks like distances between points, but each row was read as the coordinates of a point. ' +
      'If they are distances, give them as distances.',
    evidence: { rows: n },
  };
}

/**
 * The first or last column, if its values number the rows. Whole numbers that only rise or only fall are enough for a warning,
 * while a file is rejected for consecutive ones only.
 */
export function numberedColumn({
  n,
  d,
  row,
}: Rows): { readonly column: number; readonly first: number; readonly last: number } | undefined {
  if (n < 10 || d < 2) return undefined;
  for (const column of [0, d - 1]) {
    const found = rowNumbers(n, (i) => row(i)[column]!);
    if (found && (found.consecutive || found.ordered))
      return { column, first: found.least, last: found.most };
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
