/** The signal of the running notebook cell, which Jupyter's Stop button aborts. */

/**
 * The key under which the project's kernel keeps a function that returns the signal of the running cell, also in calls that it
 * awaits.
 */
const CELL_SIGNAL = Symbol.for('Jupyter.cellSignal');

interface Kernel {
  [CELL_SIGNAL]?: (options: { orderly?: boolean }) => AbortSignal | undefined;
}

/**
 * The signal of the cell that calls this function; undefined outside a notebook.
 * @param options.orderly whether the caller, once aborted, stops at a point from which it can be resumed, such as the end of a
 *   step; the kernel then waits longer before it interrupts the step. @default false
 */
export function cellSignal(options: { orderly?: boolean } = {}): AbortSignal | undefined {
  return (globalThis as Kernel)[CELL_SIGNAL]?.(options);
}
