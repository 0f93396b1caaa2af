/** Where a thread finds the library for eigenvalues; the package has a copy of its own. */
export const LIBRARY: string = require.resolve('ml-matrix');
