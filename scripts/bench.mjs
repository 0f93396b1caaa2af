/** `npm run bench -- ...`: sets up, then runs the benchmarks, which are not part of the compiled package. */
import { join } from 'node:path';
import { foreground } from './lib/foreground.mjs';
import { ROOT, runMain, setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  const args = ['--import=tsx', join(ROOT, 'bench', 'cli.ts'), ...process.argv.slice(2)];
  return foreground(process.execPath, args, { cwd: ROOT });
});
