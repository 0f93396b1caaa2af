/** The corrected value of points: that of known surfaces on which an estimator gives the same value with as many points. */
import type { FromNeighbours } from '../estimators/estimator';
import { gride } from '../estimators/gride';
import { subset } from '../estimators/pointwise/neighbourhood';
import { NoEstimateError } from '../no-estimate';
import type { Space } from '../points/space';
import type { ScaleCurve } from '../scale';
import type { NeighbourTable } from '../search/neighbour-table';
import type { SearchOptions } from '../search/neighbours';
import { type Corrected, calibration } from './calibration';
import { drawRows } from './report-points';
import { see } from './scales';

/** The number of points that give the widest scales if no known surface explains the near ones. */
const COARSE = 1000;

/** What is known of the points, and how they are calibrated. */
export interface CorrectOptions {
  readonly estimator: FromNeighbours;
  /** Of the estimator with all of its options. */
  readonly name: string;
  readonly level: number;
  readonly seed: number;
  /** With as many neighbours as `neighboursToSee` says. */
  readonly table: NeighbourTable;
  /** The number of coordinates, which no dimension exceeds. @default none */
  readonly columns?: number | undefined;
  /** The scale curve of the points, if they have one. */
  readonly scale?: ScaleCurve | undefined;
  /** For searches whose progress is not shown. */
  readonly search?: SearchOptions;
}

/**
 * The corrected value, with an interval that includes the bias. Where the value is higher than at the nearest neighbours, curvature
 * may have raised it more than on any family, and the interval reaches as low as the corrected value of the nearest neighbours.
 */
export async function corrected(
  points: Space,
  { estimator, name, level, seed, table, columns, scale, search = {} }: CorrectOptions,
  { onProgress, ...how }: SearchOptions = {},
): Promise<Corrected> {
  const limits = { level, columns, extremes: () => extremes(points, scale, seed, search) };
  const seen = see(table, estimator);
  const parts = seen.rises ? 2 : 1;
  const part = (p: number): SearchOptions => ({
    ...how,
    onProgress: (done) => onProgress?.((p + done) / parts),
  });
  const own = await calibration(name, estimator, points.n, seed).correct(seen, limits, part(0));
  if (!seen.rises) return own;
  const atNearest = see(table, NEAREST);
  const other = await calibration('gride', NEAREST, points.n, seed).correct(atNearest, limits, part(1));
  return { ...own, interval: { ...own.interval, lower: Math.min(own.interval.lower, other.interval.lower) } };
}

/** GRIDE at the two nearest neighbours. */
const NEAREST: FromNeighbours = { neighbours: 2, estimate: (table) => gride(table, 1, 2) };

/** The lowest and the highest value at any scale that is not tied, up to half of the points. */
async function extremes(
  points: Space,
  scale: ScaleCurve | undefined,
  seed: number,
  search: SearchOptions,
): Promise<{ readonly lowest: number; readonly highest: number }> {
  const part = points.n > COARSE ? await subset(points, drawRows(points.n, COARSE, seed)) : points;
  const farthest = Math.floor(part.n / 2);
  const table = await part.neighbours(farthest, search);
  const values = scale?.curve.map(({ value }) => value) ?? [];
  for (let n1 = 1; 2 * n1 <= farthest; n1 *= 2) {
    try {
      values.push(gride(table, n1, 2 * n1).value);
    } catch (error) {
      const last = 4 * n1 > farthest && values.length === 0;
      if (!(error instanceof NoEstimateError) || last) throw error;
    }
  }
  return { lowest: Math.min(...values), highest: Math.max(...values) };
}
