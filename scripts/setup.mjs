/**
 * Sets up everything that the project needs, inside its own folder: npm packages, a Python environment with JupyterLab,
 * TensorFlow's library, the addon that binds it, the project's own addons, and the compiled TypeScript. Two steps run at a
 * time if neither depends on the other. A step is skipped if its inputs have not changed, and a set-up that was killed
 * continues where it was.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOperations, buildSearchKernel, operationSources, searchSources } from './lib/kernels.mjs';
import { asStep, endPrograms, locked } from './lib/lock.mjs';
import {
  checkCompiler,
  checkDisk,
  checkNode,
  checkNpm,
  checkPython,
  MACHINE_PYTHON,
} from './lib/machine.mjs';
import { ADDON, CACHE, LIBRARY, OPERATIONS, PYTHON, ROOT, SEARCH_KERNEL, TSC } from './lib/places.mjs';
import { run } from './lib/program.mjs';
import { SetupError, step } from './lib/report.mjs';
import { damaged, hashOf, isDone, reopen, stamped } from './lib/stamp.mjs';
import { buildAddon, fetchLibrary, libraryProgress, pip } from './lib/tensorflow.mjs';
import { hasGpu, LIBRARIES, PATTERNS, wheelsFor } from './lib/wheel.mjs';
import { checkWords } from './lib/words.mjs';

export { PYTHON, ROOT, TSC } from './lib/places.mjs';

const LOCK_FILE = join(ROOT, 'package-lock.json');
const REQUIREMENTS = join(ROOT, 'scripts', 'requirements.txt');
const VENV = dirname(dirname(PYTHON));
const DIST = join(ROOT, 'dist');

/**
 * Runs all steps of set-up, or only those named. Throws a SetupError with one clear line if the machine lacks something for these
 * steps or, with `checksAll`, for any step.
 */
export async function setUp(names, { checksAll = false } = {}) {
  checkNode();
  try {
    await locked(join(CACHE, 'setup.lock'), async () => {
      const all = steps().filter(isOpen);
      const open = all.filter(({ name }) => names?.includes(name) !== false);
      // Anything that the machine lacks is reported before the first download.
      const checked = checksAll ? all : open;
      for (const check of new Set(checked.flatMap(({ checks }) => checks))) check();
      const needed = checked.reduce((sum, { gib }) => sum + gib, 0);
      if (needed > 0) checkDisk(ROOT, needed);
      await doSteps(open);
    });
  } catch (error) {
    if (error.code === 'ENOSPC') throw new SetupError(`the disk of ${ROOT} is full: free some space`);
    if (['EACCES', 'EROFS', 'EPERM'].includes(error.code))
      throw new SetupError(`cannot write (${error.message}): make ${ROOT} writable, or clone elsewhere`);
    throw error;
  }
}

/** True if the inputs of the step have changed, or its outputs are missing or look damaged. */
function isOpen({ name, hash }) {
  return !isDone(stampOf(name), hash());
}

/** The number of steps at a time. Each waits for the network, the disk or one core, so more would only be harder to follow. */
const AT_A_TIME = 2;

/**
 * Runs the steps in order, as soon as those that they come `after` are done. If one fails, the steps before it are completed,
 * and those after it are ended.
 */
async function doSteps(open) {
  const begun = performance.now();
  const seconds = (since) => Math.round((performance.now() - since) / 1000);
  const order = open.map(({ name }) => name);
  const waiting = [...open];
  const unfinished = new Set(order);
  const running = new Set();
  const times = [];
  let failure;
  const start = async ({ name, title, hash, body, progress, outputs, left }) => {
    const started = performance.now();
    try {
      const does = () => asStep(name, () => step(title, body, progress));
      await stamped(stampOf(name), hash(), does, outputs, left);
      unfinished.delete(name);
      times.push(`${title} ${seconds(started)} s`);
    } catch (error) {
      failure ??= error;
      endPrograms((other) => order.indexOf(other) > order.indexOf(name));
    }
  };
  for (;;) {
    const isFree = failure === undefined && running.size < AT_A_TIME;
    const ready = isFree ? waiting.findIndex(({ after }) => !after.some((name) => unfinished.has(name))) : -1;
    if (ready >= 0) {
      const begins = start(waiting.splice(ready, 1)[0]).then(() => running.delete(begins));
      running.add(begins);
    } else if (running.size > 0) await Promise.race(running);
    else break;
  }
  if (failure !== undefined) throw failure;
  if (times.length > 1) console.error(`  set up in ${seconds(begun)} s: ${times.join(', ')}`);
}

