/** Estimates the intrinsic dimension of points, with its error, in one call. */
import { cellSignal } from '../cell-signal';
import { ANYTHING, assertGiven, type Kinds, NUMBER, word } from '../given';
import type { FromNeighbours, FromPoints, LinearFit } from './estimators/estimator';
import {
  assertEstimatorOptions,
  DEFAULT_ESTIMATOR,
  type EstimatorName,
  type EstimatorOptions,
  estimatorOf,
  isFromNeighbours,
} from './estimators/registry';
import {
  type Interval,
  type IntervalOptions,
  independentStandardError,
  levelOf,
  normalInterval,
  sandwichStandardError,
} from './intervals';
import type { Points } from './points/points';
import { PERIODIC_KINDS, type PeriodicOptions, type Space, space } from './points/space';
import { type KernelName, kernelName } from './search/kernel';
import { certifiedShare, meanDistance } from './search/neighbour-table';
import type { SearchOptions } from './search/neighbours';
import {
  depthForSubsamples,
  drawSubsamples,
  estimateSubsamples,
  neighboursForSubsamples,
  SUBSAMPLE_KINDS,
  type SubsampleOptions,
  type Subsamples,
} from './subsamples';

/** The possible sources of an interval. */
export const INTERVALS = ['sandwich', 'iid', 'subsamples'] as const;

/** The source of an interval. */
export type IntervalKind = (typeof INTERVALS)[number];

/** The default source of an interval. */
export const DEFAULT_INTERVAL: IntervalKind = 'sandwich';

/** Options of an estimate. */
export type IdOptions = EstimatorOptions & CommonIdOptions;

/** The options that every estimator takes. */
export interface CommonIdOptions extends PeriodicOptions, IntervalOptions {
  /**
   * The source of the standard error. `sandwich` treats points that share neighbours as dependent. `iid` treats all points
   * as independent, which makes error bars 10 to 40 % too small. `subsamples` is the spread over random subsamples, as in the
   * paper; these overlap, so their spread says little about how much the value would differ on another sample.
   * @default 'sandwich'
   */
  readonly interval?: IntervalKind;
  /** Also estimate on random subsamples, as the paper does; see {@link SUBSAMPLES}. @default none */
  readonly subsamples?: SubsampleOptions;
}

/** The kinds of the options that every estimator takes. */
export const ID_KINDS: Kinds<CommonIdOptions> = {
  ...PERIODIC_KINDS,
  level: NUMBER,
  interval: word(INTERVALS),
  subsamples: ANYTHING,
};

/** An estimate of the intrinsic dimension at the scale of the neighbours that were used. */
export interface IdEstimate {
  readonly value: number;
  readonly standardError: number;
  readonly interval: Interval;
  readonly estimator: string;
  /**
   * The distance at which the dimension was measured: the mean distance to the farthest neighbour used, the larger
   * radius of `correlation`, or the root mean squared distance between two points for `participation-ratio` and `pca`.
   */
  readonly scale: number;
  /** The number of distinct points used. */
  readonly points: number;
  /** The number of points removed because they are exactly equal to an earlier one. */
  readonly duplicates: number;
  /** The share of points whose neighbours the fast search proved by itself; for the others, the search was repeated. */
  readonly certified: number;
  /** The kernel that searched and multiplied: `native` with its instruction set, or `wasm`; none for a matrix of distances. */
  readonly kernel?: KernelName;
  readonly subsamples?: Subsamples;
  /** The fitted line of two-nn, for a figure, if `fit` asked for it. */
  readonly fit?: LinearFit;
}

/**
 * Estimates the intrinsic dimension of points [n, d], or of a matrix of distances.
 *
 * Boundaries and high dimensions bias every estimator downwards, and noise shows at small scales: read the value as the
 * dimension at distance `scale`. The interval does not include this bias: it shows how much the value would vary between
 * samples of the same size.
 *
 * @throws NoEstimateError for points that have no estimate: NaN or infinite values, too few distinct points, ties;
 *   RangeError for options out of range
 */
