/** The dimension of one cloud of points as a record keeps it: mean and deviation over random subsamples. */
import { intrinsicDimension } from '../intrinsic-dimension/intrinsic-dimension';
import { type Coordinates, TooFewPointsError } from '../intrinsic-dimension/points/points';
import type { DimensionEstimate } from '../records/run-record';

/** The settings of every experiment that an estimate depends on. */
export interface IdSettings {
  readonly idSubsamples: number;
  readonly idFraction: number;
  readonly discardFraction: number;
  readonly seed: number;
}

/**
 * TwoNN as the paper has it. [points, numbers] -> mean and standard deviation
 *
 * A network that has collapsed gives all examples the same activations: one point has dimension 0, and the run goes on.
 */
export async function siteId(
  points: Coordinates,
  { idSubsamples: count, idFraction: fraction, discardFraction, seed }: IdSettings,
): Promise<DimensionEstimate> {
  try {
    const { subsamples } = await intrinsicDimension(points, {
      discardFraction,
      subsamples: { count, fraction, seed },
    });
    return { value: subsamples!.mean, std: subsamples!.standardDeviation };
  } catch (error) {
    if (error instanceof TooFewPointsError && error.distinct === 1) return { value: 0, std: 0 };
    throw error;
  }
}
