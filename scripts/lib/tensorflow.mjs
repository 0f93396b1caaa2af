/** Fetches and checks TensorFlow's library with pip, and builds the addon that binds it to Node with the C++ compiler. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMPILER } from './machine.mjs';
import { ADDON, BINDING, CACHE, PYTHON, ROOT } from './places.mjs';
import { run } from './program.mjs';
import { linkTo, PATTERNS } from './wheel.mjs';

/** Tells the linker of macOS that the functions of Node-API are in Node itself. */
const SHARED = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
const WHEELS = join(CACHE, 'wheels');
const UNPACKED = join(CACHE, 'unpacked');
const TEMPORARY = join(CACHE, 'tmp');
const UNPACK = fileURLToPath(new URL('unpack.py', import.meta.url));

/** Downloads the wheels and moves the needed files into place. Complete wheels from a killed set-up are not fetched again. */
export async function fetchLibrary({ requirements, platforms, folder }) {
  const library = join(CACHE, folder);
  rmSync(UNPACKED, { recursive: true, force: true });
  for (const path of [WHEELS, UNPACKED]) mkdirSync(path, { recursive: true });
  const list = join(WHEELS, 'requirements.txt');
  writeFileSync(list, requirements);
  const target = ['--python-version=311', '--implementation=cp', '--abi=cp311', '--abi=none'];
  await pip([
    'download',
    ...['--no-deps', '--only-binary=:all:', '--require-hashes', '--progress-bar=off'],
    ...target,
    ...platforms.map((platform) => `--platform=${platform}`),
    ...[`--dest=${WHEELS}`, `--requirement=${list}`],
  ]);
  await run(PYTHON, [UNPACK, WHEELS, UNPACKED, ...PATTERNS], { cwd: ROOT });
  const beside = join(library, '..');
  for (const name of readdirSync(UNPACKED)) {
    const place = name === 'tensorflow' ? library : join(beside, name);
    mkdirSync(beside, { recursive: true });
    rmSync(place, { recursive: true, force: true });
    renameSync(join(UNPACKED, name), place);
  }
  linkCusolver(join(beside, 'nvidia'));
  for (const path of [WHEELS, UNPACKED]) rmSync(path, { recursive: true, force: true });
}

/**
 * TensorFlow 2.21.0 looks for CUDA's libraries in the folders of their wheels, but for cuSOLVER only where Python's binding
 * says, and without cuSOLVER no GPU is used. Beside cuSPARSE, it is found, and finds the libraries that it needs.
 */
export function linkCusolver(nvidia) {
  const source = join(nvidia, 'cusolver', 'lib');
  if (!existsSync(source)) return;
  for (const name of readdirSync(source).filter((file) => file.startsWith('libcusolver.so')))
    symlinkSync(join('..', '..', 'cusolver', 'lib', name), join(nvidia, 'cusparse', 'lib', name));
}

/** The progress of fetchLibrary. */
export function libraryProgress() {
  const unpacked = megabytes(UNPACKED);
  return unpacked > 0 ? `${unpacked} MB unpacked` : `${megabytes(WHEELS) + megabytes(TEMPORARY)} MB fetched`;
}

/** Runs the project's pip, with temporary files in the project's folder, since /tmp is often small. */
export async function pip(words, options = {}) {
  rmSync(TEMPORARY, { recursive: true, force: true });
  mkdirSync(TEMPORARY, { recursive: true });
  const args = ['-m', 'pip', '--disable-pip-version-check', '--no-input', ...words];
  await run(PYTHON, args, { name: 'pip', cwd: ROOT, env: { TMPDIR: TEMPORARY }, ...options });
  rmSync(TEMPORARY, { recursive: true, force: true });
}

/** Builds the addon. The N-API headers come from npm, so neither node-gyp nor Node's own headers are needed. */
export async function buildAddon({ folder }) {
  const library = join(CACHE, folder);
  mkdirSync(dirname(ADDON), { recursive: true });
  const temporary = `${ADDON}.new`;
  const flags = ['-std=c++17', '-O2', '-fPIC', ...SHARED, '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'];
  const headers = join(ROOT, 'node_modules', 'node-api-headers', 'include');
  await run(
    COMPILER,
    [
      ...flags,
      ...[BINDING, join(library, 'include'), headers].map((place) => `-I${place}`),
      ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(BINDING, 'binding', name)),
      ...['-o', temporary, ...linkTo(library, dirname(ADDON))],
    ],
    { cwd: ROOT },
  );
  rmSync(ADDON, { recursive: true, force: true }); // a folder would not be replaced
  renameSync(temporary, ADDON);
  const load = `process.env.TF_CPP_MIN_LOG_LEVEL = '3'; require(${JSON.stringify(ADDON)})`;
  await run(process.execPath, ['-e', load], { name: 'loading the addon', cwd: ROOT });
}

/** The size in megabytes of a folder that another program is writing to. */
function megabytes(folder) {
  let bytes = 0;
  try {
    for (const name of readdirSync(folder, { recursive: true })) bytes += statSync(join(folder, name)).size;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return Math.round(bytes / 1e6);
}
