/** One call from points to an estimate of their intrinsic dimension with its error. */
import { loadBackend } from '../runtime/backend';
import { type Interval, normalInterval, sandwichStandardError } from './confidence';
import { neighbours, type SearchOptions } from './neighbours';
import { distinctPoints, type Points, readRows } from './points';
import {
  fitTwoNn,
  logMu,
  SUBSAMPLE_NEIGHBOURS,
  type SubsampleOptions,
  type Subsamples,
  subsampleTwoNn,
  type TwoNnFit,
  twoNnInfluence,
} from './two-nn';

/** How to estimate. */
export interface IdOptions extends SearchOptions {
  /** @default 'two-nn' */
  readonly estimator?: 'two-nn';
  /** Share of the points with the largest ratios that the fit leaves out. @default 0.1 */
  readonly discardFraction?: number;
  /** Also estimate on random subsamples, as the paper does (20 of 90 %). @default none */
  readonly subsamples?: SubsampleOptions;
  /** Level of the interval. @default 0.95 */
  readonly level?: number;
  /** Also return the fitted line, for drawing. @default false */
  readonly fit?: boolean;
}

/** An estimated intrinsic dimension at the scale of the nearest neighbours. */
export interface IdEstimate {
  readonly value: number;
  readonly standardError: number;
  /** Normal, from the sandwich standard error. */
  readonly interval: Interval;
  readonly estimator: string;
  /** Mean distance to the second neighbour: the scale at which the dimension was seen. */
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
 * Estimates the intrinsic dimension of points [n, d].
 *
 * Boundaries and high dimension bias every estimator low, and noise shows at small scales: read the value as the
 * dimension at distance `scale`.
 *
 * @throws RangeError for NaN and infinities, fewer than 3 distinct points, ties, options out of range
 */
export async function intrinsicDimension(points: Points, options: IdOptions = {}): Promise<IdEstimate> {
  const { estimator = 'two-nn', discardFraction = 0.1, subsamples, level = 0.95 } = options;
  if (estimator !== 'two-nn') throw new RangeError(`no estimator '${estimator}': choose two-nn`);
  if (!(discardFraction >= 0 && discardFraction < 1)) {
    throw new RangeError(`discardFraction must be in [0, 1), got ${discardFraction}`);
  }
  if (!(level > 0 && level < 1)) throw new RangeError(`level must be in (0, 1), got ${level}`);
  await loadBackend();
  const rows = distinctPoints(await readRows(points));
  const k = Math.min(subsamples ? SUBSAMPLE_NEIGHBOURS : 2, rows.n - 1);
  const table = await neighbours(rows, k, options);
  const logarithms = logMu(table);
  const fit = fitTwoNn(logarithms, discardFraction);
  const standardError = sandwichStandardError(twoNnInfluence(logarithms, fit), table, 2);
  let scale = 0;
  for (let i = 0; i < table.n; i++) scale += table.distances[i * k + 1]! / table.n;
  return {
    value: fit.dimension,
    standardError,
    interval: normalInterval(fit.dimension, standardError, level),
    estimator,
    scale,
    points: rows.n,
    duplicates: rows.duplicates,
    certified: 1 - table.searchedAgain / rows.n,
    ...(subsamples ? { subsamples: subsampleTwoNn(rows, table, discardFraction, subsamples) } : {}),
    ...(options.fit ? { fit } : {}),
  };
}
