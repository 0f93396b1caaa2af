/** Where a thread finds the library for eigenvalues: beside the package's own code. */
import { join } from 'node:path';

export const LIBRARY: string = join(__dirname, 'ml-matrix.cjs');
