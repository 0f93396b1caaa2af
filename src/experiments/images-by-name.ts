/** The experiment images by short names: `images.data(config)`. */
export type { ImagesConfig as Config } from './config-types';
export { imagesData as data, imagesModel as model } from './images';
export { imagesConfig as config } from './images-config';
export { type ImagesChanges as Changes, imagesPreset as preset } from './presets';