/**
 * The steps in order, beginning with those that the first picture needs. A step has its inputs (hash), the files that every later
 * set-up checks (outputs), all files that doctor checks (left, by default the outputs), the steps that it depends on (after), and
 * its requirements (checks, gib).
 */
function steps() {
  const wheels = chooseWheels();
  const tensorflow = wheels && [
    {
      name: 'tensorflow',
      after: ['python'],
      title: wheels.title,
      hash: () => hashOf({ values: [wheels.requirements, ...PATTERNS] }),
      outputs: () => LIBRARIES.map((name) => join(CACHE, wheels.folder, name)),
      left: () => libraryFiles(wheels),
      checks: [checkPython],
      gib: wheels.gib,
      body: () => fetchLibrary(wheels),
      progress: libraryProgress,
    },
    {
      name: 'addon',
      after: ['npm', 'tensorflow'],
      title: 'addon that binds TensorFlow to Node',
      hash: () => hashOf({ values: [wheels.requirements], files: [LOCK_FILE] }),
      outputs: () => [ADDON],
      checks: [checkCompiler],
      gib: 0.1,
      body: () => buildAddon(wheels),
    },
    {
      name: 'operations',
      after: ['npm', 'tensorflow'],
      title: 'addon of further operations',
      hash: () => hashOf({ values: [wheels.requirements], files: operationSources() }),
      outputs: () => [LIBRARY, OPERATIONS],
      checks: [checkCompiler],
      gib: 0.1,
      body: () => buildOperations(wheels),
    },
  ];
  return [
    {
      name: 'npm',
      after: [],
      title: 'npm packages',
      hash: () => hashOf({ values: [process.platform, process.arch], files: [LOCK_FILE] }),
      outputs: () => [TSC, ...packageFiles()],
      left: () => filesBelow(join(ROOT, 'node_modules')),
      checks: [checkNpm],
      gib: 1.2,
      body: () =>
        run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: ROOT }),
      progress: npmProgress,
    },
    {
      name: 'compiled',
      after: ['npm'],
      title: 'TypeScript',
      hash: () => hashOf({ files: [LOCK_FILE, join(ROOT, 'tsconfig.json'), ...sourceFiles()] }),
      outputs: () => filesBelow(DIST),
      checks: [],
      gib: 0,
      body: compileSources,
    },
    {
      name: 'python',
      after: [],
      title: 'Python environment with JupyterLab',
      hash: () => hashOf({ files: [REQUIREMENTS] }),
      outputs: pythonFiles,
      left: () => filesBelow(VENV).filter((path) => !path.endsWith('.pyc')), // Python writes those at any time
      checks: [checkPython],
      gib: 0.5,
      ...pythonEnvironment(),
    },
    ...(tensorflow ?? []),
    {
      name: 'search-kernel',
      after: ['npm'],
      title: 'addon that searches neighbours',
      hash: () => hashOf({ values: [process.platform, process.arch], files: searchSources() }),
      outputs: () => [SEARCH_KERNEL],
      checks: [checkCompiler],
      gib: 0.1,
      body: buildSearchKernel,
    },
  ];
}

/** TensorFlow's libraries and headers, and CUDA's libraries. */
function libraryFiles({ folder }) {
  return filesBelow(join(CACHE, folder.split('/')[0]));
}

/** Chooses the GPU's wheels if there is a GPU, or if they are already installed (on a cluster's login node). */
function chooseWheels() {
  const gpu = wheelsFor({ gpu: true });
  const wheels = gpu && (existsSync(join(CACHE, gpu.folder)) || hasGpu()) ? gpu : wheelsFor();
  if (!wheels)
    console.error(
      `  no TensorFlow library for ${process.platform} on ${process.arch}: the slow WebAssembly backend will be used`,
    );
  return wheels;
}

/** The entry files of the packages that this project depends on. */
function packageFiles() {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const require = createRequire(join(ROOT, 'package.json'));
  return Object.keys({ ...dependencies, ...devDependencies }).flatMap((name) => {
    const own = join(ROOT, 'node_modules', name, 'package.json');
    try {
      // A trailing slash selects the package rather than Node's own module of the same name.
      return [own, require.resolve(isBuiltin(name) ? `${name}/` : name)];
    } catch {
      return [own]; // types, headers and programs have no entry
    }
  });
}

