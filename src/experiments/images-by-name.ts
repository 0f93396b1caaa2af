/** The experiment images by short names: `images.data(config)`. */
import type { Dataset } from '../data/dataset';
import type { Model } from '../models/model';
import type { ImagesConfig } from './config-types';
import { imagesData, imagesModel } from './images';
import { imagesConfig } from './images-config';

export type { ImagesConfig as Config } from './config-types';
export { imagesConfig as config } from './images-config';
export { type ImagesChanges as Changes, imagesPreset as preset } from './presets';

/**
 * The data set that the settings describe.
 *
 * @throws RangeError for unknown settings and for values that are not allowed; what its source throws
 */
export async function data(config: ImagesConfig): Promise<Dataset> {
  return imagesData(imagesConfig(config));
}

/**
 * The untrained network that the settings describe, for the data that they describe.
 *
 * @throws RangeError for unknown settings and for values that are not allowed
 */
export function model(config: ImagesConfig, data: Dataset): Model {
  return imagesModel(imagesConfig(config), data);
}
