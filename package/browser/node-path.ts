/** `node:path` in a browser: what the readers of files use. */

export function join(...parts: string[]): string {
  return parts.join('/');
}

/** `.npy` of `folder/points.npy`; nothing of a name that only begins with a dot. */
export function extname(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot) : '';
}
