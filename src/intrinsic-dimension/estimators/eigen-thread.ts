/** A decomposition in a thread of its own, so that it blocks nothing else and can be stopped. */
import { Worker } from 'node:worker_threads';
import type { Decomposition } from './eigen';
import { LIBRARY } from './eigen-library';

/** The program of the thread. */
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

/** Decomposes a symmetric matrix [size, size]. */
export async function decomposeInThread(
  matrix: Float64Array,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Decomposition> {
  signal?.throwIfAborted();
  const workerData = { library: LIBRARY, matrix, size };
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
