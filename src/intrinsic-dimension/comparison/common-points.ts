/** Two descriptions of the same points, without points that repeat another one in either description. */
import { subset } from '../estimators/pointwise/neighbourhood';
import { NoEstimateError } from '../no-estimate';
import type { Points } from '../points/points';
import { type Metric, type Space, space } from '../points/space';

/** The same points, described twice. */
export interface CommonPoints {
  readonly a: Space;
  readonly b: Space;
  /** [points] The row of each point in the original sets. */
  readonly rows: Int32Array;
  /** The number of points removed because they repeat an earlier one in either set. */
  readonly duplicates: number;
}

/**
 * Row i of both sets is point i. A point that repeats an earlier one in one set has the same neighbours there as the earlier
 * one, so it is removed from both sets.
 *
 * @throws RangeError when the sets have different numbers of rows, and NoEstimateError when fewer than 3 points remain
 */
export async function commonPoints(first: Points, second: Points, metric?: Metric): Promise<CommonPoints> {
  const how = metric === undefined ? {} : { metric };
  const [a, b] = [await space(first, how), await space(second, how)];
  const total = a.n + a.duplicates;
  if (total !== b.n + b.duplicates) {
    throw new RangeError(
      `the sets have ${total} and ${b.n + b.duplicates} rows: row i of both must describe the same point`,
    );
  }
  if (a.n === total && b.n === total) return { a, b, rows: a.kept, duplicates: 0 };
  const inB = new Set(b.kept);
  const rows = a.kept.filter((row) => inB.has(row));
  const duplicates = total - rows.length;
  if (rows.length < 3) {
    throw new NoEstimateError(
      `need at least 3 points that are distinct in both sets, got ${rows.length} of ${total}`,
      'give more points',
    );
  }
  return { a: await only(a, rows), b: await only(b, rows), rows, duplicates };
}

/** The points of some of the original rows, which must be among those kept. */
async function only(points: Space, rows: Int32Array): Promise<Space> {
  const place = new Map(Array.from(points.kept, (row, i) => [row, i]));
  return subset(
    points,
    rows.map((row) => place.get(row)!),
  );
}
