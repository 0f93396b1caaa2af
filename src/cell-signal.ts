/** The signal of the notebook cell that calls: Jupyter's Stop button aborts it. */

/** What the project's kernel sets: the signal of the cell whose code, awaited calls included, is running. */
const CELL_SIGNAL = Symbol.for('Jupyter.cellSignal');

interface Kernel {
  [CELL_SIGNAL]?: (options: { orderly?: boolean }) => AbortSignal | undefined;
}

/**
 * Undefined outside a notebook.
 * @param options.orderly the caller ends by the signal at a point that can be gone on from, such as after a step: the
 * kernel then waits longer before it ends a step where it stands. @default false
 */
export function cellSignal(options: { orderly?: boolean } = {}): AbortSignal | undefined {
  return (globalThis as Kernel)[CELL_SIGNAL]?.(options);
}
