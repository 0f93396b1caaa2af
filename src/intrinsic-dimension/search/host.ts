/** What the host of this code may have: Node's environment, and its processors. */

/** A variable of the environment; a browser has none. */
export function hostVariable(name: string): string | undefined {
  return typeof process === 'undefined' ? undefined : process.env[name];
}
