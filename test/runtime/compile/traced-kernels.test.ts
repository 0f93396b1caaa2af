import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../../src/runtime/backend';
import { compile } from '../../../src/runtime/compile/program';

/** What rounding in float32 may change, of the largest number: 170 roundings of 2^-24, for sums of up to 576 products. */
const TOLERANCE = 1e-5;

/** Functions of [4, 3] whose gradients of first and second order go through a replaced kernel. */
const FUNCTIONS: Record<string, (x: tf.Tensor2D) => tf.Tensor> = {
  relu: (x) => tf.square(tf.relu(x)),
  'sum of rows': (x) => tf.square(tf.sum(x, 1)),
  'sum of columns, kept': (x) => tf.mul(tf.square(tf.sum(x, 0, true)), x),
  'sum of all': (x) => tf.square(tf.sum(x)),
  mean: (x) => tf.square(tf.mean(x, -1)),
  'mean of all': (x) => tf.square(tf.mean(x)),
  product: (x) => tf.square(tf.matMul(x, tf.square(x), true)),
  'product of one': (x) => {
    const y = tf.expandDims(x, 0) as tf.Tensor3D;
    return tf.square(tf.matMul(y, tf.square(y), false, true));
  },
  'products of many': (x) => {
    const y = tf.reshape(x, [2, 2, 3]) as tf.Tensor3D;
    return tf.square(tf.matMul(y, tf.square(y), true));
  },
  convolution: (x) => {
    const image = tf.tile(tf.reshape(x, [1, 2, 2, 3]), [1, 1, 1, 11]) as tf.Tensor4D;
    const filter = tf.mul(tf.cos(tf.range(0, 9 * 32 * 32)), 0.03);
    const channels = tf.slice4d(image, [0, 0, 0, 0], [1, 2, 2, 32]);
    return tf.square(tf.conv2d(channels, tf.reshape(filter, [3, 3, 32, 32]) as tf.Tensor4D, 1, 'same'));
  },
  gather: (x) => tf.square(tf.gather(x, tf.tensor1d([2, 0, 2], 'int32'))),
};

describe('kernels replaced while tracing', () => {
  before(loadBackend);

  for (const [name, f] of Object.entries(FUNCTIONS))
    it(`${name}: gradients of first and second order are tfjs's`, () => {
      const x = tf.tensor2d([-2, -1, 0, 0.5, 1, 2, 3, -0.5, 0.25, 4, -3, 1], [4, 3]);
      const first = tf.grad((x) => tf.sum(f(x as tf.Tensor2D)));
      const second = tf.grad((x) => tf.sum(tf.square(first(x))));
      const program = compile({
        variables: {},
        entries: { value: f, first: (x: tf.Tensor) => first(x), second: (x: tf.Tensor) => second(x) },
      });
      for (const [entry, eager] of Object.entries({ value: f, first, second })) {
        const expected = Array.from((eager as (x: tf.Tensor) => tf.Tensor)(x).dataSync());
        const values = program.runSync(entry as 'first', x).dataSync();
        assert.equal(values.length, expected.length);
        const largest = Math.max(1, ...expected.map(Math.abs));
        expected.forEach((value, i) => {
          assert.ok(Math.abs(value - values[i]!) <= TOLERANCE * largest, `${entry} ${i}`);
        });
      }
      program.dispose();
    });

  for (const alpha of [0.3, 0, -0.5])
    it(`leaky relu with ${alpha}: the gradient is tfjs's, which has none of second order`, () => {
      const x = tf.tensor1d([-2, -1, 0, 0.5, 3]);
      const gradient = tf.grad((x) => tf.sum(tf.square(tf.leakyRelu(x, alpha))));
      const program = compile({ variables: {}, entries: { entry: (x: tf.Tensor) => gradient(x) } });
      const values = program.runSync('entry', x).dataSync();
      gradient(x)
        .dataSync()
        .forEach((value, i) => {
          assert.ok(Math.abs(value - values[i]!) <= 4 * TOLERANCE, `${i}: ${value}, ${values[i]}`);
        });
      program.dispose();
    });

  for (const [height, stride] of [
    [6, 1],
    [5, 1],
    [6, 2],
  ] as const)
    it(`convolution of height ${height} with stride ${stride}: the gradients of images and filters are tfjs's`, () => {
      const x = tf.randomNormal([2, height, 4, 32], 0, 1, 'float32', 1) as tf.Tensor4D;
      const filter = tf.randomNormal([3, 3, 32, 64], 0, 0.1, 'float32', 2) as tf.Tensor4D;
      const gradients = tf.grads((x, filter) =>
        tf.sum(tf.square(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, 'same'))),
      );
      const entry = (x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor[] => gradients([x, filter]);
      const program = compile({ variables: {}, entries: { entry } });
      const compiled = program.runSync('entry', x, filter);
      for (const [i, eager] of entry(x, filter).entries()) {
        const largest = tf.max(tf.abs(eager)).dataSync()[0]!;
        const difference = tf.max(tf.abs(tf.sub(eager, compiled[i]!))).dataSync()[0]!;
        assert.ok(difference <= TOLERANCE * largest, `${difference} of ${largest}`);
      }
      program.dispose();
    });

  it('let TensorFlow fuse a convolution with a leaky relu, which it cannot with that of tfjs', () => {
    const folder = join(__dirname, '..', '..', '..', 'src', 'runtime');
    const script = `
      const tf = require('@tensorflow/tfjs');
      const { compileModel } = require(${JSON.stringify(join(folder, 'compile', 'compile-model'))});
      const convolution = tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', inputShape: [8, 8, 3] });
      const layers = [convolution, tf.layers.leakyReLU({ alpha: 0.2 }), tf.layers.flatten(), tf.layers.dense({ units: 1 })];
      require(${JSON.stringify(join(folder, 'backend'))}).loadBackend().then(async () => {
        const model = tf.sequential({ layers });
        model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
        compileModel(model);
        console.log(await model.trainOnBatch(tf.ones([4, 8, 8, 3]), tf.ones([4, 1])));
      });`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '-e', script], {
      cwd: join(folder, '..', '..'),
      encoding: 'utf8',
    });
    assert.ok(Number.isFinite(Number.parseFloat(stdout.trim().split('\n').at(-1)!)), stdout + stderr);
    assert.doesNotMatch(stderr, /remapper failed/);
  });

  it('are as they were afterwards', () => {
    const state = (): unknown[] => [
      ...['BatchMatMul', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'].map(
        (name) => tf.getKernel(name, 'tensorflow').kernelFunc,
      ),
      ...['Relu', 'LeakyRelu', 'Sum', 'Mean'].map((name) => tf.getGradient(name).gradFunc),
    ];
    const before = state();
    const program = compile({ variables: {}, entries: { f: (x: tf.Tensor) => tf.relu(x) } });
    program.runSync('f', tf.scalar(1)).dispose();
    assert.deepEqual(state(), before);
    program.dispose();
  });
});
