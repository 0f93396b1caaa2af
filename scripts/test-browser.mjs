/** `npm run test:browser`: the notebooks in JupyterLab in a real browser; screenshots go to out/browser. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { chromium } from './lib/chromium.mjs';
import { ROOT, runMain, setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  const path = await chromium();
  if (path === undefined) return 0;
  const mocha = spawn(
    join(ROOT, 'node_modules', '.bin', 'mocha'),
    ['test/browser/*.spec.ts', ...process.argv.slice(2)],
    {
      cwd: ROOT,
      env: { ...process.env, CHROMIUM: path },
      stdio: 'inherit',
    },
  );
  return new Promise((resolve, reject) => {
    mocha.on('error', reject);
    mocha.on('close', (code) => resolve(code ?? 1));
  });
});
