/** `node:tty` in a browser, which has no terminal. */
export function isatty(): boolean {
  return false;
}
