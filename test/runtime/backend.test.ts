import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const BACKEND = join(ROOT, 'src', 'runtime', 'backend');

/** What a program prints that starts without a backend, which this process has already. */
function printed(code: string, environment: NodeJS.ProcessEnv = {}): string {
  const backend = JSON.stringify(BACKEND);
  const compile = JSON.stringify(join(ROOT, 'src', 'runtime', 'compile', 'program'));
  const script = `
    const tf = require('@tensorflow/tfjs');
    const { loadBackend } = require(${backend});
    const { compile } = require(${compile});
    console.log = (text) => process.stdout.write(String(text) + ' ');
    (async () => { ${code} })().catch((error) => console.log(error.name + ': ' + error.message));`;
  const environmentOf = { ...process.env, ...environment };
  return execFileSync(process.execPath, ['--import', 'tsx', '-e', script], {
    cwd: ROOT,
    env: environmentOf,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

const PROGRAM = `
  const w = tf.variable(tf.scalar(1));
  const program = compile({ variables: { w }, entries: { f: (x) => { w.assign(tf.add(w, x)); return tf.mul(w, 2); } } });
  console.log(program.constructor.name);
  console.log(tf.getBackend());
  const run = () => program.runSync('f', tf.scalar(3)).dataSync()[0];
  console.log(run());`;

describe('the backend', () => {
  it('is there for a program that is compiled before loadBackend, and for tensors made before', () => {
    const code = `const early = tf.variable(tf.scalar(5)); early.assign(tf.add(early, 1)); ${PROGRAM}
      await loadBackend(); console.log(run()); console.log(tf.add(early, 1).dataSync()[0]);`;
    assert.equal(printed(code).split(/\s+/).slice(-5).join(' '), 'GraphProgram tensorflow 8 14 7');
  });

  it('is the one that ID_BACKEND names', () => {
    const code = `${PROGRAM} console.log((await loadBackend()).name); console.log(run())`;
    assert.match(printed(code, { ID_BACKEND: 'cpu' }), /EagerProgram \S* ?8 cpu 14$/);
    assert.match(printed(code, { ID_BACKEND: 'wasm' }), /EagerProgram \S* ?8 wasm 14$/);
  });

  it('leaves no listeners of WebAssembly, after which errors would be shown at a line of its module', () => {
    const code = `const count = () =>
        process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
      const before = count(); const { name } = await loadBackend(); console.log(name + ' ' + (count() - before));`;
    assert.equal(printed(code, { ID_BACKEND: 'wasm' }), 'wasm 0');
  });

  it('is refused by a name that is none, by loadBackend and by compile', () => {
    const message =
      /RangeError: ID_BACKEND is 'tensrflow': did you mean 'tensorflow'\? .* tensorflow, wasm, cpu$/;
    assert.match(printed('await loadBackend()', { ID_BACKEND: 'tensrflow' }), message);
    assert.match(printed(PROGRAM, { ID_BACKEND: 'tensrflow' }), message);
  });

  it('loads without a line of its own, and lets through what others print', () => {
    const code = `console.error('before');
require(${JSON.stringify(BACKEND)}).loadBackend().then(({ name }) => { console.log(name); console.error('after'); });`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '-e', code], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    assert.equal(stdout, 'tensorflow\n', stderr);
    assert.equal(stderr, 'before\nafter\n');
  });

  it('prints the epochs of fit without the bar over their batches where there is no terminal', () => {
    const code = `const tf = require('@tensorflow/tfjs');
require(${JSON.stringify(BACKEND)}).loadBackend().then(async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  await model.fit(tf.ones([8, 2]), tf.ones([8, 1]), { epochs: 1 });
});`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '-e', code], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    assert.match(stdout, /^Epoch 1 \/ 1\n\d+ms .*loss=/);
    assert.equal(stderr, '');
  });
});
