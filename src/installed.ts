/** Whether this project is a package of another one: set-up does not run there, and builds nothing. */
import { sep } from 'node:path';

export const IS_INSTALLED: boolean = __dirname.split(sep).includes('node_modules');
