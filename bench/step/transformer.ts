/** A compiled training step of the paper's transformer: forward, backward, Adam with L2, and reading the loss. */
import * as tf from '@tensorflow/tfjs';
import { modularArithmetic } from '../../src/data/modular-arithmetic';
import { gpt2 } from '../../src/models/gpt2';
import { shuffled } from '../../src/random';
import { compile } from '../../src/runtime/compile/program';
import { statelessRandom } from '../../src/runtime/random/stateless-random';
import { loadCheckpoint, saveCheckpoint } from '../../src/training/checkpoint';
import { crossEntropy } from '../../src/training/losses';
import { createOptimizer } from '../../src/training/optimizers';

/** The case that is timed; the defaults of the other numbers are those of the paper. */
export interface TransformerCase {
  readonly batch: number;
  readonly width: number;
  readonly depth: number;
  /** Initial weights and batches for both sides, a safetensors file. */
  readonly file: string;
  /** Seed of the masks. @default 0 */
  readonly seed?: number;
  /** @default .1 */
  readonly dropout?: number;
}

/** The settings of the optimiser on every side. */
export const ADAM = { learningRate: 1e-3, beta1: 0.9, beta2: 0.98, weightDecay: 1e-2 } as const;
const PRIME = 97;
const VOCABULARY = PRIME + 4;
const BATCHES = 5;

/** One training step, which returns the loss before it. */
export type Step = () => number;

/** Writes initial weights and five batches of the training data. */
export function exportTransformer(options: TransformerCase): void {
  const model = networkOf(options);
  const { train } = modularArithmetic({ prime: PRIME, trainFraction: 0.3 });
  const order = shuffled(train.size, 0);
  const rows = Array.from({ length: BATCHES * options.batch }, (_, i) => order[i % train.size]!);
  const tokens = tf.tensor2d(
    Int32Array.from(rows.flatMap((i) => [...train.inputs.subarray(4 * i, 4 * i + 4)])),
    [rows.length, 4],
    'int32',
  );
  const labels = tf.tensor1d(
    rows.map((i) => train.labels[i]!),
    'int32',
  );
  saveCheckpoint(options.file, { ...model.variables, tokens, labels }, { step: 0, config: {} });
  tf.dispose([tokens, labels]);
  model.dispose();
}

/** The step as this project trains. */
export function compiledTransformer(options: TransformerCase): Step {
  const { seed = 0 } = options;
  const { weights, next } = read(options);
  const model = networkOf(options);
  for (const [name, variable] of Object.entries(model.variables)) variable.assign(weights[name]!);
  const { learningRate, ...numbers } = ADAM;
  const optimizer = createOptimizer({ kind: 'adam', ...numbers }, model.variables);
  const step = (
    x: tf.Tensor2D,
    y: tf.Tensor1D,
    rate: tf.Scalar,
    seedAndStep: tf.Tensor1D,
  ): { loss: tf.Tensor } => {
    const { value: loss, grads } = tf.variableGrads(
      () => crossEntropy(model.apply(x, { training: true, random: statelessRandom(seedAndStep) }).logits, y),
      Object.values(model.variables),
    );
    const gradients = Object.entries(model.variables).map(
      ([name, variable]) => [name, grads[variable.name]!] as const,
    );
    const t = tf.cast(tf.reshape(tf.slice(seedAndStep, [1], [1]), []), 'float32') as tf.Scalar;
    optimizer.apply(Object.fromEntries(gradients), rate, t);
    return { loss };
  };
  const program = compile({ variables: { ...model.variables, ...optimizer.variables }, entries: { step } });
  let t = 0;
  return () => {
    t += 1;
    const { x, y } = next();
    const rate = tf.scalar(learningRate);
    const seedAndStep = tf.tensor1d([seed, t], 'int32');
    const { loss } = program.runSync('step', x, y, rate, seedAndStep);
    const value = loss.dataSync()[0]!;
    tf.dispose([x, y, rate, seedAndStep, loss]);
    return value;
  };
}

/** The weights and an endless walk through the batches of the file. */
export function read({ batch, file }: TransformerCase): {
  weights: Record<string, tf.Tensor>;
  next: () => { x: tf.Tensor2D; y: tf.Tensor1D };
} {
  const { tensors: weights } = loadCheckpoint(file);
  const tokens = weights['tokens']!.dataSync() as Int32Array;
  const labels = weights['labels']!.dataSync() as Int32Array;
  let i = -1;
  const next = (): { x: tf.Tensor2D; y: tf.Tensor1D } => {
    i = (i + 1) % BATCHES;
    return {
      x: tf.tensor2d(tokens.subarray(4 * batch * i, 4 * batch * (i + 1)), [batch, 4], 'int32'),
      y: tf.tensor1d(labels.subarray(batch * i, batch * (i + 1)), 'int32'),
    };
  };
  return { weights, next };
}

function networkOf({ width, depth, dropout = 0.1 }: TransformerCase): ReturnType<typeof gpt2> {
  return gpt2({
    vocabularySize: VOCABULARY,
    classes: PRIME,
    nEmbd: width,
    nLayer: depth,
    dropoutRate: dropout,
  });
}
