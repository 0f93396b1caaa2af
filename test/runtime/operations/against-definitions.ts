/**
 * Compares operations with their definitions in float64, eagerly and compiled, on random shapes:
 *
 *     node --import tsx test/runtime/operations/against-definitions.ts [seed] [cases of each operation]
 *
 * Prints one line for each difference that rounding does not explain. A test runs it for each set of instructions and
 * several numbers of threads, in processes of their own, since a faulty kernel may end its process.
 */
import * as tf from '@tensorflow/tfjs';
import { mulberry32, normals, streamSeed } from '../../../src/random';
import { loadBackend } from '../../../src/runtime/backend';
import { compile } from '../../../src/runtime/compile/program';
import { type BatchNorm, batchNormTraining } from '../../../src/runtime/operations/batch-normalization';
import { dropout, gelu, layerNorm, matMul } from '../../../src/runtime/operations/fused-operations';
import { statelessRandom } from '../../../src/runtime/random/stateless-random';
import {
  type ConvolutionShape,
  convolutionExactly,
  type Exact,
  geluExactly,
  normalizedExactly,
  placement,
  poolingExactly,
} from './definitions';

/** Half the distance of two neighbouring float32 numbers, relative to them. */
const ROUNDING = 2 ** -24;

const [seed = 1, cases = 12] = process.argv.slice(2).map(Number);

void main();

async function main(): Promise<void> {
  await loadBackend();
  for (const [name, check] of Object.entries(CHECKS))
    for (let i = 0; i < cases; i++) {
      const random = new Random(streamSeed(seed, i));
      try {
        check(random, (label) => `${name} ${label}, seed ${seed}, case ${i}`);
      } catch (error) {
        console.log(`${name}, seed ${seed}, case ${i}: ${error instanceof Error ? error.message : error}`);
      }
    }
  if (tf.memory().numTensors > 0) console.log(`${tf.memory().numTensors} tensors are left`);
}

type Check = (random: Random, label: (shape: string) => string) => void;

