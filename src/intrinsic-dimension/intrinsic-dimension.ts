/** One call from points to an estimate of their intrinsic dimension with its error. */
import { loadBackend } from '../runtime/backend';
import { correlationDimension } from './estimators/correlation';
import {
  correlationOrders,
  ESTIMATORS,
  type EstimatorOptions,
  type LocalEstimator,
  localEstimator,
  varianceShare,
} from './estimators/registry';
import { participationRatio, principalComponents } from './estimators/spectrum';
import type { TwoNnFit } from './estimators/two-nn';
import {
  gammaInterval,
  type Interval,
  independentStandardError,
  normalInterval,
  reachOf,
  sandwichStandardError,
} from './intervals';
import type { DistinctPoints, Points } from './points/points';
import { type Metric, type Space, space } from './points/space';
import type { NeighbourTable } from './search/neighbour-table';
import type { SearchOptions } from './search/neighbours';
import {
  depthForSubsamples,
  drawSubsamples,
  estimateSubsamples,
  neighboursForSubsamples,
  type SubsampleOptions,
  type Subsamples,
} from './subsamples';

/** How to estimate. */
export interface IdOptions extends EstimatorOptions, SearchOptions {
  /** @default 'euclidean' */
  readonly metric?: Metric;
  /**
   * Where the error comes from. `sandwich` counts points that share neighbours as dependent; `iid` takes all for
   * independent, which makes error bars 10 to 40 % too small; `subsamples` is the spread over random subsamples,
   * the paper's error bars, which overlap and so say little of how far another sample would be.
   * @default 'sandwich'
   */
  readonly interval?: 'sandwich' | 'iid' | 'subsamples';
  /** Also estimate on random subsamples, as the paper does (20 of 90 %). @default none */
  readonly subsamples?: SubsampleOptions;
  /** Level of the interval. @default 0.95 */
  readonly level?: number;
  /** two-nn: also return the fitted line, for drawing. @default false */
  readonly fit?: boolean;
}

/** An estimated intrinsic dimension at the scale of the neighbours that were looked at. */
export interface IdEstimate {
  readonly value: number;
  readonly standardError: number;
  readonly interval: Interval;
  readonly estimator: string;
  /**
   * The distance at which the dimension was seen: the mean distance to the farthest neighbour used, the larger
   * radius of `correlation`, the root mean squared distance of two points for `participation-ratio` and `pca`.
   */
  readonly scale: number;
  /** Distinct points used. */
  readonly points: number;
  /** Points removed because an earlier one is exactly equal. */
  readonly duplicates: number;
  /** Share of the points whose neighbours the fast search proved by itself; the others were searched again. */
  readonly certified: number;
  readonly subsamples?: Subsamples;
  readonly fit?: TwoNnFit;
}

/**
 * Estimates the intrinsic dimension of points [n, d], or of a matrix of distances.
 *
 * Boundaries and high dimension bias every estimator low, and noise shows at small scales: read the value as the
 * dimension at distance `scale`. No interval knows of that bias: it tells how far another sample of the same
 * points would move the value.
 *
 * @throws RangeError for NaN and infinities, fewer than 3 distinct points, ties, options out of range
 */
export async function intrinsicDimension(points: Points, options: IdOptions = {}): Promise<IdEstimate> {
  const { estimator = 'two-nn', level = 0.95, interval: kind = 'sandwich' } = options;
  if (!ESTIMATORS.includes(estimator)) {
    throw new RangeError(`no estimator '${estimator}': choose one of ${ESTIMATORS.join(', ')}`);
  }
  if (!(level > 0 && level < 1)) throw new RangeError(`level must be in (0, 1), got ${level}`);
  if (!['sandwich', 'iid', 'subsamples'].includes(kind)) {
    throw new RangeError(`no interval '${kind}': choose sandwich, iid or subsamples`);
  }
  const local = localEstimator(options);
  if (!local && (kind === 'subsamples' || options.subsamples)) {
    throw new RangeError(`subsamples serve the estimators from neighbours, not ${estimator}: leave them out`);
  }
  await loadBackend();
  const set = await space(points, options.metric);
  const common = { estimator, points: set.n, duplicates: set.duplicates };
  if (local) return { ...common, ...(await fromNeighbours(set, local, options, level)) };
  if (estimator === 'correlation') {
    const { k1, k2 } = correlationOrders(options);
    const { value, influences, scale, table } = await correlationDimension(set, k1, k2, options);
    const standardError =
      kind === 'iid'
        ? independentStandardError(influences())
        : sandwichStandardError(influences(), table, k2);
    const interval = normalInterval(value, standardError, level);
    return { ...common, value, standardError, interval, scale, certified: certifiedShare(table) };
  }
  const rows = coordinates(set, estimator);
  if (estimator === 'participation-ratio') {
    const { value, influences, scale } = await participationRatio(rows, options);
    const standardError = independentStandardError(influences);
    return {
      ...common,
      value,
      standardError,
      interval: normalInterval(value, standardError, level),
      scale,
      certified: 1,
    };
  }
  const { value, scale, range } = await principalComponents(rows, varianceShare(options), options);
  const reach = reachOf(level);
  const { lower, upper } = range(reach);
  const standardError = (upper - lower) / (2 * reach);
  return { ...common, value, standardError, interval: { lower, upper, level }, scale, certified: 1 };
}

async function fromNeighbours(
  set: Space,
  estimator: LocalEstimator,
  options: IdOptions,
  level: number,
): Promise<Omit<IdEstimate, 'estimator' | 'points' | 'duplicates'>> {
  const { interval: kind = 'sandwich' } = options;
  const chosen = options.subsamples ?? (kind === 'subsamples' ? {} : undefined);
  const needed = estimator.neighbours;
  const k = chosen
    ? Math.max(needed, Math.min(neighboursForSubsamples(needed, set.n, chosen), set.n - 1))
    : needed;
  const members = chosen && drawSubsamples(set.n, needed, chosen);
  const table = await set.neighbours(k, options, members && depthForSubsamples(members, set.n, needed, k));
  const { value, influences, neighbours, fit } = estimator.estimate(table);
  const subsamples =
    members && estimateSubsamples(set, table, members, needed, (part) => estimator.estimate(part).value);
  const standardError =
    kind === 'sandwich'
      ? sandwichStandardError(influences(), table, neighbours)
      : kind === 'iid'
        ? independentStandardError(influences())
        : subsamples!.standardDeviation;
  const exact = kind === 'iid' && options.estimator === 'two-nn-mle' && !options.discardFraction;
  return {
    value,
    standardError,
    interval: exact ? gammaInterval(value, set.n, level) : normalInterval(value, standardError, level),
    scale: meanDistance(table, needed),
    certified: certifiedShare(table),
    ...(subsamples ? { subsamples } : {}),
    ...(options.fit && fit ? { fit } : {}),
  };
}

/** The mean distance to the `order`-th neighbour. */
export function meanDistance({ n, k, distances }: NeighbourTable, order: number): number {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += distances[i * k + order - 1]! / n;
  return mean;
}

function certifiedShare({ n, searchedAgain }: NeighbourTable): number {
  return 1 - searchedAgain / n;
}

function coordinates({ rows }: Space, estimator: string): DistinctPoints {
  if (rows) return rows;
  throw new RangeError(
    `${estimator} needs the coordinates of the points, got distances: use another estimator`,
  );
}
