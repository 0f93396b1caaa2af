/** Distinct points with a distance between them, from coordinates or from a matrix of distances. */
import { BYTES, CALLBACK, type Kinds, oneOf, SIGNAL, word } from '../../given';
import { NoEstimateError } from '../no-estimate';
import { pauses } from '../pauses';
import { kernel } from '../search/kernel';
import type { Depth, NeighbourTable } from '../search/neighbour-table';
import { neighbours, type SearchOptions } from '../search/neighbours';
import { blockRows, COUNTED_TOGETHER, SEARCH_MEMORY } from '../search/plan';
import { largestComputed, searchSet } from '../search/search-set';
import { squaredDistancesFrom } from '../search/shortlist';
import { down } from '../search/wholes';
import { readDistances } from './distance-matrix';
import { squaredDistance, squaredDistances } from './distances';
import { assertFinite, assertNeighbours, type DistinctPoints, distinctPoints } from './distinct-points';
import { type DistanceMatrix, flatRows, type Points, type Rows, readRows } from './points';
import {
  neighboursAround,
  PERIOD,
  type Period,
  periodOfColumns,
  squaredAround,
  type Torus,
  torusOf,
  wrapped,
} from './torus';

/**
 * How far two points are apart. `cosine` is the length of the chord between the directions, |x/|x| - y/|y||. It gives the
 * same neighbours as 1 - cos, which is proportional to its square and would halve every dimension.
 */
export const METRICS = ['euclidean', 'cosine'] as const;

/** The name of a metric. */
export type Metric = (typeof METRICS)[number];

/** The metric by default. */
export const DEFAULT_METRIC: Metric = 'euclidean';

/** Options of the search among points. */
export interface SpaceOptions extends SearchOptions {
  /** The distance between two points; `cosine` compares their directions only. @default 'euclidean' */
  readonly metric?: Metric;
}

/** Options of the search among points whose coordinates may repeat. */
export interface PeriodicOptions extends SpaceOptions {
  /**
   * The period of coordinates that repeat, as angles do: one number for all columns, or one for each, 0 for a column that does not
   * repeat. Distances then go the short way around. @default none repeats
   */
  readonly period?: Period;
}

/** The kinds of values that the options of a search accept. */
export const SPACE_KINDS: Kinds<SpaceOptions> = {
  metric: word(METRICS),
  memory: BYTES,
  through: oneOf(['projection', 'bfloat16', 'float32']),
  onProgress: CALLBACK,
  signal: SIGNAL,
};

/** The same with those of points whose coordinates may repeat. */
export const PERIODIC_KINDS: Kinds<PeriodicOptions> = { ...SPACE_KINDS, period: PERIOD };

/** A set of distinct points that can be searched. */
export interface Space {
  readonly n: number;
  /** The number of points removed because they are exactly equal to an earlier one. */
  readonly duplicates: number;
  /** [n] The row of each point in the original set. */
  readonly kept: Int32Array;
  /** [n] The number of rows of the original set that are equal to each point, itself included. */
  readonly copies: Int32Array;
  /** The rows of the points; undefined if only distances are known, and if columns are periodic. */
  readonly rows?: DistinctPoints;
  /** The points, if columns are periodic. */
  readonly torus?: Torus;
  distance(i: number, j: number): number;
  neighbours(k: number, options: SearchOptions, depth?: Depth): Promise<NeighbourTable>;
  /** For each radius, the number of other points within it around every point, [n]. */
  countsWithin(radii: readonly number[], options: SearchOptions): Promise<Float64Array[]>;
}

/** Validates points, removes duplicates, and makes them searchable. */
export async function space(
  points: Points,
  { metric = DEFAULT_METRIC, period }: PeriodicOptions = {},
): Promise<Space> {
  if (typeof points === 'object' && points !== null && 'distances' in points) {
    if ('data' in points || 'row' in points)
      throw new TypeError('points are given as distances and as coordinates: give one of them');
    if (period !== undefined)
      throw new RangeError('period needs coordinates, got distances: measure them around the period');
    return matrixSpace(points, metric);
  }
  const rows = await readRows(points);
  if (!METRICS.includes(metric))
    throw new RangeError(`no metric '${metric}': choose ${METRICS.join(' or ')}`);
  if (period === undefined) return pointSpace(distinctPoints(metric === 'cosine' ? directions(rows) : rows));
  if (metric === 'cosine')
    throw new RangeError("directions do not repeat: leave period out, or use metric 'euclidean'");
  const columns = periodOfColumns(period, rows.d);
  return torusSpace(torusOf(distinctPoints(wrapped(rows, columns)), columns));
}

function torusSpace(torus: Torus): Space {
  const { n, duplicates, kept, copies } = torus.rows;
  const distance = (i: number, j: number): number => Math.sqrt(squaredAround(torus, i, j));
  return {
    n,
    duplicates,
    kept,
    copies,
    torus,
    distance,
    neighbours: (k, options) => neighboursAround(torus, k, options),
    countsWithin: (radii, options) => countsOfPairs(n, distance, radii, options),
  };
}