const CHECKS: Readonly<Record<string, Check>> = {
  convolution: (random, label) => {
    const shape = random.convolution();
    const { size } = placement(shape);
    const output = [shape.image[0], ...size, shape.filter[3]];
    const [x, filter, dy] = [
      random.numbers(shape.image),
      random.numbers(shape.filter),
      random.numbers(output),
    ];
    const exact = convolutionExactly(shape, x, filter, dy);
    const run = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
      tf.conv2d(
        x as tf.Tensor4D,
        filter as tf.Tensor4D,
        [...shape.strides],
        tfPadding(shape),
        'NHWC',
        shape.dilation,
      );
    const inputs = [tensor(x, shape.image), tensor(filter, shape.filter)];
    // tfjs itself refuses the gradients of dilated convolutions.
    const expected = shape.dilation > 1 ? [exact.y] : [exact.y, exact.dx, exact.dFilter];
    compare(run, inputs, tensor(dy, output), expected, label(inWords(shape)));
  },
  'depthwise convolution': (random, label) => {
    const shape = { ...random.convolution(), depthwise: true };
    const [rows, columns, input] = shape.filter;
    const filterShape = [rows, columns, input, random.whole(1, 2)] as const;
    const own: ConvolutionShape = {
      ...shape,
      filter: filterShape,
      // TensorFlow's depthwise kernels have one stride.
      strides: [shape.strides[0], shape.strides[0]],
      padding: typeof shape.padding === 'string' ? shape.padding : 'same',
      dilation: 1,
    };
    const { size } = placement(own);
    if (size[0] < 1 || size[1] < 1) return;
    const output = [own.image[0], ...size, input * filterShape[3]];
    const [x, filter, dy] = [random.numbers(own.image), random.numbers(filterShape), random.numbers(output)];
    const exact = convolutionExactly(own, x, filter, dy);
    const run = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
      tf.depthwiseConv2d(
        x as tf.Tensor4D,
        filter as tf.Tensor4D,
        [...own.strides],
        own.padding as 'same' | 'valid',
      );
    const inputs = [tensor(x, own.image), tensor(filter, filterShape)];
    compare(run, inputs, tensor(dy, output), [exact.y, exact.dx, exact.dFilter], label(inWords(own)));
  },
  'transposed convolution': (random, label) => {
    const shape: ConvolutionShape = {
      ...random.convolution(),
      dilation: 1,
      padding: random.of('same', 'valid'),
    };
    const { size } = placement(shape);
    if (size[0] < 1 || size[1] < 1) return;
    const small = [shape.image[0], ...size, shape.filter[3]];
    const [dx, filter, y] = [
      random.numbers(shape.image),
      random.numbers(shape.filter),
      random.numbers(small),
    ];
    // It is the gradient of a convolution by its image: y takes the place of dy, and dx that of x.
    const exact = convolutionExactly(shape, dx, filter, y);
    const run = (y: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
      tf.conv2dTranspose(
        y as tf.Tensor4D,
        filter as tf.Tensor4D,
        [...shape.image],
        [...shape.strides],
        shape.padding as 'same' | 'valid',
      );
    const inputs = [tensor(y, small), tensor(filter, shape.filter)];
    compare(run, inputs, tensor(dx, shape.image), [exact.dx, exact.y, exact.dFilter], label(inWords(shape)));
  },
  pooling: (random, label) => {
    const shape: ConvolutionShape = {
      ...random.convolution(),
      dilation: 1,
      padding: random.of('same', 'valid'),
    };
    const { size } = placement(shape);
    if (size[0] < 1 || size[1] < 1) return;
    const output = [shape.image[0], ...size, shape.image[3]];
    const kind = random.of('max', 'avg');
    const [x, dy] = [random.numbers(shape.image), random.numbers(output)];
    const exact = poolingExactly(kind, shape, x, dy);
    const pool = kind === 'max' ? tf.maxPool : tf.avgPool;
    const run = (x: tf.Tensor): tf.Tensor =>
      pool(
        x as tf.Tensor4D,
        [shape.filter[0], shape.filter[1]],
        [...shape.strides],
        shape.padding as 'same' | 'valid',
      );
    compare(
      run,
      [tensor(x, shape.image)],
      tensor(dy, output),
      [exact.y, exact.dx],
      label(`${kind} ${inWords(shape)}`),
    );
  },
  'matrix product': (random, label) => {
    const [m, k, n] = [random.whole(1, 70), random.whole(1, 200), random.whole(1, 70)];
    const [a, b, dy] = [random.numbers([m, k]), random.numbers([k, n]), random.numbers([m, n])];
    // A product is a convolution of m images of one pixel.
    const shape: ConvolutionShape = {
      image: [m, 1, 1, k],
      filter: [1, 1, k, n],
      strides: [1, 1],
      dilation: 1,
      padding: 'valid',
    };
    const exact = convolutionExactly(shape, a, b, dy);
    for (const product of [matMul, tf.matMul] as const)
      compare(
        (a, b) => product(a as tf.Tensor2D, b as tf.Tensor2D),
        [tensor(a, [m, k]), tensor(b, [k, n])],
        tensor(dy, [m, n]),
        [exact.y, exact.dx, exact.dFilter],
        label(`${m} x ${k} by ${k} x ${n}`),
      );
  },
  'layer normalisation': (random, label) => {
    const [rows, width] = [random.whole(1, 40), random.whole(2, 130)];
    const [x, dy] = [random.numbers([rows, width]), random.numbers([rows, width])];
    const [scale, offset] = [random.numbers([width]), random.numbers([width])];
    const matrix = (values: Float32Array): number[][] =>
      Array.from({ length: rows }, (_, r) => [...values.subarray(r * width, (r + 1) * width)]);
    const exact = normalizedExactly(
      matrix(x),
      matrix(dy),
      (_, i) => scale[i]!,
      (_, i) => offset[i]!,
      1e-5,
    );
    const run = (x: tf.Tensor): tf.Tensor =>
      layerNorm(x, tf.tensor1d(scale), tf.tensor1d(offset), 1e-5) as tf.Tensor;
    compare(
      run,
      [tensor(x, [rows, width])],
      tensor(dy, [rows, width]),
      [normalized(exact.y, width), normalized(exact.dx, width)],
      label(`${rows} x ${width}`),
    );
  },
  'batch normalisation': (random, label) => {
    const [batch, height, width, channels] = random.image();
    const examples = batch * height * width;
    if (examples < 2) return;
    const shape = [batch, height, width, channels];
    const [x, dy] = [random.numbers(shape), random.numbers(shape)];
    const [weight, bias] = [random.numbers([channels]), random.numbers([channels])];
    const columns = (values: Float32Array): number[][] =>
      Array.from({ length: channels }, (_, c) =>
        Array.from({ length: examples }, (_, i) => values[i * channels + c]!),
      );
    const exact = normalizedExactly(
      columns(x),
      columns(dy),
      (c) => weight[c]!,
      (c) => bias[c]!,
      1e-5,
    );
    const inRows = (byChannel: number[][]): number[][] =>
      Array.from({ length: examples }, (_, i) => byChannel.map((column) => column[i]!));
    const variables = {
      weight: variable(weight),
      bias: variable(bias),
      runningMean: variable(new Float32Array(channels)),
      runningVariance: variable(new Float32Array(channels).fill(1)),
    };
    const run = (x: tf.Tensor): tf.Tensor =>
      batchNormTraining(x as tf.Tensor4D, variables as unknown as BatchNorm);
    compare(
      run,
      [tensor(x, shape)],
      tensor(dy, shape),
      [normalized(inRows(exact.y), examples), normalized(inRows(exact.dx), examples)],
      label(`${shape}`),
      variables,
    );
    tf.dispose(Object.values(variables));
  },
  GELU: (random, label) => {
    const length = random.whole(1, 700);
    const [x, dy] = [random.numbers([length]).map((value) => 3 * value), random.numbers([length])];
    const exact = Array.from(x, geluExactly);
    // tanh of a number of up to 40 that is itself rounded several times.
    const each = (values: number[], sizes: number[]): Exact => ({
      values: Float64Array.from(values),
      magnitudes: Float64Array.from(sizes, (size) => size + 1),
      terms: 60,
    });
    compare(
      (x) => gelu(x),
      [tensor(x, [length])],
      tensor(dy, [length]),
      [
        each(
          exact.map(({ value }) => value),
          Array.from(x, Math.abs),
        ),
        each(
          exact.map(({ slope }, i) => slope * dy[i]!),
          Array.from(dy, Math.abs),
        ),
      ],
      label(`${length}`),
    );
  },
  dropout: (random, label) => {
    const [length, rate] = [random.whole(1, 3000), random.of(0.1, 0.5, 0.9)];
    const x = random.numbers([length]);
    const state = [random.whole(0, 1000), random.whole(1, 1000)];
    const run = (x: tf.Tensor): tf.Tensor => dropout(x, rate, statelessRandom(tf.tensor1d(state, 'int32')));
    const mask = tf.tidy(() => run(tf.ones([length])).dataSync()) as Float32Array;
    const wrong = mask.findIndex((value) => value !== 0 && Math.abs(value * (1 - rate) - 1) > 4 * ROUNDING);
    if (wrong >= 0) console.log(`${label(`${length} at ${rate}`)}: ${mask[wrong]} in the mask`);
    const kept = mask.reduce((count, value) => count + (value === 0 ? 0 : 1), 0);
    // Six standard deviations of a binomial number, and one for its being whole.
    if (Math.abs(kept - length * (1 - rate)) > 6 * Math.sqrt(length * rate * (1 - rate)) + 1)
      console.log(`${label(`${length} at ${rate}`)}: ${kept} of ${length} are kept`);
    const product = (other: Float32Array): Exact => {
      const values = Float64Array.from(mask, (value, i) => value * other[i]!);
      return { values, magnitudes: values.map(Math.abs), terms: 2 };
    };
    const dy = random.numbers([length]);
    compare(
      run,
      [tensor(x, [length])],
      tensor(dy, [length]),
      [product(x), product(dy)],
      label(`${length} at ${rate}`),
    );
  },
};

/**
 * What a normalisation of `n` numbers may round: mean and variance are sums of n terms, and numbers of up to 6 standard
 * deviations are divided by a deviation that is small only where n is.
 */
function normalized(rows: number[][], n: number): Exact {
  const values = Float64Array.from(rows.flat());
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return { values, magnitudes: new Float64Array(values.length).fill(36 * largest), terms: n + 8 };
}

/** Runs a function and its gradients, eagerly and compiled, and tells where they differ from what is expected. */
function compare(
  run: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  dy: tf.Tensor,
  expected: readonly Exact[],
  label: string,
  variables: Readonly<Record<string, tf.Variable>> = {},
): void {
  const withGradients = (...given: tf.Tensor[]): Record<string, tf.Tensor> => {
    const [dy, ...inputs] = given;
    const y = run(...inputs);
    if (expected.length === 1) return { y };
    const gradients = tf.grads((...inputs) => run(...inputs))(inputs, dy);
    return { y, ...Object.fromEntries(gradients.map((gradient, i) => [`gradient ${i}`, gradient])) };
  };
  const tell = (how: string, results: Record<string, tf.Tensor>): void => {
    for (const [i, [name, result]] of Object.entries(results).entries()) {
      const { values, magnitudes, terms } = expected[i]!;
      const found = result.dataSync();
      // Products and sums round once each; fewer terms than 4 round as often as 4, for conversions of scale.
      const bound = (p: number): number => (Math.max(4, terms) + 2) * ROUNDING * magnitudes[p]!;
      const wrong = values.findIndex((value, p) => !(Math.abs(found[p]! - value) <= bound(p)));
      if (wrong < 0 && found.length === values.length) continue;
      console.log(`${label}, ${how}: ${name} is ${found[wrong]} at ${wrong} instead of ${values[wrong]}`);
    }
  };
  tf.tidy(() => tell('eager', withGradients(dy, ...inputs)));
  const program = compile({ variables: { ...variables }, entries: { withGradients } });
  const results = program.runSync('withGradients', dy, ...inputs) as Record<string, tf.Tensor>;
  tell('compiled', results);
  tf.dispose([dy, ...inputs, ...Object.values(results)]);
  program.dispose();
}

function variable(values: Float32Array): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor1d(values)));
}

