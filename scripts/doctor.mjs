/** `npm run doctor`: versions, backend, kernel and disk, and each fault with its cure. Works before set-up, too. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPILER, freeGib, MACHINE_PYTHON } from './lib/machine.mjs';
import { hasGpu, wheelsFor } from './lib/wheel.mjs';
import { checkWords } from './lib/words.mjs';
import { inspect, PYTHON, ROOT, redo, runMain } from './setup.mjs';

/** The steps that compile for this machine. */
const ADDONS = ['addon', 'operations', 'search-kernel'];

const USAGE = `
Usage: npm run doctor

Shows what is installed, computes known answers on this machine, and names every fault with its cure. It repairs nothing
itself: the steps of set-up whose results are damaged or do not work are marked, and the next npm run setup repeats them.
It takes no options.`;

await runMain(async () => {
  await checkWords(process.argv.slice(2), USAGE);
  const wrong = [];
  const tell = (name, value) => console.log(`${name.padEnd(12)} ${value}`);
  const probe = (name, command, args, cure, env = {}) => {
    try {
      const options = {
        cwd: ROOT,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
      };
      const said = execFileSync(command, args, options).trim().split('\n')[0];
      tell(name, said);
      return said;
    } catch (error) {
      tell(name, 'missing');
      const why = error.signal ?? errorIn(String(error.stderr ?? error.message));
      wrong.push(`${name}: ${why ? `${why}; ` : ''}${cure}`);
    }
  };
  tell('node', process.version);
  probe('npm', 'npm', ['--version'], 'install npm');
  probe(
    'python',
    MACHINE_PYTHON,
    ['--version'],
    'install Python 3.10 or newer: apt-get install python3 python3-venv',
  );
  probe('c++', COMPILER, ['--version'], 'install a C++ compiler: apt-get install g++');
  const setup = 'run npm run setup';
  const { damage, open } = inspect();
  if (damage.length > 0)
    wrong.push(`files: ${shortened(damage)} missing or damaged; ${setup}, which restores them`);
  if (open.length > 0) wrong.push(`set-up: not done, or out of date: ${open.join(', ')}; ${setup}`);
  const versionOf = (name) => {
    const file = join(ROOT, 'node_modules', name, 'package.json');
    if (!existsSync(file)) {
      wrong.push(`${name}: not installed; ${setup}`);
      return;
    }
    try {
      tell(name.replace('@tensorflow/', ''), JSON.parse(readFileSync(file, 'utf8')).version);
    } catch {
      wrong.push(`${name}: its package.json is damaged; ${setup}`);
    }
  };
  for (const name of [
    '@tensorflow/tfjs',
    '@tensorflow/tfjs-node-gpu',
    'tslab',
    'typescript',
    'plotly.js-dist-min',
  ])
    versionOf(name);
  const jupyter = probe(
    'jupyterlab',
    PYTHON,
    ['-c', 'import jupyterlab; print(jupyterlab.__version__)'],
    setup,
  );
  const kernels =
    'from jupyter_client.kernelspec import KernelSpecManager as K; print(K().get_kernel_spec("tslab").display_name)';
  const kernel = probe('kernel', PYTHON, ['-c', kernels], setup, {
    JUPYTER_PATH: join(ROOT, 'scripts', 'jupyter'),
  });
  const backend = `require('./dist/runtime/backend').loadBackend().then(({ name, version, device, threads, note }) => {
    console.log([name, version, 'on', device, 'with', threads, 'threads'].join(' '), note ?? ''); })`;
  const used = probe('backend', process.execPath, ['-e', backend], setup);
  const usesTensorFlow = used?.startsWith('tensorflow') ?? false;
  if (used && !usesTensorFlow && wheelsFor() && !process.env.ID_BACKEND)
    wrong.push(`backend: TensorFlow's library does not load; ${setup}`);
  const isWhole = damage.length + open.length === 0;
  const answers = checkAnswers(tell, wrong, isWhole && used !== undefined);
  // Undamaged files that do not load were made on another machine, or for another version of Node or Python.
  if (isWhole) {
    if (!jupyter || !kernel) redo(['python']);
    if (!used || !answers || (wheelsFor() && !usesTensorFlow && !process.env.ID_BACKEND)) redo(ADDONS);
  }
  const whole = open.length === 0 ? 'as set-up left them' : `${open.length} steps of set-up are not done`;
  tell('files', damage.length === 0 ? whole : `${damage.length} damaged`);
  if (!wheelsFor())
    wrong.push(
      `no TensorFlow library for ${process.platform} on ${process.arch}: the slow WebAssembly backend is used`,
    );
  const gpu = hasGpu();
  tell('gpu', gpu ? 'NVIDIA' : 'none');
  const hasCudaWheels = wheelsFor({ gpu: true })?.folder !== wheelsFor()?.folder;
  if (gpu && hasCudaWheels && used?.includes('on CPU'))
    wrong.push(`gpu: TensorFlow does not use it; ${setup}, or see with LD_DEBUG=libs what does not load`);
  tell('disk', `${freeGib(ROOT).toFixed(1)} GiB free`);
  for (const line of wrong) console.log(`\nwrong: ${line}`);
  if (wrong.length === 0) console.log('\nall is well');
  return wrong.length === 0 ? 0 : 1;
});

/**
 * Computes known answers in a separate process, since a faulty kernel may end it, and asks oneDNN which instructions it uses.
 * Returns false if that process gave no answers.
 */
function checkAnswers(tell, wrong, isWhole) {
  const check = `require('./dist/commands/self-check').selfCheck().then(
    (found) => console.log(JSON.stringify(found)),
    (error) => { console.error(error.message); process.exit(1); })`;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', check], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, ONEDNN_VERBOSE: '1' },
  });
  const line = stdout.split('\n').find((text) => text.startsWith('{'));
  if (status !== 0 || !line) {
    const why = signal ?? errorIn(stderr) ?? `exit code ${status}`;
    // The files are undamaged and the library loads, so a computation must have ended the process.
    if (signal && isWhole) {
      tell('self-check', `known answers are WRONG: the process died by ${signal}`);
      wrong.push(
        `self-check: computing known answers ended by ${signal}. Do not trust what this machine computes; tell us the processor`,
      );
      return true;
    }
    tell('self-check', `not done: ${why}`);
    wrong.push(`self-check: ${why}; run npm run setup`);
    return false;
  }
  const { wrong: names, checked, instructions } = JSON.parse(line);
  const oneDnn = /^onednn_verbose,.*?info,cpu,isa:(.*)$/m.exec(stdout)?.[1];
  const used = `${instructions}; oneDNN says of itself: ${oneDnn ?? 'nothing'}`;
  const verdict =
    names.length === 0
      ? `all ${checked} known answers are right`
      : `${names.length} of ${checked} known answers are WRONG`;
  tell('self-check', `${verdict} (${used})`);
  if (names.length > 0)
    wrong.push(
      `self-check: wrong on this machine: ${names.join('; ')}. Do not trust what it computes; tell us the processor`,
    );
  return true;
}

function shortened(names) {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}

/** The line of a program's output that names the error. */
function errorIn(text) {
  const lines = text.trim().split('\n').filter(Boolean);
  return (lines.find((line) => /Error/.test(line)) ?? lines[0])?.trim();
}
