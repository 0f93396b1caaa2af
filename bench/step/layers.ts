/** Unchanged tf.layers models, trained by model.fit and by a compiled step. */
import * as tf from '@tensorflow/tfjs';
import { compile } from '../../src/runtime/compile/program';
import type { Step } from './transformer';

export interface LayersCase {
  readonly kind: 'mlp' | 'cnn';
  readonly batchNormalization: boolean;
}

const BATCH = 64;
const CLASSES = 10;
/** The number of batches in one call of model.fit, which users call with several, too. */
const BATCHES = 4;

/** One step of model.fit, whose fixed cost for each call is divided among the batches. */
export function fittedLayers(options: LayersCase): () => Promise<number> {
  const model = network(options);
  model.compile({ optimizer: tf.train.sgd(0.01), loss: 'categoricalCrossentropy' });
  const { x, y } = examples(model, BATCH * BATCHES);
  let left = 0;
  let loss = 0;
  return async () => {
    if (left === 0) {
      const history = await model.fit(x, y, { batchSize: BATCH, epochs: 1, verbose: 0, shuffle: false });
      loss = Number(history.history['loss']![0]);
      left = BATCHES;
    }
    left -= 1;
    return loss;
  };
}

/** The same step, compiled. */
export function compiledLayers(options: LayersCase): Step {
  const model = network(options);
  const variables = Object.fromEntries(
    model.weights.map((weight) => [weight.name, weight.read() as tf.Variable]),
  );
  const { x, y } = examples(model, BATCH);
  const step = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => {
    const { value, grads } = tf.variableGrads(
      () =>
        tf.mean(
          tf.metrics.categoricalCrossentropy(y, model.apply(x, { training: true }) as tf.Tensor),
        ) as tf.Scalar,
    );
    for (const variable of Object.values(variables)) {
      const gradient = grads[variable.name];
      if (gradient) variable.assign(tf.sub(variable, tf.mul(gradient, 0.01)));
    }
    return value;
  };
  const program = compile({ variables, entries: { step } });
  return () => {
    const loss = program.runSync('step', x, y);
    const value = loss.dataSync()[0]!;
    loss.dispose();
    return value;
  };
}

/** A multilayer perceptron, or four convolutions on pictures of 32 x 32. */
function network({ kind, batchNormalization }: LayersCase): tf.Sequential {
  const model = tf.sequential();
  const normalise = (): void => {
    if (batchNormalization) model.add(tf.layers.batchNormalization());
  };
  if (kind === 'mlp') {
    for (const first of [true, false]) {
      model.add(tf.layers.dense({ units: 512, activation: 'relu', ...(first ? { inputShape: [784] } : {}) }));
      normalise();
    }
  } else {
    for (const [i, filters] of [32, 32, 64, 64].entries()) {
      model.add(
        tf.layers.conv2d({
          filters,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
          ...(i === 0 ? { inputShape: [32, 32, 3] } : {}),
        }),
      );
      normalise();
      if (i % 2) model.add(tf.layers.maxPooling2d({ poolSize: 2 }));
    }
    model.add(tf.layers.flatten());
  }
  model.add(tf.layers.dense({ units: CLASSES, activation: 'softmax' }));
  return model;
}

function examples(model: tf.Sequential, size: number): { x: tf.Tensor; y: tf.Tensor } {
  const shape = [size, ...model.inputs[0]!.shape.slice(1)] as number[];
  const labels = tf.tensor1d(
    Array.from({ length: size }, (_, i) => i % CLASSES),
    'int32',
  );
  return { x: tf.randomNormal(shape, 0, 1, 'float32', 1), y: tf.cast(tf.oneHot(labels, CLASSES), 'float32') };
}
