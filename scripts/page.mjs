/** `npm run page`: writes out/intrinsic-dimension.html, a page that measures files in a browser without a network. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writePage } from './lib/bundle.mjs';
import { ROOT } from './lib/places.mjs';
import { step, tellFile } from './lib/report.mjs';
import { checkWords } from './lib/words.mjs';
import { runMain, setUp } from './setup.mjs';

const USAGE = `
Usage: npm run page

Writes out/intrinsic-dimension.html: one file that measures the files that are dropped on it, in a browser and without a network.
It takes no options.`;

await runMain(async () => {
  await checkWords(process.argv.slice(2), USAGE);
  await setUp(['npm']);
  const file = join(ROOT, 'out', 'intrinsic-dimension.html');
  mkdirSync(join(ROOT, 'out'), { recursive: true });
  await step('page', () => writePage(file));
  tellFile(file);
  console.log('open it in a browser, and drop a file with points on it');
});
