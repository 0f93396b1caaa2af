/** The version of the package, whose code is bundled without package.json. */
import { version } from '../package.json';

export const VERSION: string = version;
