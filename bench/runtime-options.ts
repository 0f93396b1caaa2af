/**
 * Measures a compiled step with various options of TensorFlow's runtime, which are set in the environment of separate processes
 * that take turns. Prints a Markdown table of medians and minima in ms.
 *
 *   node --import tsx bench/runtime-options.ts [--rounds=5] [--steps=12] [--only=XLA]
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { gpt2 } from '../src/models/gpt2';
import { loadBackend } from '../src/runtime/backend';
import { compileModel } from '../src/runtime/compile/compile-model';
import { compile } from '../src/runtime/compile/program';
import { statelessRandom } from '../src/runtime/random/stateless-random';
import { crossEntropy } from '../src/training/losses';
import { createOptimizer } from '../src/training/optimizers';

const OPTIONS: Record<string, Record<string, string>> = {
  default: {},
  'TF_ENABLE_ONEDNN_OPTS=0': { TF_ENABLE_ONEDNN_OPTS: '0' },
  'XLA: TF_XLA_FLAGS="--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit"': {
    TF_XLA_FLAGS: '--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit',
  },
  'TF_NUM_INTEROP_THREADS=1': { TF_NUM_INTEROP_THREADS: '1' },
  'TF_NUM_INTRAOP_THREADS=1': { TF_NUM_INTRAOP_THREADS: '1' },
  'TF_CPU_ALLOCATOR_USE_BFC=true': { TF_CPU_ALLOCATOR_USE_BFC: 'true' },
  'MALLOC_MMAP_THRESHOLD_=2^30 MALLOC_TRIM_THRESHOLD_=2^32': {
    MALLOC_MMAP_THRESHOLD_: String(2 ** 30),
    MALLOC_TRIM_THRESHOLD_: String(2 ** 32),
  },
};

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '12' },
    only: { type: 'string' },
    worker: { type: 'boolean', default: false },
  },
});
const steps = Number(values.steps);

type Times = Record<string, number[]>;

/** The time of each of `steps` calls, after three that do not count, in ms. */
function time(run: () => void): number[] {
  for (let i = 0; i < 3; i++) run();
  return Array.from({ length: steps }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
}

/** The transformer of the paper at batch 512, and a convolutional network of tf.layers with batch normalisation. */
async function worker(): Promise<void> {
  await loadBackend();
  console.log(JSON.stringify({ transformer: time(transformerStep()), cnn: time(cnnStep()) } satisfies Times));
}

function transformerStep(): () => void {
  const model = gpt2({ vocabularySize: 115, classes: 113 });
  const optimizer = createOptimizer({ kind: 'adam', weightDecay: 1e-2 }, model.variables);
  const program = compile({
    variables: { ...model.variables, ...optimizer.variables },
    entries: {
      step: (x: tf.Tensor, y: tf.Tensor1D, seedAndStep: tf.Tensor1D): tf.Tensor => {
        const { value, grads } = tf.variableGrads(
          () =>
            crossEntropy(
              model.apply(x, { training: true, random: statelessRandom(seedAndStep) }).logits,
              y,
            ) as tf.Scalar,
          Object.values(model.variables),
        );
        const gradients = Object.entries(model.variables).map(([name, v]) => [name, grads[v.name]!]);
        optimizer.apply(Object.fromEntries(gradients), tf.scalar(1e-3), tf.scalar(1));
        return value;
      },
    },
    audit: false,
  });
  const inputs = [
    tf.randomUniform([512, 4], 0, 113, 'int32'),
    tf.randomUniform([512], 0, 113, 'int32') as tf.Tensor1D,
    tf.tensor1d([1, 1], 'int32'),
  ] as const;
  return () => program.runSync('step', ...inputs).dispose();
}

function cnnStep(): () => void {
  const layers = [32, 32, 64, 64].flatMap((filters, i) => [
    tf.layers.conv2d({
      filters,
      kernelSize: 3,
      padding: 'same',
      ...(i === 0 ? { inputShape: [32, 32, 3] } : {}),
    }),
    tf.layers.batchNormalization(),
    tf.layers.activation({ activation: 'relu' }),
    ...(i % 2 ? [tf.layers.maxPooling2d({ poolSize: 2 })] : []),
  ]);
  const model = tf.sequential({
    layers: [...layers, tf.layers.flatten(), tf.layers.dense({ units: 10, activation: 'softmax' })],
  });
  model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
  compileModel(model, { audit: false });
  const x = tf.randomNormal([64, 32, 32, 3]);
  const y = tf.oneHot(tf.randomUniform([64], 0, 10, 'int32'), 10).toFloat();
  const { makeTrainFunction } = (
    model as unknown as { model: { makeTrainFunction(): (data: tf.Tensor[]) => tf.Tensor[] } }
  ).model;
  const train = makeTrainFunction();
  return () => tf.dispose(train([x, y]));
}

function main(): void {
  const chosen = Object.entries(OPTIONS).filter(
    ([name]) => name === 'default' || !values.only || name.includes(values.only),
  );
  const times: Record<string, Times> = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, environment] of chosen) {
      const output = execFileSync(
        process.execPath,
        ['--import', 'tsx', __filename, '--worker', `--steps=${steps}`],
        {
          env: { ...process.env, ...environment },
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      );
      const measured = JSON.parse(output.trim().split('\n').at(-1)!) as Times;
      const before = times[name] ?? {};
      times[name] = Object.fromEntries(
        Object.entries(measured).map(([step, ms]) => [step, [...(before[step] ?? []), ...ms]]),
      );
    }
  }
  console.log('| option | transformer, median / min | CNN with batch norm, median / min |\n|---|---|---|');
  for (const [name, measured] of Object.entries(times)) {
    const cells = Object.values(measured).map((ms) => {
      const sorted = ms.toSorted((a, b) => a - b);
      return `${sorted[sorted.length >> 1]!.toFixed(0)} / ${sorted[0]!.toFixed(0)}`;
    });
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}

if (values.worker) void worker();
else main();
