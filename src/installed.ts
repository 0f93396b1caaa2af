/** Whether this project is installed as a package of another one, where set-up does not run and builds nothing. */
import { sep } from 'node:path';

export const IS_INSTALLED: boolean = __dirname.split(sep).includes('node_modules');
