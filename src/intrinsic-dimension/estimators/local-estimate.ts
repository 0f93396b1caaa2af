/** What an estimator of neighbour distances gives: a value, and how far each point moves it. */
export interface LocalEstimate {
  readonly value: number;
  /** [points] how far each point moves the value, times their number, in the points' order. */
  influences(): Float64Array;
  /** Neighbours of a point that its influence depends on: points that share them are dependent. */
  readonly neighbours: number;
}
