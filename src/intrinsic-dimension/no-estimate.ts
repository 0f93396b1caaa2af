/** Points whose dimension cannot be estimated, and how the measurement of many point sets goes on without it. */

/** The points have no estimate: too few are distinct, they are tied, or they are not finite. The options are not at fault. */
export class NoEstimateError extends RangeError {
  /**
   * @param reason the property of the points that prevents an estimate
   * @param cure what to do, for a caller who can change the points
   */
  constructor(
    readonly reason: string,
    readonly cure: string,
  ) {
    super(`${reason}: ${cure}`);
  }
}

/** The result in place of an estimate for points that have none. */
export interface NoEstimate {
  readonly value: null;
  /** Why, in one line. */
  readonly reason: string;
}

/** The estimate, or the reason why the points have none; all other errors are thrown. */
export async function estimateOrReason<T>(estimate: Promise<T>): Promise<T | NoEstimate> {
  try {
    return await estimate;
  } catch (error) {
    if (error instanceof NoEstimateError) return { value: null, reason: error.reason };
    throw error;
  }
}
