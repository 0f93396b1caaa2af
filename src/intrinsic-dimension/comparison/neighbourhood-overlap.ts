/** Neighbourhood overlap: the share of neighbours that two descriptions of points have in common, or that have a point's label. */
import { FLAG, inWords, NUMBER } from '../../given';
import { counted } from '../../number-format';
import { assertNeighbours } from '../points/distinct-points';
import type { Points } from '../points/points';
import { space } from '../points/space';
import { commonPoints } from './common-points';
import { assertComparable, type Comparison, type ComparisonOptions, comparisonOf } from './comparison';

/** Options of the overlap of two descriptions. */
export interface OverlapOptions extends ComparisonOptions {
  /** Nearest neighbours of each point. @default 30 */
  readonly k?: number;
}

/** Options of the overlap with labels. */
export interface LabelOverlapOptions extends OverlapOptions {
  /** Gives all classes the same weight, however many points they have. @default true */
  readonly weighted?: boolean;
  /** The number of neighbours as a share of the point's class, rounded down and at least 1, in place of `k`. */
  readonly classFraction?: number;
}

/** A mean overlap, and that at each point. */
export interface NeighbourhoodOverlap extends Comparison {
  /** [points] The overlap at each point, 0 .. 1. */
  readonly values: Float64Array;
  /** [points] The row of each point in the original sets. */
  readonly rows: Int32Array;
  readonly points: number;
  /** The number of points removed because they repeat an earlier one in either set. */
  readonly duplicates: number;
}

/**
 * The mean share of a point's k nearest neighbours in `a` that are also among its k nearest in `b`, for example between two
 * layers (Doimo et al. 2020). Row i of both sets describes the same point.
 *
 * @throws RangeError for different numbers of rows, and options out of range; NoEstimateError for k points or fewer
 */
export async function neighbourhoodOverlap(
  a: Points,
  b: Points,
  options: OverlapOptions = {},
): Promise<NeighbourhoodOverlap> {
  assertComparable('neighbourhoodOverlap', options);
  const { k = 30 } = options;
  const { a: first, b: second, rows, duplicates } = await commonPoints(a, b, options.metric);
  assertNeighbours(k, first.n);
  const deep = Math.min(k + 1, first.n - 1);
  const [inA, inB] = [await first.neighbours(deep, options), await second.neighbours(deep, options)];
  const values = new Float64Array(first.n);
  const throughOthers = new Float64Array(first.n);
  for (let i = 0; i < first.n; i++) {
    const [nearA, nearB] = [inA, inB].map(({ indices }) => indices.subarray(i * deep, (i + 1) * deep)) as [
      Int32Array,
      Int32Array,
    ];
    values[i] = shared(nearA, nearB, k);
    for (const j of new Set([...nearA.subarray(0, k), ...nearB.subarray(0, k)]))
      throughOthers[j]! += values[i]! - shared(nearA, nearB, k, j);
  }
  const comparison = comparisonOf({ own: values, throughOthers }, [inA, inB], k, options.level);
  return { ...comparison, values, rows, points: first.n, duplicates };
}

/** The share of the first k neighbours that two lists have in common, after one point is left out of both. */
function shared(a: Int32Array, b: Int32Array, k: number, leftOut = -1): number {
  const first = (list: Int32Array): Int32Array =>
    leftOut < 0 ? list.subarray(0, k) : list.filter((j) => j !== leftOut).subarray(0, k);
  const known = new Set(first(b));
  return first(a).reduce((count, j) => count + (known.has(j) ? 1 : 0), 0) / k;
}

/**
 * The mean share of a point's k nearest neighbours that have its label (Doimo et al. 2020). With `weighted`, it is the mean
 * over classes of the mean in each class, as in DADApy.
 *
 * @param labels [rows] any values; equal ones are one class
 * @throws RangeError if the number of labels differs from that of rows, and for options out of range; NoEstimateError for k
 *   points or fewer
 */
export async function labelOverlap(
  points: Points,
  labels: ArrayLike<number | string>,
  options: LabelOverlapOptions = {},
): Promise<NeighbourhoodOverlap> {
  assertComparable('labelOverlap', options, { weighted: FLAG, classFraction: NUMBER });
  const { k = 30, weighted = true, classFraction } = options;
  if (classFraction !== undefined && options.k !== undefined)
    throw new RangeError('k and classFraction both set the number of neighbours: give only one of them');
  if (classFraction !== undefined && !(classFraction > 0 && classFraction <= 1))
    throw new RangeError(`classFraction must be in (0, 1], got ${classFraction}`);
  const set = await space(points, options);
  const { n, kept, duplicates } = set;
  if (labels.length !== n + duplicates)
    throw new RangeError(
      `there are ${counted(labels.length, 'label')} for ${n + duplicates} rows: give one label for each row`,
    );
  const strange = Array.from(labels).findIndex((label) => !isLabel(label));
  if (strange >= 0)
    throw new TypeError(
      `the label of row ${strange} is ${inWords(labels[strange])}: labels must be texts or numbers, and none may be missing`,
    );
  const given = Array.from(kept, (row) => labels[row]!);
  const sizes = new Map<number | string, number>();
  for (const label of given) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  const looked = (label: number | string): number =>
    classFraction === undefined ? k : Math.max(1, Math.floor(sizes.get(label)! * classFraction));
  const most = Math.max(...[...sizes.keys()].map(looked));
  assertNeighbours(most, n);
  const table = await set.neighbours(Math.min(most + 1, n - 1), options);
  const values = new Float64Array(n);
  const own = new Float64Array(n);
  const throughOthers = new Float64Array(n);
  for (const [i, label] of given.entries()) {
    const count = looked(label);
    const weight = weighted ? n / sizes.size / sizes.get(label)! : 1;
    const same = (j: number): number => (given[j] === label ? 1 : 0);
    const near = table.indices.subarray(i * table.k, (i + 1) * table.k);
    values[i] = near.subarray(0, count).reduce((sum, j) => sum + same(j), 0) / count;
    own[i] = weight * values[i]!;
    const next = same(near[Math.min(count, table.k - 1)]!);
    for (const j of near.subarray(0, count)) throughOthers[j]! += (weight * (same(j) - next)) / count;
  }
  const comparison = comparisonOf({ own, throughOthers }, [table], most, options.level);
  return { ...comparison, values, rows: kept, points: n, duplicates };
}

/** Rejects NaN, which is not equal to itself, and missing labels, which are not a class. */
function isLabel(label: unknown): boolean {
  return (
    ['string', 'boolean', 'bigint'].includes(typeof label) ||
    (typeof label === 'number' && !Number.isNaN(label))
  );
}
