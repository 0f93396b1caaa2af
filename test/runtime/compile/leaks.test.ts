import { strict as assert } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../../src/runtime/backend';
import { compile, type Program } from '../../../src/runtime/compile/program';

const ROOT = join(__dirname, '../../..');

describe('programs leave nothing behind', () => {
  before(loadBackend);

  it('neither tensors nor memory: 300 steps, 6 programs', function () {
    this.timeout(240_000);
    // The full measure, 20,000 steps and 50 programs, is `node --import tsx test/runtime/leaks.ts`.
    const script = join(ROOT, 'test/runtime/compile/leaks.ts');
    const output = execFileSync(
      process.execPath,
      ['--import', 'tsx', script, '--steps=300', '--programs=6'],
      {
        cwd: ROOT,
        encoding: 'utf8',
      },
    );
    const { steps, programs } = JSON.parse(output.trim().split('\n').at(-1)!);
    for (const { tensors, megabytes } of [steps, programs]) {
      assert.equal(tensors, 0);
      assert.ok(megabytes < 50, `${megabytes} MB`);
    }
  });

  const adam = tf.train.adam(0.1);
  const throwing: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    'in the middle': (x) => {
      tf.tidy(() => tf.add(x, 1));
      tf.keep(tf.add(x, 2));
      throw new Error('on purpose');
    },
    'inside a gradient': (x) =>
      tf.grad((y) => {
        tf.square(tf.exp(y));
        throw new Error('on purpose');
      })(x),
    'inside an optimiser': (x) => {
      adam.minimize(() => {
        throw new Error('on purpose');
      });
      return x;
    },
  };
  for (const [where, entry] of Object.entries(throwing))
    it(`not when an entry throws ${where}`, () => {
      const w = tf.variable(tf.scalar(1));
      const x = tf.scalar(3);
      const program = compile({ variables: { w }, entries: { entry, good: (y: tf.Tensor) => tf.mul(y, w) } });
      const keys = (object: object): string => Object.getOwnPropertyNames(object).join();
      const state = () =>
        [keys(tf.engine()), keys(tf.backend()), Math.random, tf.memory().numTensors].map(String);
      const before = state();
      assert.throws(() => program.runSync('entry', x), /on purpose/);
      assert.deepEqual(state(), before);
      assert.equal(program.runSync('good', x).dataSync()[0], 3);
      assert.equal(
        tf
          .grad((y) => tf.square(y))(x)
          .dataSync()[0],
        6,
      );
      program.dispose();
    });

  it('not when an entry keeps tensors', () => {
    const x = tf.scalar(3);
    const f = (y: tf.Tensor): tf.Tensor => tf.keep(tf.square(tf.keep(tf.add(y, 1))));
    const before = tf.memory().numTensors;
    const program: Program<{ f: typeof f }> = compile({ variables: {}, entries: { f } });
    assert.equal(program.runSync('f', x).dataSync()[0], 16);
    for (let i = 0; i < 9; i++) program.runSync('f', x).dispose();
    program.dispose();
    assert.equal(tf.memory().numTensors, before + 1, 'the first output');
  });

  it('nor temporary files: those of processes ended meanwhile go with the next', async function () {
    this.timeout(240_000);
    const folder = mkdtempSync(join(tmpdir(), 'interrupted-'));
    const child = (): ReturnType<typeof spawn> =>
      spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'test/runtime/compile/interrupted.ts')], {
        cwd: ROOT,
        env: { ...process.env, TMPDIR: folder },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const leftovers = (): string[] => readdirSync(folder).filter((name) => name.startsWith('tfjs-program-'));
    const endBy = (signal: NodeJS.Signals): Promise<NodeJS.Signals | null> =>
      new Promise((resolve) => {
        const process = child();
        process.stdout!.once('data', () => process.kill(signal)); // it is in the folder now
        process.once('exit', (_, by) => resolve(by));
      });
    mkdirSync(join(folder, `tfjs-program-${process.pid}-other`)); // of a process that lives
    for (const signal of ['SIGTERM', 'SIGKILL', 'SIGINT'] as const) {
      assert.equal(await endBy(signal), signal);
      assert.equal(leftovers().length, 2, 'its own; that of the process before is gone');
    }
    await new Promise((resolve) => child().once('exit', resolve));
    assert.deepEqual(leftovers(), [`tfjs-program-${process.pid}-other`]);
    rmSync(folder, { recursive: true });
  });
});
