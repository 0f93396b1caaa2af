/** The dimension at each point. */
import { FLAG, givenEntries, type Kinds, NUMBER } from '../given';
import type { FromNeighbours, FromPoints } from './estimators/estimator';
import { combine } from './estimators/pointwise/combine';
import { subset } from './estimators/pointwise/neighbourhood';
import {
  assertEstimatorOptions,
  type EstimatorOptions,
  estimatorOf,
  isFromNeighbours,
} from './estimators/registry';
import { DEFAULT_LEVEL } from './intervals';
import { NoEstimateError } from './no-estimate';
import { pauses } from './pauses';
import type { Points } from './points/points';
import { PERIODIC_KINDS, type PeriodicOptions, type Space, space } from './points/space';
import type { NeighbourTable } from './search/neighbour-table';

/** Options of the dimension at each point. */
export type LocalIdOptions = Omit<EstimatorOptions, 'combine'> & CommonLocalIdOptions;

/** The options that every estimator takes. */
export interface CommonLocalIdOptions extends PeriodicOptions {
  /**
   * The number of neighbours of each point to which an estimator is applied as if they were the whole set. It does not apply to
   * `levina-bickel`, `mom`, `mada`, `tle` and `ess`, which give a dimension at each point themselves. @default 100
   */
  readonly neighbourhood?: number;
  /** Also average over each point and its neighbours. @default false */
  readonly smooth?: boolean;
}

/** The kinds of the options of {@link localId} for every estimator. */
const LOCAL_KINDS: Kinds<CommonLocalIdOptions> = { ...PERIODIC_KINDS, neighbourhood: NUMBER, smooth: FLAG };

/** A dimension for each point. */
export interface LocalId {
  /** [distinct points] The dimension at each point; infinite if all distances that the estimator uses are tied. */
  readonly values: Float64Array;
  /** [distinct points] The mean over each point and its neighbours, if `smooth` asked for it. */
  readonly smoothed?: Float64Array;
  readonly mean: number;
  readonly median: number;
  readonly harmonicMean: number;
  /** [distinct points] The row of each point in the original set; duplicates occur only once. */
  readonly rows: Int32Array;
  readonly duplicates: number;
}

/** The default estimator; its relative error is about 1 / sqrt(k - 3). */
const UNBIASED = { estimator: 'levina-bickel', unbiased: true } as const;

/**
 * The dimension at every distinct point, by default the unbiased maximum-likelihood estimate
 * (k - 2) / sum over j < k of log(r_k / r_j) with k = 20 (Levina and Bickel 2004, equation 8). An estimator that gives only one
 * dimension for a set is applied to the neighbours of each point, without the point, as in scikit-dimension's `fit_pw`.
 *
 * @throws NoEstimateError for points, and neighbourhoods of points, that have no estimate; RangeError for options out of range
 */
export async function localId(points: Points, options: LocalIdOptions = {}): Promise<LocalId> {
  const given = Object.fromEntries(givenEntries('localId', options));
  if ('combine' in given)
    throw new RangeError('localId returns the mean, the median and the harmonic mean: leave combine out');
  assertEstimatorOptions('localId', { estimator: UNBIASED.estimator, ...given }, LOCAL_KINDS);
  const { neighbourhood, smooth = false } = options;
  const estimator = estimatorOf(options.estimator === undefined ? { ...UNBIASED, ...options } : options);
  const pointwise = estimator.pointwise ?? inNeighbourhoods(estimator, neighbourhood ?? 100);
  if (estimator.pointwise && neighbourhood !== undefined) {
    throw new RangeError(
      `${options.estimator ?? UNBIASED.estimator} gives a dimension at each point itself: leave neighbourhood out, or give k`,
    );
  }
  const set = await space(points, options);
  const table = await set.neighbours(pointwise.neighbours, options);
  const values = await pointwise.dimensions(table, set, options);
  return {
    values,
    ...(smooth ? { smoothed: smoothed(values, table) } : {}),
    mean: combine(values, 'mean'),
    median: combine(values, 'median'),
    harmonicMean: combine(values, 'harmonic'),
    rows: set.kept,
    duplicates: set.duplicates,
  };
}

/** The mean of the values of each point and its neighbours. */
function smoothed(values: Float64Array, { k, indices }: NeighbourTable): Float64Array {
  return values.map((value, i) => {
    let sum = value;
    for (let p = i * k; p < (i + 1) * k; p++) sum += values[indices[p]!]!;
    return sum / (k + 1);
  });
}

/** Applies an estimator of whole sets to the neighbours of each point. */
function inNeighbourhoods(
  estimator: FromNeighbours | FromPoints,
  neighbours: number,
): NonNullable<FromPoints['pointwise']> {
  if (!(Number.isInteger(neighbours) && neighbours >= 3)) {
    throw new RangeError(`neighbourhood must be a whole number of at least 3, got ${neighbours}`);
  }
  return {
    neighbours,
    async dimensions({ n, k, indices }, points, { onProgress, signal }) {
      const values = new Float64Array(n);
      const rest = pauses(onProgress, signal);
      for (let i = 0; i < n; i++) {
        await rest(i / n);
        try {
          values[i] = await estimateIn(estimator, await subset(points, indices.subarray(i * k, (i + 1) * k)));
        } catch (error) {
          const where = `in the neighbourhood of row ${points.kept[i]!}`;
          if (error instanceof NoEstimateError)
            throw new NoEstimateError(`${where}: ${error.reason}`, error.cure);
          if (error instanceof RangeError) error.message = `${where}: ${error.message}`;
          throw error;
        }
      }
      return values;
    },
  };
}

async function estimateIn(estimator: FromNeighbours | FromPoints, set: Space): Promise<number> {
  if (isFromNeighbours(estimator)) {
    return estimator.estimate(await set.neighbours(estimator.neighbours, {})).value;
  }
  if (estimator.value) return estimator.value(set, {});
  return (await estimator.measure(set, { interval: 'iid', level: DEFAULT_LEVEL })).value;
}
