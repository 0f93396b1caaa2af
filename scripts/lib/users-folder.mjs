/** Makes relative paths on the command line start from the folder in which npm was called, as in `npm --prefix CLONE run id`. */
import { realpathSync } from 'node:fs';
import { ROOT } from './places.mjs';

/** Changes to the folder in which `npm run NAME` was called, since npm itself has changed to the project's folder. */
export function toUsersFolder(name) {
  const { INIT_CWD, npm_lifecycle_event: script } = process.env;
  // A program that was started by another npm script stays in its folder.
  if (script !== name || INIT_CWD === undefined || realpathSync(process.cwd()) !== realpathSync(ROOT)) return;
  process.chdir(INIT_CWD);
}
