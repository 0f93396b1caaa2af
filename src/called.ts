/**
 * How commands are called from a terminal. In the npm package, which has a single command, another file takes the place of this
 * one.
 */

/** The call of a command, such as `npm run id`. */
export function called(name: string): string {
  return `npm run ${name}`;
}

/** The separator between a command and its options. */
export const BEFORE_OPTIONS: string = ' --';

/** A remark that says how to keep npm's own lines out of the output. */
export const QUIETLY: string = " (npm run -s keeps npm's own lines out)";
