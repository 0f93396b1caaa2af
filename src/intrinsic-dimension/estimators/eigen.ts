/** Eigenvalues and eigenvectors of symmetric matrices. */
import { Worker } from 'node:worker_threads';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Eigenvalues, falling, and their vectors in columns. */
interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Matrix;
}

interface Decomposition {
  /** Rising. */
  readonly values: ArrayLike<number>;
  /** [size * size], the vectors in columns. */
  readonly vectors: Float64Array;
}

/** Rows from which on it takes more than a second. */
const LONG = 300;

/** What a thread of its own runs, so that others have their turn, and it can be stopped. */
const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { EigenvalueDecomposition, Matrix } = require(workerData.library);
  const matrix = Matrix.from1DArray(workerData.size, workerData.size, workerData.matrix);
  const found = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  parentPort.postMessage({
    values: found.realEigenvalues,
    vectors: Float64Array.from(found.eigenvectorMatrix.to1DArray()),
  });
`;

/** Decomposes a symmetric matrix [size, size]; negative eigenvalues are rounding, and become 0. */
export async function eigen(matrix: Float64Array, size: number, signal?: AbortSignal): Promise<Eigen> {
  const found = size < LONG ? decompose(matrix, size) : await decomposeInThread(matrix, size, signal);
  const order = Array.from({ length: size }, (_, m) => size - 1 - m);
  return {
    values: Float64Array.from(order, (m) => Math.max(0, found.values[m]!)),
    vectors: Matrix.from1DArray(size, size, found.vectors as never).subMatrixColumn(order),
  };
}

function decompose(matrix: Float64Array, size: number): Decomposition {
  const found = new EigenvalueDecomposition(Matrix.from1DArray(size, size, matrix as never), {
    assumeSymmetric: true,
  });
  return {
    values: found.realEigenvalues,
    vectors: Float64Array.from(found.eigenvectorMatrix.to1DArray()),
  };
}

async function decomposeInThread(
  matrix: Float64Array,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Decomposition> {
  signal?.throwIfAborted();
  const workerData = { library: require.resolve('ml-matrix'), matrix, size };
  const worker = new Worker(THREAD, { eval: true, workerData });
  let stop: (() => void) | undefined;
  try {
    return await new Promise((resolve, reject) => {
      stop = () => reject(signal!.reason);
      signal?.addEventListener('abort', stop);
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  } finally {
    signal?.removeEventListener('abort', stop!);
    await worker.terminate();
  }
}
