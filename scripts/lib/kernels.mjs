/** The project's own addons: C++ kernels that are compiled once for each instruction set. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMPILER } from './machine.mjs';
import { CACHE, LIBRARY, OPERATIONS, ROOT, SEARCH_KERNEL } from './places.mjs';
import { run } from './program.mjs';
import { FRAMEWORK, linkTo, runPathTo } from './wheel.mjs';

const THIS = fileURLToPath(import.meta.url);
const RUNTIME = join(ROOT, 'src', 'runtime', 'operations', 'native');
const LOADER = join(ROOT, 'src', 'runtime', 'native', 'library.cc');
const SHARED = join(ROOT, 'src', 'native');
export const SEARCH = join(ROOT, 'src', 'intrinsic-dimension', 'search', 'native');
const OBJECTS = join(CACHE, 'objects');
// Each addon has its own threads, which wait in its code until the process ends.
const FLAGS = ['-std=gnu++17', '-O3', '-fPIC', '-fvisibility=hidden'];
const HEADERS = join(ROOT, 'node_modules', 'node-api-headers', 'include');
export const NODE_API = ['-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION', `-I${HEADERS}`];
const AVX2 = ['-mavx2', '-mfma'];
const AVX512 = [...AVX2, ...['f', 'bw', 'dq', 'vl'].map((part) => `-mavx512${part}`)];
/** The instruction sets; an addon chooses the best that the processor has. */
const variantsOf = (arch) =>
  arch === 'x64'
    ? { sse2: [], avx2: AVX2, avx512: AVX512 }
    : arch === 'arm64'
      ? { neon: [] }
      : { baseline: [] };
const VARIANTS = variantsOf(process.arch);
const BFLOAT16 = [...AVX512, '-mavx512bf16'];
/** Makes rounding of measured distances the same in every variant and with every compiler. */
export const AS_WRITTEN = '-ffp-contract=off';

/** The instruction sets for which the loops of the search are compiled, with the compiler's flags. */
export function searchVariants(arch, bfloat16) {
  const variants = { ...variantsOf(arch), ...(bfloat16 ? { bfloat16: BFLOAT16 } : {}) };
  return Object.fromEntries(Object.entries(variants).map(([name, flags]) => [name, [...flags, AS_WRITTEN]]));
}

/** The sources of the addon that searches neighbours. */
export function searchSources() {
  return [THIS, ...sourcesIn(SEARCH), ...sourcesIn(SHARED)];
}

/** The sources of the addons for TensorFlow's library and for further operations. */
export function operationSources() {
  return [THIS, LOADER, ...sourcesIn(RUNTIME), ...sourcesIn(SHARED)];
}

function sourcesIn(folder) {
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
}

export async function buildSearchKernel() {
  const bfloat16 = knowsBfloat16();
  const objects = await compile(
    join(OBJECTS, 'search'),
    join(SEARCH, 'kernel.cc'),
    searchVariants(process.arch, bfloat16),
  );
  await link(SEARCH_KERNEL, [...(bfloat16 ? ['-DBFLOAT16'] : []), join(SEARCH, 'addon.cc'), ...objects]);
  rmSync(join(OBJECTS, 'search'), { recursive: true });
}

/** Builds the addon that loads the TensorFlow in this folder, and the one with the project's own operations. */
export async function buildOperations({ folder }) {
  const library = join(CACHE, folder);
  await link(LIBRARY, [LOADER, `-DLIBRARY="${FRAMEWORK}"`, runPathTo(library, CACHE), '-ldl']);
  const kernels = ['winograd', 'elementwise'];
  const objects = [];
  for (const kernel of kernels)
    objects.push(
      ...(await compile(join(OBJECTS, 'operations', kernel), join(RUNTIME, `${kernel}.cc`), VARIANTS)),
    );
  const sources = sourcesIn(RUNTIME).filter(
    (name) => name.endsWith('.cc') && !kernels.includes(basename(name, '.cc')),
  );
  await link(OPERATIONS, [
    ...[...sources, ...objects, `-I${join(library, 'include')}`],
    ...linkTo(library, CACHE),
  ]);
  rmSync(join(OBJECTS, 'operations'), { recursive: true });
}

/** True if the compiler knows the bfloat16 instructions; old compilers do not. */
function knowsBfloat16() {
  if (process.arch !== 'x64') return false;
  return spawnSync(COMPILER, [...BFLOAT16, '-E', '-x', 'c++', '/dev/null']).status === 0;
}

/** Compiles one object for each variant of a kernel, in the folder `build`. */
async function compile(build, source, variants) {
  mkdirSync(build, { recursive: true });
  const objects = [];
  for (const [variant, flags] of Object.entries(variants)) {
    const object = join(build, `${variant}.o`);
    const options = [...FLAGS, ...flags, `-DVARIANT=${variant}`, '-c', source, '-o', object];
    await run(COMPILER, options, { cwd: ROOT });
    objects.push(object);
  }
  return objects;
}

async function link(addon, options) {
  const shared =
    process.platform === 'darwin'
      ? ['-bundle', '-undefined', 'dynamic_lookup']
      : ['-shared', '-pthread', '-Wl,-z,nodelete'];
  const temporary = `${addon}.new`;
  await run(COMPILER, [...FLAGS, ...NODE_API, ...shared, '-o', temporary, ...options], { cwd: ROOT });
  const load = `process.env.TF_CPP_MIN_LOG_LEVEL = '3'; process.dlopen({ exports: {} }, ${JSON.stringify(temporary)})`;
  await run(process.execPath, ['-e', load], { name: 'loading the addon', cwd: ROOT });
  rmSync(addon, { recursive: true, force: true }); // a folder would not be replaced
  renameSync(temporary, addon);
}
