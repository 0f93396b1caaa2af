import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../../src/runtime/backend';
import { compileModel } from '../../../src/runtime/compile/compile-model';
import { secondCopy } from '../second-copy';

const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.05),
  momentum: () => tf.train.momentum(0.05, 0.9),
  nesterov: () => tf.train.momentum(0.05, 0.9, true),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01),
  rmsprop: () => tf.train.rmsprop(0.01),
  'centred rmsprop': () => tf.train.rmsprop(0.01, 0.9, 0.5, 1e-9, true),
  adagrad: () => tf.train.adagrad(0.05),
  adadelta: () => tf.train.adadelta(0.5),
};

/** Losses and weights are below 5, where a rounding of float32 is 3e-7: 30 of them, for a few steps of some sums each. */
const TOLERANCE = 1e-5;

let seed = 0;
const glorot = () => tf.initializers.glorotUniform({ seed: ++seed });

function mlp(): tf.Sequential {
  seed = 0;
  return tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [6], units: 8, activation: 'tanh', kernelInitializer: glorot() }),
      tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: glorot() }),
    ],
  });
}

/** Two inputs, two outputs, convolutions, batch normalisation, regularisers, a constraint, an embedding. */
function branched(): tf.LayersModel {
  seed = 0;
  const image = tf.input({ shape: [8, 8, 2] });
  const word = tf.input({ shape: [1], dtype: 'int32' });
  let x = tf.layers
    .conv2d({
      filters: 4,
      kernelSize: 3,
      padding: 'same',
      kernelInitializer: glorot(),
      kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }),
    })
    .apply(image) as tf.SymbolicTensor;
  x = tf.layers.batchNormalization({}).apply(x) as tf.SymbolicTensor;
  x = tf.layers.activation({ activation: 'relu' }).apply(x) as tf.SymbolicTensor;
  x = tf.layers.maxPooling2d({ poolSize: 2 }).apply(x) as tf.SymbolicTensor;
  x = tf.layers
    .depthwiseConv2d({ kernelSize: 3, depthwiseInitializer: glorot() })
    .apply(x) as tf.SymbolicTensor;
  x = tf.layers.flatten().apply(x) as tf.SymbolicTensor;
  const embedding = { inputDim: 5, outputDim: 3, embeddingsInitializer: glorot() };
  let w = tf.layers.embedding(embedding).apply(word) as tf.SymbolicTensor;
  w = tf.layers.flatten().apply(w) as tf.SymbolicTensor;
  x = tf.layers.concatenate().apply([x, w]) as tf.SymbolicTensor;
  const kernelConstraint = tf.constraints.maxNorm({ maxValue: 1 });
  const a = tf.layers.dense({
    name: 'a',
    units: 3,
    kernelInitializer: glorot(),
    kernelConstraint,
    activation: 'softmax',
  });
  const b = tf.layers.dense({ name: 'b', units: 1, kernelInitializer: glorot(), activation: 'sigmoid' });
  return tf.model({
    inputs: [image, word],
    outputs: [a.apply(x) as tf.SymbolicTensor, b.apply(x) as tf.SymbolicTensor],
  });
}

/** Layers that the other models here do not have. */
const LAYERS: Record<string, () => tf.layers.Layer[]> = {
  'a masked LSTM both ways': () => [
    tf.layers.embedding({
      inputDim: 11,
      outputDim: 4,
      maskZero: true,
      inputLength: 5,
      embeddingsInitializer: glorot(),
    }),
    tf.layers.bidirectional({
      layer: tf.layers.lstm({
        units: 3,
        kernelInitializer: glorot(),
        recurrentInitializer: glorot(),
      }) as tf.RNN,
    }),
  ],
  'a GRU': () => [
    tf.layers.embedding({ inputDim: 11, outputDim: 4, inputLength: 5, embeddingsInitializer: glorot() }),
    tf.layers.gru({ units: 3, kernelInitializer: glorot(), recurrentInitializer: glorot() }),
  ],
  'separable convolution and layer normalisation': () => [
    tf.layers.reshape({ targetShape: [5, 1, 1], inputShape: [5] }),
    tf.layers.separableConv2d({
      filters: 4,
      kernelSize: [3, 1],
      activation: 'relu',
      depthwiseInitializer: glorot(),
      pointwiseInitializer: glorot(),
    }),
    tf.layers.layerNormalization(),
    tf.layers.globalAveragePooling2d({}),
  ],
  'transposed convolution, elu and prelu': () => [
    tf.layers.reshape({ targetShape: [5, 1, 1], inputShape: [5] }),
    tf.layers.conv2dTranspose({ filters: 3, kernelSize: 3, activation: 'elu', kernelInitializer: glorot() }),
    tf.layers.prelu(),
    tf.layers.flatten(),
  ],
};

