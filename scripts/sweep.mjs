/** `npm run sweep -- ...`: sets up, then runs the command line in this process. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT, runMain, setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  createRequire(import.meta.url)(join(ROOT, 'dist', 'sweep-cli.js'));
});
