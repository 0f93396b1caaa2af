/** Features of Node that a browser may lack. */

/** An environment variable; undefined in a browser. */
export function hostVariable(name: string): string | undefined {
  return typeof process === 'undefined' ? undefined : process.env[name];
}
