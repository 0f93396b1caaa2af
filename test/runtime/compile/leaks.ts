/**
 * Measures what compiled programs leave behind: tensors, and resident memory in MB against that after a 40th of the
 * steps or programs. Prints one line of JSON.
 *
 *   node --import tsx test/runtime/leaks.ts [--steps=20000] [--programs=50] [--every=1000]
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../../src/runtime/backend';
import { compile } from '../../../src/runtime/compile/program';

const { values } = parseArgs({
  options: { steps: { type: 'string' }, programs: { type: 'string' }, every: { type: 'string' } },
});
const steps = Number(values.steps ?? 20_000);
const programs = Number(values.programs ?? 50);
const every = Number(values.every ?? steps);

const resident = (): number => process.memoryUsage.rss() / 2 ** 20;

/** Calls `turn` `n` times. */
function watch(n: number, turn: (i: number) => void): { tensors: number; megabytes: number } {
  let start = { tensors: 0, megabytes: 0 };
  const now = () => ({ tensors: tf.memory().numTensors, megabytes: resident() });
  for (let i = 1; i <= n; i++) {
    turn(i);
    if (i === Math.ceil(n / 40) + 1) start = now();
    if (i % every === 0) console.error(`${i}: ${JSON.stringify(now())}`);
  }
  const end = now();
  return {
    tensors: end.tensors - start.tensors,
    megabytes: Number((end.megabytes - start.megabytes).toFixed(1)),
  };
}

function classifier() {
  const w = tf.tidy(() => tf.variable(tf.randomNormal([20, 10])));
  const optimizer = tf.train.adam(1e-3);
  const step = (x: tf.Tensor2D): tf.Tensor =>
    optimizer.minimize(
      () => tf.mean(tf.square(tf.dropout(tf.matMul(x, w as tf.Tensor2D), 0.1))) as tf.Scalar,
      true,
      [w],
    )!;
  const program = compile({ variables: { w }, entries: { step } });
  return { program, dispose: () => tf.dispose([w, ...statesOf(optimizer)]) };
}

function statesOf(optimizer: tf.AdamOptimizer): tf.Tensor[] {
  const before = new Set(Object.values(tf.engine().registeredVariables));
  optimizer.dispose();
  const after = new Set(Object.values(tf.engine().registeredVariables));
  return [...before].filter((variable) => !after.has(variable));
}

function run(program: ReturnType<typeof classifier>['program'], n: number): void {
  tf.tidy(() => program.runSync('step', tf.ones([n, 20]))).dispose();
}

async function main(): Promise<void> {
  await loadBackend();
  const { program, dispose } = classifier();
  const report = {
    steps: watch(steps, () => {
      run(program, 32);
    }),
    programs: watch(programs, () => {
      const other = classifier();
      for (const n of [4, 8]) run(other.program, n);
      run(program, 32); // one lives on beside it
      other.program.dispose();
      other.dispose();
    }),
  };
  program.dispose();
  dispose();
  console.log(JSON.stringify(report));
}

void main();
