/** Several estimators on the same points, side by side. */
import type { EstimatorOptions } from '../estimators/registry';
import { estimatorOf, isFromNeighbours } from '../estimators/registry';
import type { Interval } from '../intervals';
import { estimateIn } from '../intrinsic-dimension';
import type { NoEstimate } from '../no-estimate';
import type { Space } from '../points/space';
import type { SearchOptions } from '../search/neighbours';
import { medianDistance } from './with-table';

/** The estimators that every report shows. */
const PANEL: readonly EstimatorOptions[] = [
  { estimator: 'two-nn' },
  { estimator: 'two-nn-mle' },
  { estimator: 'gride', n1: 2 },
  { estimator: 'gride', n1: 8 },
  { estimator: 'mackay-ghahramani', k: 20 },
  { estimator: 'levina-bickel', k: 20, unbiased: true },
  { estimator: 'participation-ratio' },
];

/** A dimension that could be estimated. */
export interface ReportEstimate {
  /** The estimator with its options. */
  readonly name: string;
  readonly value: number;
  readonly standardError: number;
  readonly interval: Interval;
  /** The median distance to the farthest neighbour that was used; null for estimators that use none. */
  readonly distance: number | null;
}

/** A dimension, or the reason why there is none. */
export type EstimateRow = ReportEstimate | (NoEstimate & { readonly name: string });

/** An estimator with its options, as a name: `gride 2 4`. */
export function nameOf({ estimator = 'two-nn', ...options }: EstimatorOptions): string {
  const words = Object.entries(options)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([option, value]) => (value === true ? option : `${option} ${value}`));
  return [estimator, ...words].join(' ');
}

/** One estimate, or the reason why there is none. */
export async function estimateRow(
  points: Space,
  options: EstimatorOptions,
  how: SearchOptions & { readonly level: number },
): Promise<EstimateRow> {
  const name = nameOf(options);
  const row = await orReason(async () => {
    const { value, standardError, interval } = await estimateIn(points, { ...options, ...how });
    const estimator = estimatorOf(options);
    const distance = isFromNeighbours(estimator)
      ? medianDistance(await points.neighbours(estimator.neighbours, how), estimator.neighbours)
      : null;
    return { value, standardError, interval, distance };
  });
  return { name, ...row };
}

/** Estimates by the report's estimator, and by those that every report shows. */
export async function estimateRows(
  points: Space,
  options: EstimatorOptions,
  how: SearchOptions & { readonly level: number },
): Promise<EstimateRow[]> {
  const own = nameOf(options);
  const others = PANEL.filter((each) => nameOf(each) !== own);
  const rows: EstimateRow[] = [];
  for (const each of [options, ...others]) rows.push(await estimateRow(points, each, how));
  return rows;
}

/** The computed result, or the reason why the points do not have it: they are too few, tied, or without coordinates. */
export async function orReason<T>(compute: () => Promise<T>): Promise<T | NoEstimate> {
  try {
    return await compute();
  } catch (error) {
    if (error instanceof RangeError) return { value: null, reason: error.message };
    throw error;
  }
}

/** True if a part could be computed. */
export function isKnown<T extends object>(part: T | NoEstimate): part is T {
  return !('reason' in part);
}
