/** What an estimator is: a name, options, and the way from points to an estimate. */
import type { Interval } from '../intervals';
import type { Space } from '../points/space';
import type { NeighbourTable } from '../search/neighbour-table';
import type { SearchOptions } from '../search/neighbours';
import type { Options, ValuesOf } from './options';

/** What an estimator from neighbour distances gives: a value, and how far each point moves it. */
export interface LocalEstimate {
  readonly value: number;
  /** [points] How far each point moves the value, times their number, in the points' order. */
  influences(): Float64Array;
  /** Neighbours of a point that its influence depends on: points that share them are dependent. */
  readonly neighbours: number;
  /** The exact interval when the points are independent, where there is one. */
  exactInterval?(level: number): Interval;
  /** The exact standard error when the points are independent, where it is not that of the influences. */
  readonly exactStandardError?: number;
  /** The straight line that the estimator fits, where it was asked for. */
  readonly fit?: LinearFit;
}

/** A straight line through the origin, y = dimension * x. */
export interface LinearFit {
  readonly dimension: number;
  /** Abscissae of all points, rising. */
  readonly x: Float64Array;
  /** Ordinates of the points that were kept. */
  readonly y: Float64Array;
  /** How many points the fit used: the first ones. */
  readonly kept: number;
}

/** An estimator that needs nothing but a table of nearest neighbours. Subsamples can use it, too. */
export interface FromNeighbours {
  /** Neighbours of each point that it needs. */
  readonly neighbours: number;
  estimate(table: NeighbourTable): LocalEstimate;
  /** The dimension at each point, where that of the set is made of these. */
  readonly pointwise?: Pointwise;
}

/** An estimator that looks at the points themselves. */
export interface FromPoints {
  measure(points: Space, how: HowToEstimate): Promise<PointsEstimate>;
  /** The value alone, where the error takes longer than it. */
  value?(points: Space, how: SearchOptions): Promise<number>;
  /** The dimension at each point, where that of the set is made of these. */
  readonly pointwise?: Pointwise;
}

/** The dimension at each point, from its nearest neighbours. */
export interface Pointwise {
  /** Neighbours of each point that it needs. */
  readonly neighbours: number;
  /** [points] Infinite where a point's distances are tied. */
  dimensions(table: NeighbourTable, points: Space, how: SearchOptions): Float64Array | Promise<Float64Array>;
}

/** What an estimator from points takes besides its own options. */
export interface HowToEstimate extends SearchOptions {
  /** Whether points that share neighbours count as dependent. */
  readonly interval: 'sandwich' | 'iid';
  readonly level: number;
}

/** An estimate with its error. */
export interface PointsEstimate {
  readonly value: number;
  readonly standardError: number;
  readonly interval: Interval;
  /** The distance at which the dimension was seen. */
  readonly scale: number;
  /** Share of the points whose neighbours the fast search proved by itself; 1 where no search was needed. */
  readonly certified: number;
}

/** An estimator, by its definition. */
export interface Estimator<N extends string = string, O extends Options = Options> {
  readonly name: N;
  /** One line for help. */
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
