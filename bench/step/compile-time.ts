/** The time to compile the transformer's program with all entries and shapes that a run of the paper needs. */
import * as tf from '@tensorflow/tfjs';
import { modularArithmetic } from '../../src/data/modular-arithmetic';
import { gpt2 } from '../../src/models/gpt2';
import { compile } from '../../src/runtime/compile/program';
import { statelessRandom } from '../../src/runtime/random/stateless-random';
import { accuracy, crossEntropy } from '../../src/training/losses';
import { createOptimizer } from '../../src/training/optimizers';

/**
 * Milliseconds until every entry has run once: the step at batch 512 and at the epoch's last, short batch, and the
 * evaluation of training and validation examples with the activations of all sites. TensorFlow optimises a graph when
 * it first runs.
 */
export function compileTime(): number {
  const { train, validation } = modularArithmetic({ trainFraction: 0.3 });
  const model = gpt2({ vocabularySize: 101, classes: 97 });
  const optimizer = createOptimizer({ kind: 'adam', beta2: 0.98, weightDecay: 1e-2 }, model.variables);
  const inputs = (size: number): [tf.Tensor2D, tf.Tensor1D] => [
    tf.zeros([size, 4], 'int32'),
    tf.zeros([size], 'int32'),
  ];
  const rest: [tf.Scalar, tf.Tensor1D] = [tf.scalar(1e-3), tf.tensor1d([0, 1], 'int32')];
  const start = performance.now();
  const program = compile({
    variables: { ...model.variables, ...optimizer.variables },
    entries: {
      step: (x: tf.Tensor2D, y: tf.Tensor1D, rate: tf.Scalar, seedAndStep: tf.Tensor1D) => {
        const { value, grads } = tf.variableGrads(() => {
          const random = statelessRandom(seedAndStep);
          return crossEntropy(model.apply(x, { training: true, random }).logits, y);
        }, Object.values(model.variables));
        const gradients = Object.entries(model.variables).map(([name, v]) => [name, grads[v.name]!] as const);
        optimizer.apply(Object.fromEntries(gradients), rate, tf.scalar(1));
        return value;
      },
      evaluate: (x: tf.Tensor2D, y: tf.Tensor1D) => {
        const { logits, activations } = model.apply(x, { activations: model.sites });
        return { loss: crossEntropy(logits, y), accuracy: accuracy(logits, y), ...activations };
      },
    },
  });
  const sizes = [512, train.size % 512];
  for (const size of sizes) program.prepare('step', ...inputs(size), ...rest);
  for (const { size } of [train, validation]) program.prepare('evaluate', ...inputs(size));
  for (const size of sizes) tf.dispose(program.runSync('step', ...inputs(size), ...rest));
  for (const { size } of [train, validation])
    tf.dispose(program.runSync('evaluate', ...inputs(size)) as never);
  const ms = performance.now() - start;
  program.dispose();
  return ms;
}
