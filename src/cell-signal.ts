/** The signal of the notebook cell that calls: Jupyter's Stop button aborts it. */

/** What the project's kernel sets: the signal of the cell whose code, awaited calls included, is running. */
const CELL_SIGNAL = Symbol.for('Jupyter.cellSignal');

/** Undefined outside a notebook. */
export function cellSignal(): AbortSignal | undefined {
  return (globalThis as { [CELL_SIGNAL]?: () => AbortSignal | undefined })[CELL_SIGNAL]?.();
}
