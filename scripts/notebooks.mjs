/** Executes notebooks headlessly with the project's kernel: `npm run notebooks -- [names] [-p key=value] [--output dir] [--html]`. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SetupError } from './lib/report.mjs';
import { checkWords, didYouMean } from './lib/words.mjs';
import { PYTHON, ROOT, runMain, setUp } from './setup.mjs';

/** Where Jupyter finds the kernel, besides its usual places. */
const JUPYTER_PATH = join(ROOT, 'scripts', 'jupyter');

/** The environment in which Jupyter, IPython and the programs that they call write below the project's folder, not the user's. */
export function jupyterEnvironment() {
  const home = join(ROOT, '.cache', 'jupyter');
  mkdirSync(home, { recursive: true }); // IPython makes its own folder in it, and warns if it is missing.
  return {
    JUPYTER_PATH,
    JUPYTER_CONFIG_PATH: JUPYTER_PATH, // settings: labconfig/
    JUPYTER_CONFIG_DIR: join(home, 'config'),
    JUPYTER_DATA_DIR: join(home, 'data'),
    JUPYTER_RUNTIME_DIR: join(home, 'runtime'),
    JUPYTERLAB_SETTINGS_DIR: join(home, 'lab', 'settings'),
    JUPYTERLAB_WORKSPACES_DIR: join(home, 'lab', 'workspaces'),
    IPYTHONDIR: join(home, 'ipython'),
    XDG_CACHE_HOME: join(home, 'cache'),
  };
}

/** The memory that a notebook with a network needs, in bytes. */
const MEMORY = 3 * 2 ** 30;

/** Executes notebooks by name, as many at a time as processors and memory allow; resolves with the exit code. */
export async function executeNotebooks(names, options = []) {
  const paths = names.map((name) =>
    join('notebooks', `${name.replace(/^notebooks\//, '').replace(/\.ipynb$/, '')}.ipynb`),
  );
  const children = new Set();
  // Ctrl-C reaches all processes, but the signal of a time-out may not. The children end their kernels, then this process ends.
  let stopped = false;
  const wait = () => {
    stopped = true;
  };
  const end = () => {
    stopped = true;
    for (const child of children) child.kill();
  };
  process.on('SIGINT', wait);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, end);
  const jobs = Math.min(paths.length, availableParallelism(), Math.max(1, Math.floor(totalmem() / MEMORY)));
  // The largest come first, so that the longest are not left to the end.
  const waiting = [...paths].sort((a, b) => sizeOf(b) - sizeOf(a));
  const summaries = new Map();
  const codes = [];
  let results = '';
  const work = async () => {
    for (let path = waiting.shift(); path !== undefined && !stopped; path = waiting.shift()) {
      const { code, summary, place } = await executeNotebook(path, options, children, jobs);
      codes.push(code);
      summaries.set(path, summary);
      results ||= place;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  process.off('SIGINT', wait);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.off(signal, end);
  const lines = paths.flatMap((path) => summaries.get(path) ?? []);
  if (jobs > 1) console.log(['', ...lines, results].join('\n'));
  return Math.max(...codes);
}

function sizeOf(path) {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.size ?? 0;
}

/** Executes one notebook. If several run, the lines of its cells begin with its name, and its summary is printed later. */
function executeNotebook(path, options, children, jobs) {
  const together = jobs > 1;
  // The processors are divided among the notebooks, since threads that wait for work take time from the others.
  const threads = String(Math.max(1, Math.floor(availableParallelism() / jobs)));
  const env = { TF_NUM_INTRAOP_THREADS: threads, ...process.env, ...jupyterEnvironment() };
  const child = spawn(PYTHON, [join('scripts', 'run_notebook.py'), path, ...options], {
    cwd: ROOT,
    env,
    stdio: ['inherit', together ? 'pipe' : 'inherit', 'inherit'],
  });
  children.add(child);
  const summary = [];
  let place = '';
  if (together) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (/^(ok|FAILED) /.test(line)) summary.push(line);
      else if (line.startsWith('  [')) console.log(`${basename(path, '.ipynb')}${line}`);
      else if (line.startsWith('results in ')) place = line;
      else if (line !== '' && line !== path) console.log(line);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      children.delete(child);
      resolve({ code: code ?? 1, summary, place });
    });
  });
}

const USAGE = `
Usage: npm run notebooks -- [names] [options]

Executes notebooks without a browser: all of them, or those that are named. The executed copies and a PNG of each figure are
written to out/. A notebook ends at its first error, which is reported with cell and line.

  -p, --parameter key=value  changes a property of the object in the cell tagged "parameters"
  --html                     also writes a page that opens without a network
  --output FOLDER            folder for the results (default: out)
  --timeout SECONDS          time limit of a cell (default: 1800)
  --stored                   executes nothing, and uses the outputs stored in the files
  --write                    also replaces the notebooks with the executed ones

The notebooks are NAMES.`;

/** Options that are followed by a value. */
const WITH_VALUE = ['-p', '--parameter', '--output', '--timeout'];
const OPTIONS = [...WITH_VALUE, '--html', '--stored', '--write'];

async function main(words) {
  const all = readdirSync(join(ROOT, 'notebooks'))
    .filter((file) => file.endsWith('.ipynb'))
    .map((file) => file.slice(0, -6));
  const isOption = (word, i) => word.startsWith('-') && !WITH_VALUE.includes(words[i - 1]);
  await checkWords(words.filter(isOption), USAGE.replace('NAMES', all.join(', ')), OPTIONS);
  const names = words.filter((word, i) => !word.startsWith('-') && !WITH_VALUE.includes(words[i - 1]));
  const unknown = names.find(
    (name) => !all.includes(name.replace(/^notebooks\//, '').replace(/\.ipynb$/, '')),
  );
  if (unknown?.includes('='))
    throw new SetupError(
      `'${unknown}' is not a notebook: for a parameter write npm run notebooks -- -p ${unknown} (without -- npm keeps the -p)`,
    );
  if (unknown !== undefined)
    throw new SetupError(
      `there is no notebook '${unknown}'.${await didYouMean(unknown, all)} There are ${all.join(', ')}`,
    );
  await setUp();
  return executeNotebooks(
    names.length > 0 ? names : all,
    words.filter((word) => !names.includes(word)),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runMain(() => main(process.argv.slice(2)));
