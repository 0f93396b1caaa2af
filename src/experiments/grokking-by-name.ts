/** The experiment grokking by short names: `grokking.data(config)`. */
export type { GrokkingConfig as Config } from './config-types';
export { grokkingData as data, grokkingModel as model } from './grokking';
export { grokkingConfig as config } from './grokking-config';
export { type GrokkingChanges as Changes, grokkingPreset as preset } from './presets';
