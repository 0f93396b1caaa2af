/** How many threads one operation may use in a browser: the one that it is called on. */
export function threads(): number {
  return 1;
}