const classes = (n: number): tf.Tensor =>
  tf
    .oneHot(
      tf.tensor1d(
        Array.from({ length: n }, (_, i) => i % 3),
        'int32',
      ),
      3,
    )
    .toFloat();

async function largestDifference(a: tf.LayersModel, b: tf.LayersModel): Promise<number> {
  const [x, y] = [a.getWeights(), b.getWeights()];
  assert.equal(x.length, y.length);
  return Math.max(...x.map((w, i) => tf.tidy(() => tf.max(tf.abs(tf.sub(w, y[i]!))).dataSync()[0]!)));
}

describe('compileModel', () => {
  before(loadBackend);

  for (const [name, optimizer] of Object.entries(OPTIMIZERS))
    it(`trains as model.fit with ${name}, the learning rate halved by a callback`, async () => {
      const x = tf.randomNormal([20, 6], 0, 1, 'float32', 1);
      const histories: number[][] = [];
      const models = [mlp(), mlp()];
      for (const [i, model] of models.entries()) {
        const chosen = optimizer() as tf.Optimizer & { learningRate: number };
        model.compile({ optimizer: chosen, loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
        if (i === 1) compileModel(model, { check: true });
        const halve = () => {
          const rate = chosen.learningRate / 2;
          if ('setLearningRate' in chosen) (chosen as unknown as tf.SGDOptimizer).setLearningRate(rate);
          else chosen.learningRate = rate;
        };
        const { history } = await model.fit(x, classes(20), {
          batchSize: 8,
          epochs: 4,
          shuffle: false,
          verbose: 0,
          validationSplit: 0.2,
          callbacks: { onEpochEnd: async () => halve() },
        });
        histories.push(['loss', 'acc', 'val_loss', 'val_acc'].flatMap((key) => history[key] as number[]));
        assert.equal(chosen.iterations, 8);
      }
      histories[0]!.forEach((value, i) => {
        assert.ok(Math.abs(value - histories[1]![i]!) < TOLERANCE, `${histories}`);
      });
      assert.ok((await largestDifference(models[0]!, models[1]!)) < TOLERANCE);
      assert.ok((await largestDifference(models[0]!, mlp())) > 1e-3, 'the weights moved');
    });

  it('trains convolutions, batch normalisation, regularisers, constraints and embeddings as model.fit', async () => {
    const images = tf.randomNormal([12, 8, 8, 2], 0, 1, 'float32', 1);
    const words = tf.tensor2d(
      Array.from({ length: 12 }, (_, i) => [i % 5]),
      undefined,
      'int32',
    );
    const targets = [classes(12), tf.tensor2d(Array.from({ length: 12 }, (_, i) => [i % 2]))];
    const models = [branched(), branched()];
    const losses: Record<string, number[]>[] = [];
    const predictions: Float32Array[] = [];
    for (const [i, model] of models.entries()) {
      const loss = ['categoricalCrossentropy', 'binaryCrossentropy'];
      model.compile({ optimizer: tf.train.sgd(0.1), loss, metrics: ['accuracy'] });
      if (i === 1) compileModel(model, { check: true });
      const args = { batchSize: 6, epochs: 3, shuffle: false, verbose: 0 };
      losses.push((await model.fit([images, words], targets, args)).history as Record<string, number[]>);
      const [prediction] = model.predictOnBatch([images, words]) as tf.Tensor[];
      predictions.push(prediction!.dataSync() as Float32Array);
    }
    assert.ok((await largestDifference(models[0]!, models[1]!)) < TOLERANCE);
    assert.ok((await largestDifference(models[0]!, branched())) > 1e-2);
    for (const name of ['loss', 'a_loss', 'b_loss', 'a_acc', 'b_acc'])
      losses[0]![name]!.forEach((value, i) => {
        assert.ok(Math.abs(value - losses[1]![name]![i]!) < TOLERANCE, name);
      });
    assert.ok(predictions[0]!.every((value, i) => Math.abs(value - predictions[1]![i]!) < TOLERANCE));
  });

  for (const [name, layer] of Object.entries({
    dropout: () => tf.layers.dropout({ rate: 0.4 }),
    spatialDropout1d: () => tf.layers.spatialDropout1d({ rate: 0.4 }),
    gaussianNoise: () => tf.layers.gaussianNoise({ stddev: 0.3 }),
    gaussianDropout: () => tf.layers.gaussianDropout({ rate: 0.4 }),
    alphaDropout: () => tf.layers.alphaDropout({ rate: 0.4 }),
    'recurrent dropout': () =>
      tf.layers.simpleRNN({ units: 3, returnSequences: true, dropout: 0.3, recurrentDropout: 0.3 }),
  }))
    it(`draws new numbers at each step in ${name}, and the same again from the same seed`, async () => {
      const run = async (drawSeed: number): Promise<number[]> => {
        const model = tf.sequential({
          layers: [
            tf.layers.dense({
              inputShape: [5, 3],
              units: 3,
              kernelInitializer: 'identity',
              trainable: false,
            }),
            layer() as tf.layers.Layer,
            tf.layers.flatten(),
            tf.layers.dense({ units: 1, kernelInitializer: 'ones' }),
          ],
        });
        for (const weight of model.weights) weight.write(tf.fill(weight.shape as number[], 0.3));
        model.compile({ optimizer: tf.train.sgd(1e-12), loss: 'meanSquaredError' });
        const compiled = compileModel(model, { seed: drawSeed, check: true });
        const losses: number[] = [];
        for (let step = 0; step < 5; step++)
          losses.push((await model.trainOnBatch(tf.ones([4, 5, 3]), tf.zeros([4, 1]))) as number);
        const evaluated = [0, 1].map(
          () => (model.evaluate(tf.ones([4, 5, 3]), tf.zeros([4, 1])) as tf.Scalar).dataSync()[0],
        );
        assert.equal(evaluated[0], evaluated[1], 'nothing is drawn outside of training');
        compiled.dispose();
        return losses;
      };
      const losses = await run(1);
      assert.equal(new Set(losses).size, 5, `${losses}`);
      assert.deepEqual(await run(1), losses);
      assert.ok((await run(2)).every((value, i) => value !== losses[i]));
    });

  for (const [name, layers] of Object.entries(LAYERS))
    it(`trains ${name} as model.fit, by a loss and a metric of the user's own`, async () => {
      const tokens = Array.from({ length: 80 }, (_, i) => (i * 7) % 11);
      const x = tf.tensor2d(tokens, [16, 5]);
      const [a, b] = [false, true].map((compiled) => {
        seed = 0;
        const last = tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: glorot() });
        const model = tf.sequential({ layers: [...layers(), last] });
        model.compile({
          optimizer: tf.train.rmsprop(0.01),
          loss: (truth, guess) => tf.mean(tf.abs(tf.sub(truth, guess)), -1),
          metrics: [(truth, guess) => tf.mean(tf.squaredDifference(truth, guess))],
        });
        if (compiled) compileModel(model, { check: true });
        return model;
      }) as [tf.Sequential, tf.Sequential];
      const before = a.getWeights().map((weight) => weight.clone());
      const fit = { batchSize: 8, epochs: 2, shuffle: false, verbose: 0 } as const;
      const [eager, graph] = [await a.fit(x, classes(16), fit), await b.fit(x, classes(16), fit)];
      Object.values(eager.history).forEach((values, i) => {
        const other = Object.values(graph.history)[i]!;
        values.forEach((value, k) => {
          assert.ok(Math.abs(Number(value) - Number(other[k])) < TOLERANCE);
        });
      });
      assert.ok((await largestDifference(a, b)) < TOLERANCE);
      const moved = a.getWeights().map((w, i) => tf.max(tf.abs(tf.sub(w, before[i]!))).dataSync()[0]!);
      assert.ok(Math.max(...moved) > 1e-3, 'the weights moved');
    });

  it('refuses what is not a model, and a model that is compiled already', () => {
    assert.throws(() => compileModel({} as tf.LayersModel), /takes a tf.LayersModel/);
    const model = mlp();
    const compiled = compileModel(model);
    assert.throws(() => compileModel(model), /compiled already/);
    compiled.dispose();
    compileModel(model).dispose();
  });

  it('shows and takes weights at any time', async () => {
    const model = mlp();
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const compiled = compileModel(model);
    const [x, y] = [tf.ones([4, 6]), tf.zeros([4, 3])];
    const sum = () => tf.sum(model.getWeights()[0]!).dataSync()[0]!;
    const start = model.getWeights().map((w) => w.clone());
    const before = sum();
    const first = await model.trainOnBatch(x, y);
    assert.notEqual(sum(), before);
    assert.equal(tf.sum(model.layers[0]!.getWeights()[0]!).dataSync()[0]!, sum());
    model.setWeights(start);
    assert.equal(sum(), before);
    assert.equal(await model.trainOnBatch(x, y), first);
    compiled.dispose();
    model.setWeights(start);
    const eager = (await model.trainOnBatch(x, y)) as number;
    assert.ok(Math.abs(eager - (first as number)) < TOLERANCE, 'and runs eagerly again');
  });

  it('follows model.compile and model.trainable', async () => {
    const model = mlp();
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    compileModel(model);
    const [x, y] = [tf.ones([4, 6]), tf.zeros([4, 3])];
    const squared = (await model.trainOnBatch(x, y)) as number;
    model.layers[0]!.trainable = false;
    model.compile({ optimizer: tf.train.sgd(0), loss: 'meanAbsoluteError' });
    assert.ok(((await model.trainOnBatch(x, y)) as number) > squared);
    const frozen = model.layers[0]!.getWeights()[0]!.dataSync().slice();
    model.compile({ optimizer: tf.train.sgd(0.5), loss: 'meanAbsoluteError' });
    await model.trainOnBatch(x, y);
    assert.deepEqual(model.layers[0]!.getWeights()[0]!.dataSync(), frozen);
  });

  it('follows trainable from batch to batch without model.compile, as model.fit does', async () => {
    const [x, y] = [tf.randomNormal([8, 6], 0, 1, 'float32', 1), classes(8)];
    const run = async (compiled: boolean): Promise<Float32Array[]> => {
      const model = mlp();
      model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
      if (compiled) compileModel(model, { check: true });
      const kernel = () => model.layers[0]!.getWeights()[0]!.dataSync().slice() as Float32Array;
      const kernels: Float32Array[] = [];
      for (const trainable of [true, false, false, false, true, true]) {
        model.layers[0]!.trainable = trainable;
        await model.trainOnBatch(x, y);
        kernels.push(kernel());
      }
      return kernels;
    };
    const [eager, graph] = [await run(false), await run(true)];
    assert.deepEqual(graph[1], graph[0], 'frozen');
    assert.deepEqual(graph[3], graph[0], 'still frozen');
    assert.notDeepEqual(graph[4], graph[0]);
    for (const [i, kernel] of eager.entries())
      for (const [k, value] of kernel.entries()) assert.ok(Math.abs(value - graph[i]![k]!) < TOLERANCE);
  });

  it('names the second copy of tfjs that a model comes from, and where the copies are', () => {
    const other = secondCopy();
    const dense = other.layers.dense({ name: 'of-another-copy', units: 2, inputShape: [3] });
    const model = other.sequential({ layers: [dense] });
    assert.ok(!(model instanceof tf.LayersModel));
    const elsewhere = '/elsewhere/node_modules/@tensorflow/tfjs-layers';
    require.cache[`${elsewhere}/dist/tf-layers.node.js`] = module;
    try {
      assert.throws(
        () => compileModel(model),
        ({ message }: Error) =>
          /comes from a second copy of tfjs.*remove the other copy/.test(message) &&
          message.includes(`${elsewhere} and `) !== message.includes(` and ${elsewhere}`),
      );
    } finally {
      delete require.cache[`${elsewhere}/dist/tf-layers.node.js`];
    }
  });

  it('keeps the number of tensors', async () => {
    const model = mlp();
    model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
    const [x, y] = [tf.ones([10, 6]), classes(10)];
    const train = () => model.fit(x, y, { batchSize: 5, epochs: 2, verbose: 0, validationSplit: 0.5 });
    await train(); // creates the optimiser's state
    const before = tf.memory().numTensors;
    const compiled = compileModel(model);
    await train();
    const during = tf.memory().numTensors;
    await train();
    assert.equal(tf.memory().numTensors, during);
    compiled.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
});
