/** The setting that names the folder of a data set on the disk. */
import { basename } from 'node:path';
import { type OptionalSetting, text } from '../setting';

/** Data sets that are read from a folder. */
const IN_FOLDERS: readonly unknown[] = ['folder', 'fashion-mnist'];

/** The setting, which all data sets that are read from a folder share. */
export const FOLDER: OptionalSetting<string> = text({
  absent: 'data/downloads/fashion-mnist for the data set fashion-mnist',
  description:
    'folder of the data sets folder and fashion-mnist; a relative path starts from the folder of the project',
  inWords: (folder) => `folder ${basename(folder)}`,
  // Records of older versions name a folder for every data set.
  identity: ({ dataset }) => (IN_FOLDERS.includes(dataset) ? 'run' : 'same'),
});
