/** What Node has and a browser may lack. */

/** A variable of the environment; none in a browser. */
export function hostVariable(name: string): string | undefined {
  return typeof process === 'undefined' ? undefined : process.env[name];
}
