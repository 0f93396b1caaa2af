/** Distinct points with a distance between them, from coordinates or from a matrix of distances. */
import { BYTES, CALLBACK, type Kinds, SIGNAL, word } from '../../given';
import { NoEstimateError } from '../no-estimate';
import { pauses } from '../pauses';
import type { Depth, NeighbourTable } from '../search/neighbour-table';
import { neighbours, type SearchOptions } from '../search/neighbours';
import { blockRows, COUNTED_TOGETHER, SEARCH_MEMORY } from '../search/plan';
import { largestComputed, searchSet } from '../search/search-set';
import { squaredDistancesFrom } from '../search/shortlist';
import { readDistances } from './distance-matrix';
import { squaredDistance } from './distances';
import { assertFinite, assertNeighbours, type DistinctPoints, distinctPoints } from './distinct-points';
import { type DistanceMatrix, flatRows, type Points, type Rows, readRows } from './points';

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

/** The kinds of values that the options of a search accept. */
export const SPACE_KINDS: Kinds<SpaceOptions> = {
  metric: word(METRICS),
  memory: BYTES,
  through: word(['projection', 'bfloat16', 'float32']),
  onProgress: CALLBACK,
  signal: SIGNAL,
};

/** A set of distinct points that can be searched. */
export interface Space {
  readonly n: number;
  /** The number of points removed because they are exactly equal to an earlier one. */
  readonly duplicates: number;
  /** [n] The row of each point in the original set. */
  readonly kept: Int32Array;
  /** The rows of the points; undefined if only distances are known. */
  readonly rows?: DistinctPoints;
  distance(i: number, j: number): number;
  neighbours(k: number, options: SearchOptions, depth?: Depth): Promise<NeighbourTable>;
  /** For each radius, the number of other points within it around every point, [n]. */
  countsWithin(radii: readonly number[], options: SearchOptions): Promise<Float64Array[]>;
}

/** Validates points, removes duplicates, and makes them searchable. */
export async function space(points: Points, { metric = DEFAULT_METRIC }: SpaceOptions = {}): Promise<Space> {
  if (typeof points === 'object' && points !== null && 'distances' in points) {
    return matrixSpace(points, metric);
  }
  const rows = await readRows(points);
  if (!METRICS.includes(metric))
    throw new RangeError(`no metric '${metric}': choose ${METRICS.join(' or ')}`);
  return pointSpace(distinctPoints(metric === 'cosine' ? directions(rows) : rows));
}

function pointSpace(rows: DistinctPoints): Space {
  const { n, duplicates, kept } = rows;
  const distance = (i: number, j: number): number => Math.sqrt(squaredDistance(rows, i, j));
  return {
    n,
    duplicates,
    kept,
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
        for (const [r, squared] of squaredDistancesFrom(set, block).entries()) {
          const i = start + r;
          const reach = largestComputed(set, i, widest * set.scale);
          for (let j = i + 1; j < n; j++) {
            if (squared[j]! <= reach) count(counts, radii, i, j, distance(i, j));
          }
        }
        onProgress?.((start + block.length) / n);
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
      }
      return counts;
    },
  };
}

function count(counts: Float64Array[], radii: readonly number[], i: number, j: number, r: number): void {
  for (const [c, radius] of radii.entries()) {
    if (r >= radius) continue;
    counts[c]![i]!++;
    counts[c]![j]!++;
  }
}

async function matrixSpace(points: DistanceMatrix, metric: Metric): Promise<Space> {
  if (metric !== 'euclidean') {
    throw new RangeError(`metric '${metric}' needs coordinates, got distances: leave the metric out`);
  }
  const { n, duplicates, kept, distances } = await readDistances(points);
  const distance = (i: number, j: number): number => distances[i * n + j]!;
  return {
    n,
    duplicates,
    kept,
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
    async countsWithin(radii) {
      const counts = radii.map(() => new Float64Array(n));
      for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) count(counts, radii, i, j, distance(i, j));
      return counts;
    },
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

/** @throws RangeError if only distances are known */
export function coordinates({ rows }: Space, estimator: string): DistinctPoints {
  if (rows) return rows;
  throw new RangeError(
    `${estimator} needs the coordinates of the points, got distances: use another estimator`,
  );
}
