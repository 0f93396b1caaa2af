/** How many threads one operation may use in a browser. */

/** One on a page itself, which must not wait, and where memory is not shared: that takes a page that is isolated from others. */
export function threads(): number {
  const mayWait = typeof document === 'undefined';
  return mayWait && globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
}
