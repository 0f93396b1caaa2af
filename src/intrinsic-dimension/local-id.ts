/** The dimension at each point. */
import { pointwiseDimensions } from './estimators/levina-bickel';
import type { Points } from './points/points';
import { type SpaceOptions, space } from './points/space';

/** How to look at each point. */
export interface LocalIdOptions extends SpaceOptions {
  /** Neighbours of each point, at least 3. @default 20 */
  readonly k?: number;
}

/** A dimension for each point. */
export interface LocalId {
  /** [distinct points] (k - 2) / sum over j < k of log(r_k / r_j); its relative error is about 1 / sqrt(k - 3). */
  readonly values: Float64Array;
  /** [distinct points] the row of each in the points given; duplicates are only looked at once. */
  readonly rows: Int32Array;
  readonly duplicates: number;
}

/** The unbiased maximum-likelihood estimate at every distinct point (Levina and Bickel 2004, equation 8). */
export async function localId(points: Points, options: LocalIdOptions = {}): Promise<LocalId> {
  const { k = 20 } = options;
  if (!(Number.isInteger(k) && k >= 3))
    throw new RangeError(`k must be a whole number of at least 3, got ${k}`);
  const set = await space(points, options);
  const table = await set.neighbours(k, options);
  return { values: pointwiseDimensions(table, k, true), rows: set.kept, duplicates: set.duplicates };
}
