/** The definition of a manifold that has a name: its dimension, its coordinates, and how a point of it is drawn. */

/** The random numbers from which points are made. */
export interface Random {
  /** A uniform number in [0, 1). */
  uniform(): number;
  /** A standard normal number. */
  normal(): number;
  /** A number with a beta distribution. */
  beta(alpha: number, beta: number): number;
}

/** What a drawer has to know. */
export interface Drawing {
  readonly dimension: number;
  /** The number of points that will be drawn. */
  readonly points: number;
  readonly random: Random;
}

/** A manifold, or a union of several. */
export interface Manifold<N extends string = string> {
  readonly name: N;
  /** One line for tables. */
  readonly summary: string;
  /** The paper, or the package, that the formula is from. */
  readonly source: string;
  /** The intrinsic dimension, unless another is asked for; the largest one where it differs from point to point. */
  readonly dimension: number;
  /** True if other dimensions can be asked for. */
  readonly anyDimension?: boolean;
  /** The number of coordinates that the formula gives. */
  own(dimension: number): number;
  /** The number of coordinates unless another is asked for. @default own(dimension) */
  coordinates?(dimension: number): number;
  /** What further coordinates hold; zeros, if it is left out. */
  readonly further?: 'zeros' | 'copies';
  /** Returns a function that draws one point into a row of `own` coordinates; a union returns the dimension at the point. */
  drawer(how: Drawing): (row: Float64Array) => number | undefined;
}

/** Defines a manifold; its name becomes part of a type. */
export function defineManifold<const N extends string>(definition: Manifold<N>): Manifold<N> {
  return definition;
}
