/** The version of the program; in the npm package, another file takes the place of this one. */
import { join } from 'node:path';

const { version } = require(join(__dirname, '..', 'package.json')) as { version: string };

export const VERSION: string = version;
