/** The experiment grokking by short names: `grokking.data(config)`. */
import type { Dataset } from '../data/dataset';
import type { Model } from '../models/model';
import type { GrokkingConfig } from './config-types';
import { grokkingData, grokkingModel } from './grokking';
import { grokkingConfig } from './grokking-config';

export type { GrokkingConfig as Config } from './config-types';
export { grokkingConfig as config } from './grokking-config';
export { type GrokkingChanges as Changes, grokkingPreset as preset } from './presets';

/**
 * The data set that the settings describe.
 *
 * @throws RangeError for unknown settings and for values that are not allowed
 */
export function data(config: GrokkingConfig): Dataset {
  return grokkingData(grokkingConfig(config));
}

/**
 * The untrained network that the settings describe, for the data that they describe.
 *
 * @throws RangeError for unknown settings and for values that are not allowed
 */
export function model(config: GrokkingConfig, data: Dataset): Model {
  return grokkingModel(grokkingConfig(config), data);
}
