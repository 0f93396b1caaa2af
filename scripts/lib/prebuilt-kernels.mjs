/** Compiles the search kernel for all systems of the package with one compiler, and for WebAssembly. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AS_WRITTEN, NODE_API, SEARCH, searchSources, searchVariants } from './kernels.mjs';
import { CACHE, ROOT } from './places.mjs';
import { zig } from './zig.mjs';

const SHARED = join(ROOT, 'src', 'native');
const OBJECTS = join(CACHE, 'objects', 'prebuilt');
const COMPILER = join(ROOT, 'scripts', 'zig-requirements.txt');
const HEADERS = join(ROOT, 'node_modules', 'node-api-headers');
const KERNELS = join(CACHE, 'kernels');
/** The file with the module as a string, so that browsers and bundlers need no file beside the script. */
export const WASM_BYTES = join(ROOT, 'src', 'intrinsic-dimension', 'search', 'wasm-bytes.ts');

const ELF = ['-shared', '-fPIC', '-pthread', '-Wl,-z,nodelete'];
const MACH_O = ['-shared', '-fPIC', '-Wl,-undefined,dynamic_lookup'];

/**
 * The systems. glibc 2.17 is that of the oldest Linux on which unofficial builds of Node 20 run; Node's own builds need 2.28.
 * macOS 11 is the first on arm64, and Node 20 needs 10.15 or newer.
 */
export const PLATFORMS = [
  { os: 'linux', cpu: 'x64', libc: 'glibc', target: 'x86_64-linux-gnu.2.17', link: ELF },
  { os: 'linux', cpu: 'arm64', libc: 'glibc', target: 'aarch64-linux-gnu.2.17', link: ELF },
  { os: 'linux', cpu: 'x64', libc: 'musl', target: 'x86_64-linux-musl', link: ELF },
  { os: 'linux', cpu: 'arm64', libc: 'musl', target: 'aarch64-linux-musl', link: ELF },
  { os: 'darwin', cpu: 'x64', target: 'x86_64-macos.11.0', link: MACH_O },
  { os: 'darwin', cpu: 'arm64', target: 'aarch64-macos.11.0', link: MACH_O },
  { os: 'win32', cpu: 'x64', target: 'x86_64-windows-gnu', link: ['-shared'] },
  { os: 'win32', cpu: 'arm64', target: 'aarch64-windows-gnu', link: ['-shared'] },
].map((platform) => ({ ...platform, name: nameOf(platform) }));

/** The name of a system in npm packages: linux-x64-gnu, darwin-arm64 .. */
function nameOf({ os, cpu, libc }) {
  return [os, cpu, { glibc: 'gnu', musl: 'musl' }[libc]].filter(Boolean).join('-');
}

const FLAGS = ['-std=gnu++17', '-O3', '-fvisibility=hidden', '-fno-rtti'];

/** The file with the kernel for one system, which is compiled if its inputs have changed since the last time. */
export async function kernelFor(platform) {
  const folder = join(KERNELS, platform.name);
  const kernel = join(folder, `${kernelInputs(platform)}.node`);
  if (!existsSync(kernel)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await buildKernelFor(platform, kernel);
  }
  return kernel;
}

/** A hash of the inputs of the kernel for one system. */
function kernelInputs(platform) {
  const files = [...searchSources(), fileURLToPath(import.meta.url), COMPILER, join(HEADERS, 'package.json')];
  return hashOf(JSON.stringify(platform), files);
}

function hashOf(text, files) {
  const hash = createHash('sha256').update(text);
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Compiles the kernel for one system to the file `addon`. */
async function buildKernelFor({ name, os, cpu, target, link }, addon) {
  const folder = join(OBJECTS, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const common = ['-target', target, ...FLAGS, ...(os === 'win32' ? [] : ['-fPIC'])];
  const objects = [];
  for (const [variant, flags] of Object.entries(searchVariants(cpu, cpu === 'x64'))) {
    const object = join(folder, `${variant}.o`);
    const options = [...flags, `-DVARIANT=${variant}`, '-c', join(SEARCH, 'kernel.cc'), '-o', object];
    await zig('c++', ...common, ...options);
    objects.push(object);
  }
  const bfloat16 = cpu === 'x64' ? ['-DBFLOAT16'] : [];
  const node = os === 'win32' ? [await importLibrary(cpu, folder)] : [];
  const sources = [join(SEARCH, 'addon.cc'), ...objects, ...node];
  const temporary = join(folder, 'addon.node');
  await zig(
    'c++',
    ...common,
    AS_WRITTEN,
    ...NODE_API,
    ...bfloat16,
    ...link,
    '-s',
    '-o',
    temporary,
    ...sources,
  );
  renameSync(temporary, addon);
  rmSync(folder, { recursive: true });
}

/** The import library that tells a linker for Windows that node.exe has the functions of Node-API. */
async function importLibrary(cpu, folder) {
  const symbols = ['js_native_api', 'node_api'].flatMap((name) =>
    readFileSync(join(HEADERS, 'def', `${name}.def`), 'utf8')
      .split(/\r?\n/)
      .slice(2),
  );
  const definition = join(folder, 'node.def');
  writeFileSync(definition, ['NAME NODE.EXE', 'EXPORTS', ...symbols].join('\n'));
  const library = join(folder, 'node.lib');
  const machine = { x64: 'i386:x86-64', arm64: 'arm64' }[cpu];
  await zig('dlltool', '-m', machine, '-d', definition, '-D', 'node.exe', '-l', library);
  return library;
}

/** How the module is compiled and linked: it calls no function of its host, not even of the C library. */
const WASM_FLAGS = [
  ...['-target', 'wasm32-wasi', ...FLAGS],
  ...['-msimd128', '-fno-exceptions', AS_WRITTEN, '-DVARIANT=wasm'],
];
const WASM_LINK = [
  ...['-target', 'wasm32-freestanding', '-nostdlib', '-Wl,--no-entry', '-Wl,--export=__heap_base'],
  // Threads have a stack each, in memory that they share.
  ...['-Wl,--export=__stack_pointer', '-Wl,--import-memory', '-Wl,--max-memory=4294901760'],
  '-Wl,-s',
];

/** A hash of the inputs of the WebAssembly module. */
export function wasmInputs() {
  const sources = ['kernel.cc', 'kernel.h', 'sums.h', 'wasm.cc'].map((name) => join(SEARCH, name));
  return hashOf(JSON.stringify([WASM_FLAGS, WASM_LINK]), [...sources, join(SHARED, 'vectors.h'), COMPILER]);
}

/** Compiles the module, and writes it as a source file. */
export async function buildWasm() {
  const folder = join(OBJECTS, 'wasm');
  mkdirSync(folder, { recursive: true });
  const objects = [];
  for (const name of ['kernel', 'wasm']) {
    const object = join(folder, `${name}.o`);
    await zig('c++', ...WASM_FLAGS, '-c', join(SEARCH, `${name}.cc`), '-o', object);
    objects.push(object);
  }
  const module = join(folder, 'kernel.wasm');
  await zig('c++', ...WASM_LINK, ...objects, '-o', module);
  writeFileSync(
    WASM_BYTES,
    `/** Generated by \`npm run pack\` from native/kernel.cc and native/wasm.cc (${wasmInputs()}): the module in base64. */
export const WASM: string =
  '${readFileSync(module).toString('base64')}';
`,
  );
  rmSync(folder, { recursive: true });
}
