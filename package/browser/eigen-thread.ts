/** A decomposition in a browser: in place, since the whole estimate belongs into a worker there. */
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
