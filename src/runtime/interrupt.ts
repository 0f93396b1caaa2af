/** Lets Jupyter's Stop button end a long loop of a notebook cell in good order. */

/** Waits for one turn of the event loop, so that outputs are sent and an interrupt is noticed. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Runs `body` with a signal that is aborted if the user interrupts (Jupyter's Stop button, Ctrl-C). A result that the body
 * returns after the abort is returned, too, so that nothing computed is lost.
 */
export async function interruptible<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  // The kernel replaces the process's SIGINT handler while the synchronous part of a cell runs. A listener added there would
  // leave SIGINT at its default action, and the next interrupt would end the process.
  await breathe();
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Error('interrupted; run it again to go on'));
  process.on('SIGINT', abort);
  try {
    return await body(controller.signal);
  } finally {
    process.removeListener('SIGINT', abort);
  }
}