function tensor(values: Float32Array, shape: readonly number[]): tf.Tensor {
  return tf.tensor(values, [...shape]);
}

function tfPadding({ padding }: ConvolutionShape): 'valid' | 'same' | tf.backend_util.ExplicitPadding {
  if (typeof padding === 'string') return padding;
  const [top, bottom, left, right] = padding;
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

function inWords({ image, filter, strides, dilation, padding }: ConvolutionShape): string {
  return `[${image}] by [${filter}], strides ${strides}, dilation ${dilation}, padding ${padding}`;
}

/** Random shapes and numbers. */
class Random {
  readonly #uniform: () => number;
  readonly #normal: () => number;

  constructor(seed: number) {
    this.#uniform = mulberry32(seed);
    this.#normal = normals(this.#uniform);
  }

  whole(from: number, to: number): number {
    return from + Math.floor(this.#uniform() * (to - from + 1));
  }

  of<const T>(...choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)]!;
  }

  /** Standard normal, none larger than 6. */
  numbers(shape: readonly number[]): Float32Array {
    return Float32Array.from({ length: shape.reduce((size, axis) => size * axis, 1) }, () =>
      Math.max(-6, Math.min(6, this.#normal())),
    );
  }

  image(): [number, number, number, number] {
    return [this.whole(1, 9), this.whole(1, 33), this.whole(1, 33), this.whole(1, 24)];
  }

  /** One that has at least one output. */
  convolution(): ConvolutionShape {
    for (;;) {
      const image = this.image();
      const size = this.of(1, 1, 2, 3, 4, 5);
      const stride = this.whole(1, 3);
      const strides: [number, number] = [stride, this.of(stride, stride, this.whole(1, 3))];
      const shape: ConvolutionShape = {
        image,
        filter: [size, this.of(size, size, this.whole(1, 5)), image[3], this.whole(1, 24)],
        strides,
        // TensorFlow has no strides and dilation together.
        dilation: strides.every((each) => each === 1) ? this.of(1, 1, 2, 3) : 1,
        padding: this.of<ConvolutionShape['padding']>('valid', 'same', [
          this.whole(0, 2),
          this.whole(0, 2),
          this.whole(0, 2),
          this.whole(0, 2),
        ]),
      };
      const { size: output } = placement(shape);
      if (output[0] >= 1 && output[1] >= 1) return shape;
    }
  }
}
