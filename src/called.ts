/** How commands are called from a terminal; the package, which has one command, calls it by its own name. */

/** Such as `npm run id`. */
export function called(name: string): string {
  return `npm run ${name}`;
}

/** What stands between the command and its options. */
export const BEFORE_OPTIONS: string = ' --';

/** How its output is kept free of what npm prints. */
export const QUIETLY: string = " (npm run -s keeps npm's own lines out)";
