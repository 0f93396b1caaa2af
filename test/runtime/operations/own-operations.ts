/** Compares the operations of `native/` with TensorFlow's; prints one line for each difference. Run by a test for each set of instructions. */
import * as tf from '@tensorflow/tfjs';
import { mulberry32, normals } from '../../../src/random';
import { loadBackend, type OpAttribute, tensorflowBackend } from '../../../src/runtime/backend';
import { convolution } from '../../../src/runtime/operations/convolution';
import { dropout, gelu, layerNorm } from '../../../src/runtime/operations/fused-operations';
import { statelessRandom } from '../../../src/runtime/random/stateless-random';

/**
 * What rounding in float32 may change, of the largest number: 170 roundings of 2^-24. A sum of 1,152 products, the
 * longest here, has the error of some 30, and Winograd's method multiplies it by about 3.
 */
const TOLERANCE = 1e-5;

void main();

async function main(): Promise<void> {
  await loadBackend();
  for (const [batch, height, width, input, output] of [
    [1, 2, 2, 32, 32],
    [3, 4, 6, 32, 64],
    [2, 8, 8, 96, 32],
    [33, 2, 4, 64, 64],
    [3, 14, 14, 128, 128],
  ] as const) {
    const x = random([batch, height, width, input], 1) as tf.Tensor4D;
    const filter = random([3, 3, input, output], 2) as tf.Tensor4D;
    const dy = random([batch, height, width, output], 3);
    const [y, dx] = withGradient(x, dy, () => convolution(x, filter));
    const attributes = convolutionAttributes();
    const theirs = tensorflowBackend().executeSingleOutput('Conv2D', attributes, [x, filter]);
    const sizes = tf.tensor1d(x.shape, 'int32');
    const gradient = tensorflowBackend().executeSingleOutput('Conv2DBackpropInput', attributes, [
      sizes,
      filter,
      dy,
    ]);
    compare(`convolution [${x.shape}] to ${output}`, y, theirs);
    compare(`its gradient [${x.shape}] to ${output}`, dx, gradient);
    const dFilter = tf.grad((filter) => convolution(x, filter as tf.Tensor4D))(filter, dy);
    const filterSizes = tf.tensor1d(filter.shape, 'int32');
    const their = tensorflowBackend().executeSingleOutput('Conv2DBackpropFilter', attributes, [
      x,
      filterSizes,
      dy,
    ]);
    compare(`that of its filters [${x.shape}] to ${output}`, dFilter, their);
  }
  for (const [rows, width] of [
    [1, 5],
    [5, 3],
    [70, 16],
    [300, 130],
    [2, 9000],
  ] as const) {
    const [x, dy] = [random([rows, width], 4), random([rows, width], 5)] as [tf.Tensor2D, tf.Tensor2D];
    const [scale, offset] = [random([width], 6), random([width], 7)] as [tf.Tensor1D, tf.Tensor1D];
    const ours = gradients(
      (x, scale, offset) => layerNorm(x, scale as tf.Tensor1D, offset as tf.Tensor1D, 1e-5),
      [x, scale, offset],
      dy,
    );
    const theirs = gradients(
      (x, scale, offset) => {
        const { mean, variance } = tf.moments(x, -1, true);
        return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), scale), offset);
      },
      [x, scale, offset],
      dy,
    );
    for (const [i, name] of ['y', 'dx', 'dScale', 'dOffset'].entries())
      compare(`layerNorm [${rows}, ${width}] ${name}`, ours[i]!, theirs[i]!);
  }
  for (const size of [1, 15, 16, 33, 20_000]) {
    const x = tf.mul(random([size], 8), 4);
    const [y, dx] = withGradient(x, tf.onesLike(x), () => gelu(x));
    const exact = [...x.dataSync()].map((x) => {
      const gate = 1 / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
      const inner = 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x ** 2);
      return { y: x * gate, dx: gate + gate * (1 - gate) * x * inner };
    });
    compare(`gelu of ${size}`, y, tf.tensor1d(exact.map(({ y }) => y)));
    compare(`its gradient of ${size}`, dx, tf.tensor1d(exact.map(({ dx }) => dx)));
  }
  const far = tf.tensor1d([-1e30, -100, -1e-30, 0, 1e-30, 100, 1e30, Number.NaN]);
  const [ends, slopes] = withGradient(far, tf.onesLike(far), () => gelu(far));
  const told = (x: tf.Tensor): string => [...x.dataSync()].map((value) => value.toPrecision(3)).join(' ');
  // -1e30 times the least gate is near 0 beside its size.
  compare(
    'gelu far out',
    tf.div(ends.slice(0, 7), tf.add(tf.abs(far.slice(0, 7)), 1)),
    tf.tensor1d([0, 0, 0, 0, 0, 100 / 101, 1]),
  );
  if (!Number.isNaN(ends.dataSync()[7]) || !Number.isNaN(slopes.dataSync()[7]))
    console.log(`gelu of NaN: ${told(ends)}, ${told(slopes)}`);
  compare('slopes far out', slopes.slice(0, 7), tf.tensor1d([0, 0, 0.5, 0.5, 0.5, 1, 1]));
  for (const [seed, step] of [
    [0, 0],
    [-7, 3],
    [2 ** 31 - 1, -(2 ** 31)],
  ] as const) {
    for (const size of [1, 31, 32, 100, 70_000]) {
      for (const rate of [1e-9, 0.1, 0.5, 0.999]) {
        const state = tf.tensor1d([seed, step], 'int32');
        const x = tf.add(tf.abs(random([size], 9)), 1);
        const y = dropout(x, rate, statelessRandom(state));
        const kept = tf.cast(tf.greaterEqual(statelessRandom(state).uniform([size]), rate), 'float32');
        compare(
          `dropout of ${size} at ${rate}, seed ${seed}, ${step}`,
          y,
          tf.mul(x, tf.mul(kept, 1 / (1 - rate))),
          1e-7,
        );
      }
    }
  }
}

function random(shape: number[], seed: number): tf.Tensor {
  const size = tf.util.sizeFromShape(shape);
  return tf.tensor(Float32Array.from({ length: size }, normals(mulberry32(seed))), shape);
}

function withGradient(
  x: tf.Tensor,
  dy: tf.Tensor,
  body: (x: tf.Tensor) => tf.Tensor,
): [tf.Tensor, tf.Tensor] {
  return [body(x), tf.grad(body)(x, dy)];
}

function gradients(body: (...x: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  return [body(...inputs), ...tf.grads(body)(inputs, dy)];
}

function compare(what: string, ours: tf.Tensor, theirs: tf.Tensor, tolerance = TOLERANCE): void {
  const [a, b] = [Float64Array.from(ours.dataSync()), Float64Array.from(theirs.dataSync())];
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  const worst = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!) / largest), 0);
  if (String(ours.shape) !== String(theirs.shape) || !(worst <= tolerance))
    console.log(`${what}: off by ${worst}`);
}

function convolutionAttributes(): OpAttribute[] {
  const { TF_ATTR_TYPE, TF_ATTR_INT, TF_ATTR_STRING, TF_FLOAT } = tensorflowBackend().binding;
  return [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'strides', type: TF_ATTR_INT, value: [1, 1, 1, 1] },
    { name: 'padding', type: TF_ATTR_STRING, value: 'SAME' },
    { name: 'data_format', type: TF_ATTR_STRING, value: 'NHWC' },
    { name: 'dilations', type: TF_ATTR_INT, value: [1, 1, 1, 1] },
  ];
}
