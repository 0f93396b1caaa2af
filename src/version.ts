/** The version of the program; in the npm package, another file takes the place of this one. */
export const VERSION: string = (require('../package.json') as { version: string }).version;
