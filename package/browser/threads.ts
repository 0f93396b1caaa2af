/** The number of threads that one operation may use in a browser: only the one on which it is called. */
export function threads(): number {
  return 1;
}
