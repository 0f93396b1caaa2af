/** `npm run bench -- ...`: sets up, then runs the benchmarks, which are not part of the compiled package. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, runMain, setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  const args = ['--import=tsx', join(ROOT, 'bench', 'cli.ts'), ...process.argv.slice(2)];
  return spawnSync(process.execPath, args, { stdio: 'inherit', cwd: ROOT }).status ?? 1;
});
