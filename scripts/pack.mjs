/** `npm run pack`: makes the package `intrinsic-dimension`, and one with the search kernel for each system, in out/packages. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeKernelPackage, writePackage } from './lib/bundle.mjs';
import { locked } from './lib/lock.mjs';
import { CACHE, ROOT } from './lib/places.mjs';
import { buildWasm, kernelFor, PLATFORMS, WASM_BYTES, wasmInputs } from './lib/prebuilt-kernels.mjs';
import { run } from './lib/program.mjs';
import { SetupError, step, tellFile } from './lib/report.mjs';
import { checkWords } from './lib/words.mjs';
import { runMain, setUp } from './setup.mjs';

const OUT = join(ROOT, 'out', 'packages');
const STAGE = join(CACHE, 'pack');

const USAGE = `
Usage: npm run pack -- [--only SYSTEM]

Makes the package intrinsic-dimension, and one with the search kernel for each system, in out/packages, ready to be published.
It publishes nothing. Kernels are compiled only if their sources have changed.

  --only SYSTEM  packs the kernel of one system, or of none: none, ${PLATFORMS.map(({ name }) => name).join(', ')}`;

await runMain(async () => {
  const words = process.argv.slice(2);
  await checkWords(
    words.filter((word) => word.startsWith('-')),
    USAGE,
    ['--only'],
  );
  const platforms = chosenPlatforms(words);
  await setUp(['npm', 'compiled']);
  await locked(join(CACHE, 'pack.lock'), async () => {
    if (!readFileSync(WASM_BYTES, 'utf8').includes(`(${wasmInputs()})`)) {
      await step('search kernel for WebAssembly', buildWasm);
      await setUp(['npm', 'compiled']);
    }
    rmSync(STAGE, { recursive: true, force: true });
    rmSync(OUT, { recursive: true, force: true });
    mkdirSync(OUT, { recursive: true });
    const main = join(STAGE, 'intrinsic-dimension');
    await step('package intrinsic-dimension', () => writePackage(main));
    await packed(main);
    for (const platform of platforms) {
      const folder = join(STAGE, platform.name);
      await step(`kernel for ${platform.name}`, async () =>
        writeKernelPackage(folder, platform, await kernelFor(platform)),
      );
      await packed(folder);
    }
    console.log('node scripts/try-package.mjs tries them in an empty folder; nothing was published');
  });
});

/** @throws SetupError for a system without a kernel */
function chosenPlatforms(words) {
  if (words.length === 0) return PLATFORMS;
  const names = PLATFORMS.map(({ name }) => name);
  const [option, wanted] = words;
  if (option !== '--only' || words.length !== 2 || !['none', ...names].includes(wanted))
    throw new SetupError(
      `npm run pack takes --only and one of none, ${names.join(', ')}; got ${words.join(' ')}`,
    );
  return PLATFORMS.filter(({ name }) => name === wanted);
}

async function packed(folder) {
  const said = await run('npm', ['pack', '--silent', '--pack-destination', OUT], { cwd: folder });
  const file = said.trim().split('\n').at(-1);
  if (!existsSync(join(OUT, file))) throw new SetupError(`npm pack left no ${file} in ${OUT}`);
  tellFile(join(OUT, file));
}
