/** Points with periodic coordinates, such as angles: distances go the short way around. */
import { inWords, type Kind } from '../../given';
import { counted } from '../../number-format';
import { pauses } from '../pauses';
import type { NeighbourTable } from '../search/neighbour-table';
import { neighbours, type SearchOptions } from '../search/neighbours';
import { assertFinite, assertNeighbours, type DistinctPoints } from './distinct-points';
import { flatRows, type Rows } from './points';

/** After how much coordinates repeat: all of them, or one number for each column, 0 for one that does not repeat. */
export type Period = number | readonly number[];

/** What a period may be. */
export const PERIOD: Kind = {
  allowed: 'a number above 0, or a list with one number a column (0 where it does not repeat)',
  accepts: (value) =>
    Array.isArray(value)
      ? value.every((each) => Number.isFinite(each) && each >= 0) && value.some((each) => each > 0)
      : Number.isFinite(value) && (value as number) > 0,
};

/** Coordinates from 0 up to their period. */
export interface Torus {
  readonly rows: DistinctPoints;
  /** [n, d] the rows one after the other. */
  readonly data: Float64Array;
  /** [d] 0 where a column does not repeat. */
  readonly period: Float64Array;
}

/**
 * The period of each column.
 *
 * @throws RangeError for another number of columns, or a value that is no period
 */
export function periodOfColumns(period: Period, d: number): Float64Array {
  if (!PERIOD.accepts(period))
    throw new RangeError(`period must be ${PERIOD.allowed}, got ${inWords(period)}`);
  if (typeof period === 'number') return new Float64Array(d).fill(period);
  if (period.length === d) return Float64Array.from(period);
  throw new RangeError(
    `period has ${counted(period.length, 'number')} for ${counted(d, 'column')}: give one a column, or a single number for all`,
  );
}

/** Rows whose periodic coordinates are moved by whole periods into [0, period). */
export function wrapped(rows: Rows, period: Float64Array): Rows {
  assertFinite(rows);
  const { n, d } = rows;
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const row = rows.row(i);
    for (let c = 0; c < d; c++) {
      const [x, p] = [row[c]!, period[c]!];
      const inside = p === 0 || (x >= 0 && x < p) ? x : x - Math.floor(x / p) * p;
      data[i * d + c] = p > 0 && inside >= p ? 0 : inside;
    }
  }
  return flatRows(data, n, d);
}

/** The distinct points with their coordinates in place. */
export function torusOf(rows: DistinctPoints, period: Float64Array): Torus {
  const { n, d } = rows;
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) data.set(rows.row(i), i * d);
  return { rows, data, period };
}

/** The squared distance of two points, or any number above `limit`. */
export function squaredAround(
  { rows, data, period }: Torus,
  i: number,
  j: number,
  limit: number = Number.POSITIVE_INFINITY,
): number {
  const { d } = rows;
  let sum = 0;
  for (let c = 0, p = i * d, q = j * d; c < d && sum <= limit; c++, p++, q++) {
    const apart = Math.abs(data[p]! - data[q]!);
    const short = period[c] === 0 ? apart : Math.min(apart, period[c]! - apart);
    sum += short * short;
  }
  return sum;
}

/** Neighbours of the image beyond those that are wanted, which prove more points complete. */
const MORE = 16;

/**
 * The k nearest of each point. A circle of the period's length in place of each periodic column makes chords of arcs, which are never
 * longer: what lies beyond the last neighbour there lies beyond that distance here. Points for which this proves too little are measured
 * against all others.
 */
export async function neighboursAround(
  torus: Torus,
  k: number,
  options: SearchOptions,
): Promise<NeighbourTable> {
  const { n, duplicates } = torus.rows;
  assertNeighbours(k, n);
  const wide = Math.min(n - 1, k + Math.max(MORE, k >> 1));
  const { onProgress } = options;
  const image = await neighbours(imageOf(torus), wide, {
    ...options,
    ...(onProgress ? { onProgress: (done) => onProgress(done / 2) } : {}),
  });
  const indices = new Int32Array(n * k);
  const distances = new Float64Array(n * k);
  const size = Math.sqrt(torus.period.reduce((sum, p) => sum + p * p, 0));
  const everyone = Int32Array.from({ length: n }, (_, j) => j);
  let searchedAgain = 0;
  const rest = pauses(onProgress && ((done) => onProgress((1 + done) / 2)), options.signal);
  for (let i = 0; i < n; i++) {
    await rest(i / n);
    const candidates = image.indices.subarray(i * wide, (i + 1) * wide);
    let found = nearestOf(torus, i, candidates, k);
    // Rounding of the image is below 1e-13 of its circles.
    const proven = image.distances[(i + 1) * wide - 1]! - 1e-13 * size;
    if (wide < n - 1 && !(found.distances[k - 1]! <= proven)) {
      searchedAgain++;
      found = nearestOf(torus, i, everyone, k);
    }
    indices.set(found.indices, i * k);
    distances.set(found.distances, i * k);
  }
  return { n, k, indices, distances, searchedAgain, duplicates };
}

/** The k nearest of some points, by distance and then by number. */
function nearestOf(
  torus: Torus,
  i: number,
  among: Int32Array,
  k: number,
): { readonly indices: Int32Array; readonly distances: Float64Array } {
  const indices = new Int32Array(k).fill(-1);
  const squared = new Float64Array(k).fill(Number.POSITIVE_INFINITY);
  for (const j of among) {
    if (j === i) continue;
    const apart = squaredAround(torus, i, j, squared[k - 1]);
    const before = (p: number): boolean => apart < squared[p]! || (apart === squared[p]! && j < indices[p]!);
    if (!before(k - 1)) continue;
    let p = k - 1;
    for (; p > 0 && before(p - 1); p--) {
      squared[p] = squared[p - 1]!;
      indices[p] = indices[p - 1]!;
    }
    squared[p] = apart;
    indices[p] = j;
  }
  return { indices, distances: squared.map(Math.sqrt) };
}

/** Two coordinates on a circle for each periodic column. */
function imageOf({ rows, period }: Torus): Rows {
  const { n, d } = rows;
  const circles = period.reduce((count, p) => count + (p > 0 ? 1 : 0), 0);
  const width = d + circles;
  const data = new Float64Array(n * width);
  for (let i = 0; i < n; i++) {
    const row = rows.row(i);
    let to = i * width;
    for (let c = 0; c < d; c++) {
      const p = period[c]!;
      if (p === 0) data[to++] = row[c]!;
      else {
        const angle = (2 * Math.PI * row[c]!) / p;
        data[to++] = (p / (2 * Math.PI)) * Math.cos(angle);
        data[to++] = (p / (2 * Math.PI)) * Math.sin(angle);
      }
    }
  }
  return flatRows(data, n, width);
}
