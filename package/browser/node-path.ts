/** `node:path` in a browser: the functions that the readers of files use. */

export function join(...parts: string[]): string {
  return parts.join('/');
}

/** The extension, such as `.npy` for `folder/points.npy`; empty for a name that only begins with a dot. */
export function extname(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot) : '';
}