function pointSpace(rows: DistinctPoints): Space {
  const { n, duplicates, kept, copies } = rows;
  const distance = (i: number, j: number): number => Math.sqrt(squaredDistance(rows, i, j));
  return {
    n,
    duplicates,
    kept,
    copies,
    rows,
    distance,
    neighbours: async (k, options, depth) => ({ ...(await neighbours(rows, k, options, depth)), duplicates }),
    async countsWithin(radii, { memory = SEARCH_MEMORY, onProgress, signal }) {
      const counts = radii.map(() => new Float64Array(n));
      const widest = Math.max(...radii);
      const set = searchSet(rows, memory / 2);
      const size = Math.min(COUNTED_TOGETHER, blockRows(n, memory / 2));
      for (let start = 0; start < n; start += size) {
        const block = Int32Array.from({ length: Math.min(size, n - start) }, (_, r) => start + r);
        const [nearI, nearJ]: [number[], number[]] = [[], []];
        const left = down(start, kernel().panel);
        for (const [r, squared] of squaredDistancesFrom(set, block, left).entries()) {
          const i = start + r;
          const reach = largestComputed(set, i, widest * set.scale);
          for (let j = i + 1; j < n; j++) {
            if (squared[j - left]! > reach) continue;
            nearI.push(i);
            nearJ.push(j);
          }
        }
        const pairs = { i: Int32Array.from(nearI), j: Int32Array.from(nearJ) };
        const limits = new Float64Array(nearI.length).fill(Number.POSITIVE_INFINITY);
        const measured = squaredDistances(rows, Int32Array.of(0, rows.d), { ...pairs, limits });
        for (let p = 0; p < measured.length; p++)
          count(counts, radii, nearI[p]!, nearJ[p]!, Math.sqrt(measured[p]!));
        onProgress?.((start + block.length) / n);
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
      }
      return counts;
    },
  };
}

/** The counts from every distance. */
async function countsOfPairs(
  n: number,
  distance: Space['distance'],
  radii: readonly number[],
  { onProgress, signal }: SearchOptions,
): Promise<Float64Array[]> {
  const counts = radii.map(() => new Float64Array(n));
  const rest = pauses(onProgress, signal);
  for (let i = 0; i < n; i++) {
    await rest((i / n) ** 2);
    for (let j = 0; j < i; j++) count(counts, radii, i, j, distance(i, j));
  }
  return counts;
}

function count(counts: Float64Array[], radii: readonly number[], i: number, j: number, r: number): void {
  for (let c = 0; c < radii.length; c++) {
    if (r >= radii[c]!) continue;
    counts[c]![i]!++;
    counts[c]![j]!++;
  }
}

async function matrixSpace(points: DistanceMatrix, metric: Metric): Promise<Space> {
  if (metric !== 'euclidean') {
    throw new RangeError(`metric '${metric}' needs coordinates, got distances: leave the metric out`);
  }
  const { n, duplicates, kept, copies, distances } = await readDistances(points);
  const distance = (i: number, j: number): number => distances[i * n + j]!;
  return {
    n,
    duplicates,
    kept,
    copies,
    distance,
    async neighbours(k, { onProgress, signal }) {
      assertNeighbours(k, n);
      const table = {
        n,
        k,
        indices: new Int32Array(n * k),
        distances: new Float64Array(n * k),
        searchedAgain: 0,
        duplicates,
      };
      const order = new Int32Array(n);
      const rest = pauses(onProgress, signal);
      for (let i = 0; i < n; i++) {
        await rest(i / n);
        const row = distances.subarray(i * n, (i + 1) * n);
        for (let j = 0; j < n; j++) order[j] = j;
        order.sort((a, b) => row[a]! - row[b]! || a - b);
        let p = i * k;
        for (let c = 0; p < (i + 1) * k; c++) {
          const j = order[c]!;
          if (j === i) continue;
          table.indices[p] = j;
          table.distances[p++] = row[j]!;
        }
      }
      return table;
    },
    countsWithin: (radii, options) => countsOfPairs(n, distance, radii, options),
  };
}

/** Rows of length 1, in float64. */
function directions(rows: Rows): Rows {
  assertFinite(rows);
  const { n, d } = rows;
  const unit = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const row = rows.row(i);
    let squared = 0;
    for (let c = 0; c < d; c++) squared += row[c]! ** 2;
    const length = Math.sqrt(squared);
    if (length === 0)
      throw new NoEstimateError(
        `row ${i} is 0 and has no direction`,
        'remove it, or use the euclidean metric',
      );
    for (let c = 0; c < d; c++) unit[i * d + c] = row[c]! / length;
  }
  return flatRows(unit, n, d);
}

/** @throws RangeError if only distances are known, and if coordinates repeat */
export function coordinates({ rows, torus }: Space, estimator: string): DistinctPoints {
  if (rows) return rows;
  throw new RangeError(
    torus
      ? `${estimator} needs coordinates that do not repeat, got a period: use an estimator from neighbours`
      : `${estimator} needs the coordinates of the points, got distances: use another estimator`,
  );
}

/**
 * Coordinates that are whole numbers, one point after the other.
 *
 * @returns data: [n, d]; period: [d] 0 where a column does not repeat
 * @throws NoEstimateError for other numbers, and for a period of another kind; RangeError where only distances are known
 */
export function wholeCoordinates(
  points: Space,
  estimator: string,
): { readonly data: Float64Array; readonly d: number; readonly period?: Float64Array } {
  const { rows, period } = points.torus ?? { rows: coordinates(points, estimator), period: undefined };
  const { n, d } = rows;
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) data.set(rows.row(i), i * d);
  const other = data.findIndex((value) => !Number.isSafeInteger(value));
  if (other >= 0) {
    throw new NoEstimateError(
      `${estimator} counts the points of a lattice, and row ${points.kept[Math.floor(other / d)]!}, column ${other % d} is ${data[other]}`,
      'give whole numbers, or use another estimator',
    );
  }
  const odd = period?.find((each) => !Number.isSafeInteger(each));
  if (odd !== undefined)
    throw new RangeError(`the period of whole numbers must be whole, got ${odd}: round it, or leave it out`);
  return { data, d, ...(period ? { period } : {}) };
}
