/** `node:os` in a browser, where temporary files have no place but memory. */
export function tmpdir(): string {
  return '/tmp';
}
