/** `npm run assemble`: writes shortlist.wat as a module into shortlist-kernel.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import wabt from 'wabt';

const folder = join(import.meta.dirname, '..', 'src', 'intrinsic-dimension');
const source = readFileSync(join(folder, 'shortlist.wat'), 'utf8');
const { parseWat } = await wabt();
const { buffer } = parseWat('shortlist.wat', source, { simd: true }).toBinary({});
const kernel = join(folder, 'shortlist-kernel.ts');
const embedded = /(Buffer\.from\(\s*')[^']*(')/;
writeFileSync(
  kernel,
  readFileSync(kernel, 'utf8').replace(embedded, `$1${Buffer.from(buffer).toString('base64')}$2`),
);