export async function intrinsicDimension(points: Points, options: IdOptions = {}): Promise<IdEstimate> {
  assertEstimatorOptions('intrinsicDimension', options, ID_KINDS);
  const chosen = chosenBy(options);
  const signal = options.signal ?? cellSignal();
  return estimate(await space(points, options), chosen, signal ? { ...options, signal } : options);
}

/** The same for points that are already validated. */
export async function estimateIn(set: Space, options: IdOptions): Promise<IdEstimate> {
  return estimate(set, chosenBy(options), options);
}

/** What options choose. */
interface Chosen {
  readonly name: EstimatorName;
  readonly estimator: FromNeighbours | FromPoints;
  readonly interval: IntervalKind;
  readonly level: number;
  readonly subsamples?: SubsampleOptions;
}

/** @throws RangeError for options out of range */
function chosenBy(options: IdOptions): Chosen {
  const { estimator: name = DEFAULT_ESTIMATOR, interval = DEFAULT_INTERVAL } = options;
  const estimator = estimatorOf(options);
  const level = levelOf(options);
  if (options.subsamples !== undefined) assertGiven('subsamples', options.subsamples, SUBSAMPLE_KINDS);
  if (!INTERVALS.includes(interval)) {
    throw new RangeError(`no interval '${interval}': choose one of ${INTERVALS.join(', ')}`);
  }
  const subsamples = options.subsamples ?? (interval === 'subsamples' ? {} : undefined);
  if (subsamples && !isFromNeighbours(estimator)) {
    throw new RangeError(
      `subsamples work only with estimators from neighbours, not with ${name}: leave them out`,
    );
  }
  return { name, estimator, interval, level, ...(subsamples ? { subsamples } : {}) };
}

async function estimate(set: Space, chosen: Chosen, options: IdOptions): Promise<IdEstimate> {
  const { name, estimator, level, interval } = chosen;
  const common = {
    estimator: name,
    points: set.n,
    duplicates: set.duplicates,
    ...(set.rows || set.torus ? { kernel: kernelName() } : {}),
  };
  if (isFromNeighbours(estimator))
    return { ...common, ...(await fromNeighbours(set, estimator, chosen, options)) };
  const how = { ...options, level, interval: interval === 'iid' ? interval : 'sandwich' } as const;
  return { ...common, ...(await estimator.measure(set, how)) };
}

async function fromNeighbours(
  set: Space,
  estimator: FromNeighbours,
  { interval: kind, level, subsamples: wanted }: Chosen,
  options: SearchOptions,
): Promise<Omit<IdEstimate, 'estimator' | 'points' | 'duplicates' | 'kernel'>> {
  const needed = estimator.neighbours;
  const k = wanted
    ? Math.max(needed, Math.min(neighboursForSubsamples(needed, set.n, wanted), set.n - 1))
    : needed;
  const members = wanted && drawSubsamples(set, needed, wanted);
  const table = await set.neighbours(k, options, members && depthForSubsamples(members, set.n, needed, k));
  const { value, influences, neighbours, exactInterval, exactStandardError, fit } = estimator.estimate(table);
  const subsamples =
    members && estimateSubsamples(set, table, members, needed, (part) => estimator.estimate(part).value);
  const standardError =
    kind === 'sandwich'
      ? sandwichStandardError(influences(), table, neighbours)
      : kind === 'iid'
        ? (exactStandardError ?? independentStandardError(influences()))
        : subsamples!.standardDeviation;
  const exact = kind === 'iid' ? exactInterval?.(level) : undefined;
  return {
    value,
    standardError,
    interval: exact ?? normalInterval(value, standardError, level),
    scale: meanDistance(table, needed),
    certified: certifiedShare(table),
    ...(subsamples ? { subsamples } : {}),
    ...(fit ? { fit } : {}),
  };
}
