/** The interface of an estimator: a name, options, and the way from points to an estimate. */
import type { Interval } from '../intervals';
import type { Space } from '../points/space';
import type { NeighbourTable } from '../search/neighbour-table';
import type { SearchOptions } from '../search/neighbours';
import type { Options, ValuesOf } from './options';

/** The result of an estimator from neighbour distances: a value, and how far each point moves it. */
export interface LocalEstimate {
  readonly value: number;
  /** [points] How far each point moves the value, times the number of points, in the order of the points. */
  influences(): Float64Array;
  /** How many neighbours of a point its influence depends on; points that share neighbours are dependent. */
  readonly neighbours: number;
  /** The exact interval for independent points, if there is one. */
  exactInterval?(level: number): Interval;
  /** The exact standard error for independent points, if it differs from that of the influences. */
  readonly exactStandardError?: number;
  /** The straight line that the estimator fits, if it was asked for. */
  readonly fit?: LinearFit;
}

/** A straight line through the origin, y = dimension * x. */
export interface LinearFit {
  readonly dimension: number;
  /** Abscissae of all points, in rising order. */
  readonly x: Float64Array;
  /** Ordinates of the points that were kept. */
  readonly y: Float64Array;
  /** The number of points used in the fit, which are the first ones. */
  readonly kept: number;
}

/** An estimator that needs nothing but a table of nearest neighbours, so that it works with subsamples, too. */
export interface FromNeighbours {
  /** The number of neighbours of each point that it needs. */
  readonly neighbours: number;
  estimate(table: NeighbourTable): LocalEstimate;
  /** The dimension at each point, where that of the set is made of these. */
  readonly pointwise?: Pointwise;
}

/** An estimator that reads the points themselves. */
export interface FromPoints {
  measure(points: Space, how: HowToEstimate): Promise<PointsEstimate>;
  /** The value alone, for estimators whose error takes longer to compute than the value. */
  value?(points: Space, how: SearchOptions): Promise<number>;
  /** The dimension at each point, where that of the set is made of these. */
  readonly pointwise?: Pointwise;
}

/** The dimension at each point, from its nearest neighbours. */
export interface Pointwise {
  /** Neighbours of each point that it needs. */
  readonly neighbours: number;
  /** [points] The dimension at each point; infinite if its distances are tied. */
  dimensions(table: NeighbourTable, points: Space, how: SearchOptions): Float64Array | Promise<Float64Array>;
}

/** The options that an estimator from points takes besides its own. */
export interface HowToEstimate extends SearchOptions {
  /** `sandwich` treats points that share neighbours as dependent, `iid` treats all points as independent. */
  readonly interval: 'sandwich' | 'iid';
  readonly level: number;
}

/** An estimate with its error. */
export interface PointsEstimate {
  readonly value: number;
  readonly standardError: number;
  readonly interval: Interval;
  /** The distance at which the dimension was measured. */
  readonly scale: number;
  /** Share of the points whose neighbours the fast search proved by itself; 1 if no search was needed. */
  readonly certified: number;
}

/** The definition of an estimator. */
export interface Estimator<N extends string = string, O extends Options = Options> {
  readonly name: N;
  /** One line for the help text. */
  readonly summary: string;
  /** Paper and equation. */
  readonly source: string;
  readonly options: O;
  /** The estimator with its options. */
  with(options: ValuesOf<O>): FromNeighbours | FromPoints;
}

/** Defines an estimator; the types of its options follow from their definitions. */
export function defineEstimator<const N extends string, O extends Options>(
  definition: Estimator<N, O>,
): Estimator<N, O> {
  return definition;
}
