/** A compiled training step of ResNet-18: forward, backward, SGD with momentum and L2, and reading the loss. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { Model } from '../../src/models/model';
import { compile, type Variables } from '../../src/runtime/compile/program';
import { crossEntropy } from '../../src/training/losses';
import { createOptimizer } from '../../src/training/optimizers';
import type { Step } from './transformer';

export interface ResnetCase {
  readonly width: number;
  readonly batch: number;
}

export async function resnetStep({ width, batch }: ResnetCase): Promise<Step> {
  const model = await network({ classes: 10, width });
  const parameters = model.trainable ?? model.variables;
  const optimizer = createOptimizer({ kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 }, parameters);
  const step = (x: tf.Tensor, y: tf.Tensor1D, rate: tf.Scalar): tf.Tensor => {
    const { value, grads } = tf.variableGrads(
      () => crossEntropy(model.apply(x, { training: true }).logits, y),
      Object.values(parameters),
    );
    const gradients = Object.entries(parameters).map(
      ([name, variable]) => [name, grads[variable.name]!] as const,
    );
    optimizer.apply(Object.fromEntries(gradients), rate, tf.scalar(1));
    return value;
  };
  const program = compile({ variables: { ...model.variables, ...optimizer.variables }, entries: { step } });
  const x = tf.randomNormal([batch, 32, 32, 3], 0, 1, 'float32', 1);
  const y = tf.tensor1d(
    Array.from({ length: batch }, (_, i) => i % 10),
    'int32',
  );
  const rate = tf.scalar(0.01);
  return () => {
    const loss = program.runSync('step', x, y, rate);
    const value = loss.dataSync()[0]!;
    loss.dispose();
    return value;
  };
}

/** A model with some variables that are updated without gradients. */
type WithTrainable = Model & { readonly trainable?: Variables };

async function network(options: { classes: number; width: number }): Promise<WithTrainable> {
  const path = join(__dirname, '../../src/models/resnet.ts');
  if (!existsSync(path)) throw new Error('src/models/resnet.ts does not exist yet');
  const { resnet } = (await import(path)) as { resnet: (config: typeof options) => WithTrainable };
  return resnet(options);
}
