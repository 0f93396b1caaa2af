/** Executes notebooks headlessly with the project's kernel: `npm run notebooks -- [names] [-p key=value] [--output dir] [--html]`. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './lib/report.mjs';
import { PYTHON, ROOT, runMain, setUp } from './setup.mjs';

/** Where Jupyter finds the kernel, besides its usual places. */
export const JUPYTER_PATH = join(ROOT, 'scripts', 'jupyter');

/** Executes notebooks by name; resolves with the exit code. */
export function executeNotebooks(names, options = []) {
  const paths = names.map((name) =>
    join('notebooks', `${name.replace(/^notebooks\//, '').replace(/\.ipynb$/, '')}.ipynb`),
  );
  const env = { ...process.env, JUPYTER_PATH };
  const child = spawn(PYTHON, [join('scripts', 'run_notebook.py'), ...paths, ...options], {
    cwd: ROOT,
    env,
    stdio: 'inherit',
  });
  // Ctrl-C reaches both, a time-out's signal perhaps not: the child ends its kernel, then this process ends.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill());
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Options whose next word is their value. */
const WITH_VALUE = ['-p', '--parameter', '--output', '--timeout'];

async function main(words) {
  const all = readdirSync(join(ROOT, 'notebooks'))
    .filter((file) => file.endsWith('.ipynb'))
    .map((file) => file.slice(0, -6));
  const names = words.filter((word, i) => !word.startsWith('-') && !WITH_VALUE.includes(words[i - 1]));
  const unknown = names.find(
    (name) => !all.includes(name.replace(/^notebooks\//, '').replace(/\.ipynb$/, '')),
  );
  if (unknown?.includes('='))
    throw new SetupError(
      `'${unknown}' is no notebook: for a parameter write npm run notebooks -- -p ${unknown} (without -- npm keeps the -p)`,
    );
  if (unknown !== undefined) throw new SetupError(`no notebook '${unknown}'; there are ${all.join(', ')}`);
  await setUp();
  return executeNotebooks(
    names.length > 0 ? names : all,
    words.filter((word) => !names.includes(word)),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runMain(() => main(process.argv.slice(2)));
