/** The dimension from ever fewer points. The distance to the nearest neighbours grows, and the estimate shows its bias. */
import { NUMBER, SEED } from '../given';
import { shuffled } from '../random';
import { subset } from './estimators/pointwise/neighbourhood';
import { assertEstimatorOptions } from './estimators/registry';
import { DEFAULT_LEVEL, type Interval, normalInterval } from './intervals';
import { estimateIn, ID_KINDS, type IdEstimate, type IdOptions } from './intrinsic-dimension';
import type { Points } from './points/points';
import { type Space, space } from './points/space';

/** Options of a decimation: how to estimate, and down to how many points. */
export type DecimationOptions = Omit<IdOptions, 'subsamples' | 'interval'> & {
  /** The fewest points in a part. @default 50 */
  readonly least?: number;
  /** Seed of the random parts. @default 0 */
  readonly partSeed?: number;
};

/** The dimension in parts of one size. */
export interface DecimationPoint {
  /** The number of parts that the points were divided into. */
  readonly parts: number;
  /** The number of points in each part; points that are left over are not used. */
  readonly size: number;
  /** The mean over the parts. */
  readonly value: number;
  /** The standard error of this mean, from the errors in the parts, which have no point in common. */
  readonly standardError: number;
  readonly interval: Interval;
  /** The mean distance at which the dimension was measured. */
  readonly scale: number;
}

/** The dimension against the number of points. */
export interface DecimationCurve {
  /** From all points to the fewest. */
  readonly curve: readonly DecimationPoint[];
  readonly points: number;
  readonly duplicates: number;
}

/**
 * Estimates the dimension on all points, on two halves, on four quarters and so on (Facco et al. 2017). The parts of one size
 * are drawn at random and have no point in common.
 *
 * @throws RangeError and NoEstimateError like {@link intrinsicDimension}, for all points or for a part
 */
export async function idDecimation(
  points: Points,
  options: DecimationOptions = {},
): Promise<DecimationCurve> {
  const { subsamples: _, interval: __, ...common } = ID_KINDS;
  assertEstimatorOptions('idDecimation', options, { ...common, least: NUMBER, partSeed: SEED });
  const { least = 50, level = DEFAULT_LEVEL } = options;
  if (!(Number.isInteger(least) && least >= 3))
    throw new RangeError(`least must be a whole number of at least 3, got ${least}`);
  if (!(level > 0 && level < 1)) throw new RangeError(`level must be in (0, 1), got ${level}`);
  return decimationIn(await space(points, options), options);
}

/** The same for points that are already validated. */
export async function decimationIn(set: Space, options: DecimationOptions): Promise<DecimationCurve> {
  const { least = 50, partSeed = 0, level = DEFAULT_LEVEL, onProgress, ...others } = options;
  const { n, duplicates } = set;
  const halvings = Math.max(0, Math.floor(Math.log2(n / least)));
  const curve: DecimationPoint[] = [];
  for (let h = 0; h <= halvings; h++) {
    const parts = 2 ** h;
    const size = Math.floor(n / parts);
    const order = shuffled(n, partSeed, h);
    const estimates: IdEstimate[] = [];
    for (let part = 0; part < parts; part++) {
      const members = order.slice(part * size, (part + 1) * size);
      const within = h === 0 ? set : await subset(set, members);
      try {
        estimates.push(await estimateIn(within, { ...others, level }));
      } catch (error) {
        if (error instanceof RangeError) error.message = `with ${size} of the points: ${error.message}`;
        throw error;
      }
      onProgress?.((h + (part + 1) / parts) / (halvings + 1));
    }
    const mean = (of: (each: (typeof estimates)[number]) => number): number =>
      estimates.reduce((sum, each) => sum + of(each) / parts, 0);
    const value = mean((each) => each.value);
    const standardError = Math.sqrt(mean((each) => each.standardError ** 2) / parts);
    const interval = normalInterval(value, standardError, level);
    curve.push({ parts, size, value, standardError, interval, scale: mean((each) => each.scale) });
  }
  return { curve, points: n, duplicates };
}
