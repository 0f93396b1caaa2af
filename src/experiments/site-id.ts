/** The dimension of a set of points in the form of a record: mean and deviation over random subsamples. */
import { intrinsicDimension } from '../intrinsic-dimension/intrinsic-dimension';
import { estimateOrReason } from '../intrinsic-dimension/no-estimate';
import type { Coordinates } from '../intrinsic-dimension/points/points';
import type { DimensionEstimate } from '../records/run-record';

/** The settings of every experiment that an estimate depends on. */
export interface IdSettings {
  readonly idSubsamples: number;
  readonly idFraction: number;
  readonly discardFraction: number;
  readonly seed: number;
}

/**
 * TwoNN as in the paper. [points, numbers] -> mean and standard deviation
 *
 * For points without an estimate, such as those of a collapsed network with the same activations for all examples, the result is
 * the reason, and the run continues.
 */
export async function siteId(
  points: Coordinates,
  { idSubsamples: count, idFraction: fraction, discardFraction, seed }: IdSettings,
): Promise<DimensionEstimate> {
  const estimate = await estimateOrReason(
    intrinsicDimension(points, { discardFraction, subsamples: { count, fraction, seed } }),
  );
  if (estimate.value === null) return estimate;
  return { value: estimate.subsamples!.mean, std: estimate.subsamples!.standardDeviation };
}
