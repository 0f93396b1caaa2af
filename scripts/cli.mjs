/** `node scripts/cli.mjs <name> ...`: sets up, then runs the command line dist/commands/<name>.js in this process. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { toUsersFolder } from './lib/users-folder.mjs';
import { ROOT, runMain, setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  const [name] = process.argv.splice(2, 1);
  toUsersFolder(name);
  createRequire(import.meta.url)(join(ROOT, 'dist', 'commands', `${name}.js`));
});
