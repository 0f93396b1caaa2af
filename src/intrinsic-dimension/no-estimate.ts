/** Points that have no dimension that could be estimated, and how the measurement of many point sets goes on without it. */

/** The points have no estimate: too few of them are distinct, they are tied, or not finite. Their reader is not at fault. */
export class NoEstimateError extends RangeError {
  /**
   * @param reason what the points are like
   * @param cure what helps, for somebody who can change the points
   */
  constructor(
    readonly reason: string,
    readonly cure: string,
  ) {
    super(`${reason}: ${cure}`);
  }
}

/** What stands in the place of an estimate for points that have none. */
export interface NoEstimate {
  readonly value: null;
  /** Why, in one line. */
  readonly reason: string;
}

/** The estimate, or why the points have none; every other error stays one. */
export async function estimateOrReason<T>(estimate: Promise<T>): Promise<T | NoEstimate> {
  try {
    return await estimate;
  } catch (error) {
    if (error instanceof NoEstimateError) return { value: null, reason: error.reason };
    throw error;
  }
}