/** The number of installed packages for this machine. */
function npmProgress() {
  const fits = (wanted, own) => !wanted || wanted.includes(own);
  const names = Object.entries(JSON.parse(readFileSync(LOCK_FILE, 'utf8')).packages)
    .filter(([name, { os, cpu }]) => name && fits(os, process.platform) && fits(cpu, process.arch))
    .map(([name]) => join(ROOT, name, 'package.json'));
  return `${names.filter((path) => existsSync(path)).length} of ${names.length} installed`;
}

/** Makes the Python environment from scratch, since pip cannot tell a package that a kill left incomplete from a complete one. */
function pythonEnvironment() {
  let said;
  const body = async () => {
    rmSync(VENV, { recursive: true, force: true });
    await run(MACHINE_PYTHON, ['-m', 'venv', VENV], { cwd: ROOT });
    said = '';
    const options = ['--require-hashes', '--progress-bar=off', `--requirement=${REQUIREMENTS}`];
    await pip(['install', ...options], {
      onOutput: (piece) => {
        said += piece;
      },
    });
  };
  const progress = () => {
    if (said === undefined) return 'creating it';
    const all = said.match(/^Installing collected packages: (.*)$/m)?.[1].split(', ').length;
    if (!all) return `${said.split('Collecting ').length - 1} packages fetched`;
    const installed = readdirSync(join(VENV, 'lib'), { recursive: true }).filter((name) =>
      name.endsWith('.dist-info'),
    );
    return `${Math.min(installed.length, all)} of ${all} packages installed`;
  };
  return { body, progress };
}

function sourceFiles() {
  return readdirSync(join(ROOT, 'src'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => join(ROOT, 'src', name));
}

/** Compiles into a new folder and then swaps the folders, so that running programs find their files and no old file is left. */
async function compileSources() {
  const fresh = join(ROOT, 'dist.new'); // at the same depth, since maps name the sources by relative paths
  rmSync(fresh, { recursive: true, force: true });
  await run(process.execPath, [TSC, '-p', ROOT, '--outDir', fresh], { name: 'tsc', cwd: ROOT });
  rmSync(DIST, { recursive: true, force: true });
  renameSync(fresh, DIST);
}

/** The settings of the Python environment, and the entry files of the packages in requirements.in. */
function pythonFiles() {
  const packages = [...readFileSync(join(ROOT, 'scripts', 'requirements.in'), 'utf8').matchAll(/^(\w+)==/gm)];
  const site = readdirSync(join(VENV, 'lib')).map((name) => join(VENV, 'lib', name, 'site-packages'))[0];
  const entries = packages.map(([, name]) => join(site, name, '__init__.py'));
  return [PYTHON, join(VENV, 'pyvenv.cfg'), ...entries];
}

/**
 * Finds missing and damaged results of set-up by comparing every byte, so that the next set-up repeats these steps. Also gives
 * the titles of the other steps that it will run.
 */
export function inspect() {
  const found = steps().map((each) => ({ each, files: damaged(stampOf(each.name)) }));
  const open = found.filter(({ each, files }) => files.length === 0 && isOpen(each));
  redo(found.filter(({ files }) => files.length > 0).map(({ each }) => each.name));
  return { damage: found.flatMap(({ files }) => files), open: open.map(({ each }) => each.title) };
}

/** Makes the next set-up repeat these steps, whose results are undamaged but do not work on this machine. */
export function redo(names) {
  for (const name of names) reopen(stampOf(name));
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

function stampOf(name) {
  return join(CACHE, 'stamps', name);
}

/** Runs `main`, and turns an error into one line and an exit code. */
export async function runMain(main) {
  try {
    const code = await main();
    if (code !== undefined) process.exitCode = code;
  } catch (error) {
    console.error(error instanceof SetupError ? `set-up: ${error.message}` : error);
    process.exitCode = 1;
  }
}

const USAGE = `
Usage: npm run setup

Sets up everything that the project needs inside its own folder, and skips what is already done. It takes no options.`;

if (process.argv[1] === fileURLToPath(import.meta.url))
  await runMain(async () => {
    await checkWords(process.argv.slice(2), USAGE);
    await setUp();
  });
