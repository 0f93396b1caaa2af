/** `npm run figures`: sets up, then draws the figures of the README in this process. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT, runMain, setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  createRequire(import.meta.url)(join(ROOT, 'dist', 'figures-cli.js'));
});
