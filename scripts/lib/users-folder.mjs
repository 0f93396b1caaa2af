/** Relative paths on the command line start from the folder in which npm was called, as in `npm --prefix CLONE run id`. */
import { realpathSync } from 'node:fs';
import { ROOT } from './places.mjs';

/** Goes to the folder in which `npm run NAME` was called; npm itself has gone to the project's. */
export function toUsersFolder(name) {
  const { INIT_CWD, npm_lifecycle_event: script } = process.env;
  // A program that another script of npm has started stays in the folder that it was given.
  if (script !== name || INIT_CWD === undefined || realpathSync(process.cwd()) !== realpathSync(ROOT)) return;
  process.chdir(INIT_CWD);
}
