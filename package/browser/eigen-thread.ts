/** A decomposition in a browser, without a thread of its own, since the whole estimate should run in a worker there. */
import { type Decomposition, decompose } from '../../src/intrinsic-dimension/estimators/eigen';

/** Decomposes a symmetric matrix [size, size]. */
export async function decomposeInThread(
  matrix: Float64Array,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Decomposition> {
  signal?.throwIfAborted();
  return decompose(matrix, size);
}
