/** `npm run test:browser`: tests the notebooks in JupyterLab in a real browser, with screenshots in out/browser. */
import { join } from 'node:path';
import { chromium } from './lib/chromium.mjs';
import { foreground } from './lib/foreground.mjs';
import { ROOT, runMain, setUp } from './setup.mjs';

await runMain(async () => {
  await setUp();
  const path = await chromium();
  if (path === undefined) return 0;
  const mocha = join(ROOT, 'node_modules', '.bin', 'mocha');
  const args = ['test/browser/*.spec.ts', ...process.argv.slice(2)];
  return foreground(mocha, args, { cwd: ROOT, env: { ...process.env, CHROMIUM: path } });
});
