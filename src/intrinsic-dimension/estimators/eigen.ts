/** Eigenvalues and eigenvectors of symmetric matrices. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { decomposeInThread } from './eigen-thread';

/** Eigenvalues in falling order, and their eigenvectors in columns. */
interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Matrix;
}

/** The result of a decomposition. */
export interface Decomposition {
  /** The eigenvalues in rising order. */
  readonly values: ArrayLike<number>;
  /** [size * size] The eigenvectors in columns. */
  readonly vectors: Float64Array;
}

/** From this number of rows on, a decomposition takes more than a second. */
const LONG = 300;

/** Decomposes a symmetric matrix [size, size]. Negative eigenvalues are rounding errors and become 0. */
export async function eigen(matrix: Float64Array, size: number, signal?: AbortSignal): Promise<Eigen> {
  const found = size < LONG ? decompose(matrix, size) : await decomposeInThread(matrix, size, signal);
  const order = Array.from({ length: size }, (_, m) => size - 1 - m);
  return {
    values: Float64Array.from(order, (m) => Math.max(0, found.values[m]!)),
    vectors: Matrix.from1DArray(size, size, found.vectors as never).subMatrixColumn(order),
  };
}

/** Decomposes in this thread. */
export function decompose(matrix: Float64Array, size: number): Decomposition {
  const found = new EigenvalueDecomposition(Matrix.from1DArray(size, size, matrix as never), {
    assumeSymmetric: true,
  });
  return {
    values: found.realEigenvalues,
    vectors: Float64Array.from(found.eigenvectorMatrix.to1DArray()),
  };
}
