/** Where a thread finds the library that decomposes: beside the package's own code. */
import { join } from 'node:path';

export const LIBRARY: string = join(__dirname, 'ml-matrix.cjs');
