/**
 * Sets up all that the project needs, inside its own folder: npm packages, a Python environment with JupyterLab,
 * TensorFlow's library, the addon that binds it, and the compiled TypeScript. Every step is skipped when its inputs
 * have not changed, and a set-up that was killed goes on where it was.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exec, SetupError, step } from './lib/report.mjs';
import { CACHE, hashOf, locked, once, stampPath } from './lib/stamp.mjs';
import { HEADERS, LIBRARIES, TENSORFLOW, wheelFor } from './lib/wheel.mjs';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** The project's own Python. */
export const PYTHON = join(ROOT, '.venv', 'bin', 'python');

const PACKAGE = join(ROOT, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
const ADDON = join(PACKAGE, 'lib', 'napi-v8', 'tfjs_binding.node');
const LIBRARY = join(ROOT, CACHE, `tensorflow-${TENSORFLOW}`);
const NEEDED_GIB = 3;
/** Not node_modules/.bin/tsc: tslab brings an old compiler that claims the same name there. */
export const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

/** Does all of set-up. Throws a SetupError with one clear line when something is missing on the machine. */
export async function setUp() {
  checkNode();
  await locked(join(ROOT, CACHE, 'setup.lock'), async () => {
    await npmPackages();
    await pythonEnvironment();
    await tensorflow();
    await compiled();
  });
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const good = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  if (!good)
    throw new SetupError(`Node ${process.versions.node} is too old: install Node 20.19, 22.12 or newer`);
}

function checkDisk() {
  const { bavail, bsize } = statfsSync(ROOT);
  const free = (bavail * bsize) / 2 ** 30;
  if (free < NEEDED_GIB) {
    throw new SetupError(
      `the disk has ${free.toFixed(1)} GiB free, set-up needs ${NEEDED_GIB}: free some space, or clone to another disk`,
    );
  }
}

async function npmPackages() {
  const hash = hashOf({ values: [process.version.split('.')[0]], files: inRoot('package-lock.json') });
  const outputs = [TSC, join(PACKAGE, 'package.json')];
  await once(stampPath(ROOT, 'npm'), hash, outputs, async () => {
    checkDisk();
    await step('npm packages', () =>
      run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']),
    );
  });
}

async function pythonEnvironment() {
  const python = process.env.PYTHON ?? 'python3';
  const requirements = join(ROOT, 'scripts', 'requirements.txt');
  const venv = join(ROOT, '.venv');
  await once(stampPath(ROOT, 'python'), hashOf({ files: [requirements] }), [PYTHON], async () => {
    checkPython(python);
    checkDisk();
    await step('Python environment with JupyterLab', async () => {
      rmSync(venv, { recursive: true, force: true });
      await run(python, ['-m', 'venv', venv]);
      const options = ['--quiet', '--disable-pip-version-check', '--require-hashes'];
      await run(PYTHON, ['-m', 'pip', 'install', ...options, '-r', requirements]);
    });
  });
}

function checkPython(python) {
  const debian = 'for example by: apt-get install python3 python3-venv';
  let answer;
  try {
    const probe = 'import sys; print(*sys.version_info[:2]); import venv, ensurepip';
    answer = execFileSync(python, ['-c', probe], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    if (error.code === 'ENOENT')
      throw new SetupError(`${python} is missing: install Python 3.10 or newer, ${debian}`);
    throw new SetupError(`${python} has no working venv module: install it, ${debian}`);
  }
  const [major, minor] = answer.trim().split(' ').map(Number);
  if (major !== 3 || minor < 10)
    throw new SetupError(`Python ${major}.${minor} is too old: install 3.10 or newer, or set PYTHON to one`);
}

async function tensorflow() {
  const wheel = wheelFor();
  if (!wheel) {
    console.error(
      `  no TensorFlow library for ${process.platform} on ${process.arch}: the slow WebAssembly backend will be used`,
    );
    return;
  }
  await once(
    stampPath(ROOT, 'tensorflow'),
    wheel.sha256,
    LIBRARIES.map((name) => join(LIBRARY, name)),
    async () => {
      checkDisk();
      await step(`TensorFlow ${TENSORFLOW} (270 MB)`, () => fetchLibrary(wheel));
    },
  );
  const sources = readdirSync(join(PACKAGE, 'binding')).map((name) => join(PACKAGE, 'binding', name));
  const hash = hashOf({ values: [wheel.sha256], files: sources });
  const links = LIBRARIES.map((name) => join(PACKAGE, 'deps', 'lib', name));
  await once(stampPath(ROOT, 'addon'), hash, [ADDON, ...links], () =>
    step('addon that binds TensorFlow to Node', buildAddon),
  );
}

async function fetchLibrary(wheel) {
  const folder = join(ROOT, CACHE, 'wheel');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const requirement = join(folder, 'requirements.txt');
  writeFileSync(requirement, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
  const target = [
    '--python-version',
    '311',
    '--implementation',
    'cp',
    '--abi',
    'cp311',
    '--platform',
    wheel.platform,
  ];
  const options = [
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
    '--disable-pip-version-check',
    '--quiet',
  ];
  await run(PYTHON, ['-m', 'pip', 'download', ...options, ...target, '-d', folder, '-r', requirement]);
  const file = readdirSync(folder).find((name) => name.endsWith('.whl'));
  const partial = `${LIBRARY}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const unpack = [
    'import sys, zipfile',
    'wheel, target, libraries, headers = sys.argv[1], sys.argv[2], sys.argv[3].split(","), sys.argv[4].split(",")',
    'z = zipfile.ZipFile(wheel)',
    'wanted = lambda n: n in ["tensorflow/" + l for l in libraries] or any(n.startswith("tensorflow/include/" + h) for h in headers)',
    'z.extractall(target, [n for n in z.namelist() if wanted(n)])',
  ].join('\n');
  await run(PYTHON, ['-c', unpack, join(folder, file), partial, LIBRARIES.join(), HEADERS.join()]);
  rmSync(LIBRARY, { recursive: true, force: true });
  cpSync(join(partial, 'tensorflow', 'include'), join(LIBRARY, 'include'), { recursive: true });
  for (const name of LIBRARIES) renameSync(join(partial, 'tensorflow', name), join(LIBRARY, name));
  rmSync(partial, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

/** The N-API headers come from npm, so neither node-gyp nor Node's own headers are needed. */
async function buildAddon() {
  const libraries = join(PACKAGE, 'deps', 'lib');
  mkdirSync(libraries, { recursive: true });
  mkdirSync(dirname(ADDON), { recursive: true });
  for (const name of LIBRARIES) {
    rmSync(join(libraries, name), { force: true });
    symlinkSync(
      join('..', '..', '..', '..', '..', CACHE, `tensorflow-${TENSORFLOW}`, name),
      join(libraries, name),
    );
  }
  const compiler = process.env.CXX ?? 'g++';
  const temporary = `${ADDON}.${process.pid}`;
  const flags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'];
  const includes = [
    PACKAGE,
    join(LIBRARY, 'include'),
    join(ROOT, 'node_modules', 'node-api-headers', 'include'),
  ];
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(PACKAGE, 'binding', name));
  try {
    await run(compiler, [
      ...flags,
      ...includes.map((folder) => `-I${folder}`),
      ...sources,
      '-o',
      temporary,
      `-L${libraries}`,
      ...LIBRARIES.map((name) => `-l:${name}`),
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
    ]);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (error.code === 'ENOENT')
      throw new SetupError(
        `${compiler} is missing: install a C++ compiler, for example by: apt-get install g++`,
      );
    throw error;
  }
  renameSync(temporary, ADDON);
  await run(process.execPath, [
    '-e',
    `process.env.TF_CPP_MIN_LOG_LEVEL = '3'; require(${JSON.stringify(ADDON)})`,
  ]);
}

async function compiled() {
  const files = inRoot('tsconfig.json', 'package-lock.json', ...sourceFiles('src'));
  await once(stampPath(ROOT, 'compiled'), hashOf({ files }), [join(ROOT, 'dist', 'index.js')], () =>
    step('TypeScript', () => run(process.execPath, [TSC, '-p', ROOT])),
  );
}

function sourceFiles(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .filter((name) => String(name).endsWith('.ts'))
    .map((name) => join(folder, String(name)))
    .sort();
}

function inRoot(...names) {
  return names.map((name) => join(ROOT, name)).filter((path) => existsSync(path));
}

/** Runs a step's program; a failing one is reported with the end of its output, and with the cure where it is known. */
async function run(command, args) {
  try {
    return await exec(command, args, { cwd: ROOT });
  } catch (error) {
    if (error.code === 'ENOENT') throw error;
    const output = String(error.output ?? '').trim();
    if (/No space left|ENOSPC/.test(output))
      throw new SetupError('the disk is full: free some space, then run the same command again');
    if (
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ConnectionError|NewConnectionError|Name or service not known|Could not fetch URL/.test(
        output,
      )
    ) {
      throw new SetupError(
        'a package registry cannot be reached: check the network, or the registry that npm and pip are set to, then run the same command again',
      );
    }
    if (/DO NOT MATCH THE HASHES/.test(output))
      throw new SetupError(
        'the TensorFlow wheel has another checksum than the pinned one: the package index or a proxy changed it',
      );
    throw new SetupError(`${error.message}\n${output.split('\n').slice(-25).join('\n')}`);
  }
}

/** Runs `main`, turning what went wrong into one line and an exit code. */
export async function runMain(main) {
  try {
    const code = await main();
    if (code !== undefined) process.exitCode = code;
  } catch (error) {
    console.error(error instanceof SetupError ? `set-up: ${error.message}` : error);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runMain(setUp);
