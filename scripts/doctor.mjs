/** `npm run doctor`: versions, backend, kernel, disk, and what is wrong with its cure. Works before set-up, too. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPILER, freeGib, MACHINE_PYTHON } from './lib/machine.mjs';
import { hasGpu, wheelsFor } from './lib/wheel.mjs';
import { findDamage, PYTHON, ROOT, runMain } from './setup.mjs';

await runMain(async () => {
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
      const why =
        String(error.stderr ?? error.message)
          .trim()
          .split('\n')
          .find((line) => /Error/.test(line)) ?? '';
      wrong.push(`${name}: ${why ? `${why.trim()}; ` : ''}${cure}`);
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
  const versionOf = (name) => {
    const file = join(ROOT, 'node_modules', name, 'package.json');
    if (existsSync(file))
      tell(name.replace('@tensorflow/', ''), JSON.parse(readFileSync(file, 'utf8')).version);
    else wrong.push(`${name}: not installed; ${setup}`);
  };
  for (const name of [
    '@tensorflow/tfjs',
    '@tensorflow/tfjs-node-gpu',
    'tslab',
    'typescript',
    'plotly.js-dist-min',
  ])
    versionOf(name);
  probe('jupyterlab', PYTHON, ['-c', 'import jupyterlab; print(jupyterlab.__version__)'], setup);
  const kernels =
    'from jupyter_client.kernelspec import KernelSpecManager as K; print(K().get_kernel_spec("tslab").display_name)';
  probe('kernel', PYTHON, ['-c', kernels], setup, { JUPYTER_PATH: join(ROOT, 'scripts', 'jupyter') });
  const backend = `require('./dist/runtime/backend').loadBackend().then(({ name, version, device, threads, note }) => {
    console.log([name, version, 'on', device, 'with', threads, 'threads'].join(' '), note ?? ''); })`;
  const used = probe('backend', process.execPath, ['-e', backend], setup);
  const check = `require('./dist/commands/self-check').selfCheck().then(({ wrong, checked, instructions }) => {
    if (wrong.length > 0) throw new Error('wrong on this machine: ' + wrong.join('; '));
    console.log('all ' + checked + ' known answers are right (' + instructions + ')'); })`;
  probe(
    'self-check',
    process.execPath,
    ['-e', check],
    `${setup}; if it stays, tell us which processor this is`,
  );
  const found = findDamage();
  tell('files', found.length === 0 ? 'as set-up left them' : `${found.length} damaged`);
  if (found.length > 0)
    wrong.push(`files: ${found.slice(0, 5).join(', ')} missing or damaged; ${setup}, which makes them anew`);
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
