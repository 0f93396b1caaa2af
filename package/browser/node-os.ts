/** `node:os` in a browser, where temporary files are in memory. */
export function tmpdir(): string {
  return '/tmp';
}
