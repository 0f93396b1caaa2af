import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Multiplies matrices until it has received many signals, and prints how many. */
const PROGRAM = `
const { tf, loadBackend } = require(${JSON.stringify(join(__dirname, '..', '..', 'src', 'index.ts'))});
const { matMul } = require(${JSON.stringify(join(__dirname, '..', '..', 'src', 'runtime', 'operations', 'fused-operations.ts'))});
(async () => {
  await loadBackend();
  let received = 0;
  process.on('SIGUSR2', () => received++);
  const a = tf.randomNormal([263, 128]);
  const b = tf.randomNormal([10, 128]);
  console.log('ready');
  while (received < 2000) {
    for (let i = 0; i < 100; i++) matMul(a, b, true).dispose();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const child = require('node:child_process').spawnSync('sh', ['-c', 'kill -TERM $$; echo blocked']);
  console.log('received', received, child.signal);
  process.exit();
})();
`;

describe('signals', () => {
  it('do not overwrite memory while TensorFlow multiplies matrices', async function () {
    if (process.platform === 'win32') return this.skip();
    this.timeout(240_000);
    const program = spawn(process.execPath, ['--import=tsx', '-e', PROGRAM], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    let errors = '';
    program.stdout.on('data', (part) => {
      text += part;
    });
    program.stderr.on('data', (part) => {
      errors += part;
    });
    const ended = once(program, 'exit');
    while (!text.includes('ready') && program.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 20));
    while (program.exitCode === null && program.signalCode === null) {
      for (let i = 0; i < 20; i++) program.kill('SIGUSR2');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.deepEqual(await ended, [0, null], `${text}${errors}`);
    // A child of the program is ended by signals as usual.
    assert.match(text, /received \d+ SIGTERM/);
  });

  it('reach a profiled program on a stack of their own', function () {
    if (process.platform === 'win32') return this.skip();
    this.timeout(240_000);
    const folder = mkdtempSync(join(tmpdir(), 'profile-'));
    const program = PROGRAM.replace('received < 2000', 'received++ < 50');
    const { status, signal, stderr } = spawnSync(
      process.execPath,
      ['--import=tsx', '--cpu-prof', '--cpu-prof-interval=100', `--cpu-prof-dir=${folder}`, '-e', program],
      { encoding: 'utf8' },
    );
    rmSync(folder, { recursive: true });
    assert.deepEqual([status, signal], [0, null], stderr);
  });
});
