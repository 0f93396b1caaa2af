/** Pauses of a long computation, in which timers, requests and charts run, and a signal is heard. */
import { cellSignal } from '../cell-signal';

/** The number of milliseconds after which other work may run. */
const TURN = 40;

/** Lets timers, requests and charts run from time to time, and stops if asked to. */
export function pauses(
  onProgress: ((done: number) => void) | undefined,
  signal: AbortSignal | undefined = cellSignal(),
): (done: number) => Promise<void> {
  let last = performance.now();
  return async (done) => {
    signal?.throwIfAborted();
    if (performance.now() - last < TURN) return;
    onProgress?.(done);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    last = performance.now();
  };
}

/** Options of a computation that reports its progress. */
interface Reporting {
  readonly onProgress?: (done: number) => void;
}

/** The options of a part of a computation, whose progress goes from `from` to `to`. */
export function partOf<O extends Reporting>(options: O, from: number, to: number): O {
  const { onProgress } = options;
  return onProgress ? { ...options, onProgress: (done) => onProgress(from + (to - from) * done) } : options;
}
