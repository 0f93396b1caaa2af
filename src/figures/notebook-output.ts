/** Writes rich outputs into the running notebook cell; the only code that knows the tslab kernel. */

/** One picture or table in several forms; the front end shows the richest that it knows. */
export type MimeBundle = Readonly<Record<string, unknown>>;

interface TslabJupyter {
  lastWriteDisplayData?: (
    content: { data: MimeBundle; metadata: object; transient: { display_id?: string } },
    update: boolean,
  ) => void;
}

/** tslab's writer of the current cell; undefined outside a notebook. */
function writer(): TslabJupyter['lastWriteDisplayData'] {
  let path: string;
  try {
    path = require.resolve('tslab/dist/jupyter');
  } catch {
    return undefined;
  }
  // tslab is looked up but never loaded: outside a kernel that would load a whole TypeScript compiler.
  return (require.cache[path]?.exports as TslabJupyter | undefined)?.lastWriteDisplayData ?? undefined;
}

/** True inside a notebook cell. */
export function inNotebook(): boolean {
  return Boolean(writer());
}

/**
 * Shows a bundle below the current cell, or prints its `text/plain` outside a notebook.
 * @param id names the output, so that a later call with `update` replaces it in place
 */
export function display(bundle: MimeBundle, options: { id?: string; update?: boolean } = {}): void {
  const write = writer();
  if (!write) {
    console.log(bundle['text/plain']);
    return;
  }
  const transient = options.id === undefined ? {} : { display_id: options.id };
  write({ data: bundle, metadata: {}, transient }, options.update ?? false);
}
