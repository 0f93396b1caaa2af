/** `npm run page`: writes out/intrinsic-dimension.html, a page that measures files in a browser without a network. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writePage } from './lib/bundle.mjs';
import { ROOT } from './lib/places.mjs';
import { step, tellFile } from './lib/report.mjs';
import { runMain, setUp } from './setup.mjs';

await runMain(async () => {
  await setUp(['npm']);
  const file = join(ROOT, 'out', 'intrinsic-dimension.html');
  mkdirSync(join(ROOT, 'out'), { recursive: true });
  await step('page', () => writePage(file));
  tellFile(file);
  console.log('open it in a browser, and drop a file with points on it');
});
