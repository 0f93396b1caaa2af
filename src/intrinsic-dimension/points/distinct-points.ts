/** Distinct points: rows of finite numbers, of which no two are exactly equal. */
import { counted } from '../../number-format';
import { threads } from '../../threads';
import { NoEstimateError } from '../no-estimate';
import { kernel, sourceOf } from '../search/kernel';
import type { FlatData, Rows } from './points';

/** The distinct points of a set. */
export interface DistinctPoints extends Rows {
  /** The number of rows removed because they are exactly equal to an earlier row. */
  readonly duplicates: number;
  /** [n] The row of each distinct point in the original set. */
  readonly kept: Int32Array;
  /** [n] The number of rows of the original set that are equal to each point, itself included. */
  readonly copies: Int32Array;
}

/**
 * @throws NoEstimateError when fewer than k + 1 points are distinct
 */
export function assertNeighbours(k: number, n: number): void {
  if (k < n) return;
  throw new NoEstimateError(
    `${counted(k, 'neighbour')} ${k === 1 ? 'needs' : 'need'} at least ${k + 1} distinct points, got ${n}`,
    'give more points, or use fewer neighbours',
  );
}

/**
 * Removes the rows that repeat an earlier one exactly: two copies of a point are at distance 0, where a ratio of neighbour
 * distances has no meaning.
 *
 * @throws NoEstimateError for values that are not finite, and when fewer than 3 distinct points remain
 */
export function distinctPoints(rows: Rows): DistinctPoints {
  const { n, d } = rows;
  const looks = lookAt(rows);
  assertFinite(rows, looks);
  const { kept, copies } = firstOfEachRow(rows, looks);
  const duplicates = n - kept.length;
  if (kept.length < 3) {
    const removed = counted(duplicates, 'duplicate');
    const constant = kept.length === 1 && n > 1 ? '; all points are equal' : '';
    throw new NoEstimateError(
      `need at least 3 distinct points, got ${kept.length} (${removed} removed${constant})`,
      'give more points',
    );
  }
  const distinct = { n: kept.length, d, duplicates, kept, copies };
  if (duplicates === 0) return { ...rows, ...distinct };
  const flat = rows.flat && { ...rows.flat, n: kept.length, kept };
  return { ...distinct, row: (i) => rows.row(kept[i]!), ...(flat ? { flat } : {}) };
}

/** The findings of {@link look} for each point. */
interface Looks {
  /** [n] 1 if all coordinates are finite, else 0. */
  readonly finite: Uint8Array;
  /** [n] Equal points have the same. */
  readonly hashes: Int32Array;
}

function lookAt({ n, d, flat, row }: Rows): Looks {
  const looks = { finite: new Uint8Array(n), hashes: new Int32Array(n) };
  const look = (source: FlatData, first: number): void =>
    kernel().look(...sourceOf(source), looks.finite, looks.hashes, first, threads());
  if (flat) look(flat, 0);
  else for (let i = 0; i < n; i++) look({ data: row(i), n: 1, d }, i);
  return looks;
}

/** @throws NoEstimateError for values that are not finite, with their number and the first one */
export function assertFinite(rows: Rows, { finite }: Looks = lookAt(rows)): void {
  const { n, d } = rows;
  let bad = 0;
  let first = '';
  for (let i = 0; i < n; i++) {
    if (finite[i]) continue;
    const row = rows.row(i);
    for (let c = 0; c < d; c++) {
      if (Number.isFinite(row[c])) continue;
      if (bad++ === 0) first = `(${row[c]}) in row ${i}, column ${c}, counted from 0`;
    }
  }
  if (bad === 0) return;
  throw new NoEstimateError(
    `${bad} of ${n * d} values ${bad === 1 ? 'is' : 'are'} NaN or infinite, the first ${first}`,
    'remove or repair these rows',
  );
}

/** The row number of the first copy of each row, and the number of copies, by their hashes and a full comparison. */
function firstOfEachRow(
  rows: Rows,
  { hashes }: Looks,
): { readonly kept: Int32Array; readonly copies: Int32Array } {
  const { n } = rows;
  const buckets = 1 << Math.max(4, Math.ceil(Math.log2(2 * n)));
  const head = new Int32Array(buckets).fill(-1);
  const next = new Int32Array(n);
  const kept = new Int32Array(n);
  const copies = new Int32Array(n);
  const place = new Int32Array(n);
  let count = 0;
  for (let i = 0; i < n; i++) {
    const hash = hashes[i]!;
    const bucket = (hash ^ (hash >>> 15)) & (buckets - 1);
    let other = head[bucket]!;
    while (other >= 0 && !(hashes[other] === hash && equal(rows.row(other), rows.row(i)))) {
      other = next[other]!;
    }
    place[i] = other >= 0 ? place[other]! : count;
    copies[place[i]!]!++;
    if (other >= 0) continue;
    next[i] = head[bucket]!;
    head[bucket] = i;
    kept[count++] = i;
  }
  return { kept: kept.subarray(0, count), copies: copies.subarray(0, count) };
}

function equal(a: Float32Array | Float64Array, b: Float32Array | Float64Array): boolean {
  for (let c = 0; c < a.length; c++) if (a[c] !== b[c]) return false;
  return true;
}
