/**
 * Known answers, computed on this machine: are the libraries right here? A processor with other instructions runs other
 * kernels of TensorFlow, of oneDNN and of this project. `npm run doctor` prints what is found.
 */
import * as tf from '@tensorflow/tfjs';
import { instructionsInUse } from '../instructions';
import { intrinsicDimension } from '../intrinsic-dimension/intrinsic-dimension';
import { space } from '../intrinsic-dimension/points/space';
import { kernelInstructions } from '../intrinsic-dimension/search/search-kernel';
import { mulberry32, normals } from '../random';
import { loadBackend } from '../runtime/backend';
import { compile } from '../runtime/compile/program';
import { gelu } from '../runtime/operations/fused-operations';
import { createOptimizer } from '../training/optimizers';

/** One computation beside its known answer. */
export interface KnownAnswer {
  readonly name: string;
  /** What this machine computes. */
  compute(): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** The same by loops over float64 numbers. */
  readonly answer: ArrayLike<number>;
}

/** What the check found. */
export interface SelfCheck {
  /** The names of the computations that gave another answer. */
  readonly wrong: readonly string[];
  readonly checked: number;
  /** Sets of instructions of the processor, of oneDNN and of this project's kernels. */
  readonly instructions: string;
}

/** Sums of up to some hundred float32 products of numbers of size 1 are off by less than this. */
const TOLERANCE = 1e-4;

/** Computes the known answers and compares. */
export async function selfCheck(answers: readonly KnownAnswer[] = knownAnswers()): Promise<SelfCheck> {
  await loadBackend();
  const wrong: string[] = [];
  for (const { name, compute, answer } of answers) {
    const found = await compute();
    const isRight = (value: number, i: number): boolean =>
      Math.abs(found[i]! - value) <= TOLERANCE * (1 + Math.abs(value));
    if (found.length !== answer.length || !Array.from(answer).every(isRight)) wrong.push(name);
  }
  const instructions = `${instructionsInUse()}; search kernel: ${kernelInstructions()}`;
  return { wrong, checked: answers.length, instructions };
}

/** A handful of answers on which a processor is known to have failed, or would show it. */
export function knownAnswers(): KnownAnswer[] {
  const convolutions = [1, 3, 4, 6, 8].flatMap((channels) => [1, 3].map((size) => ({ channels, size })));
  return [
    ...convolutions.flatMap(({ channels, size }) => filterGradients(channels, size)),
    product(),
    neighbourSearch(),
    adamStep(),
    geluValues(),
  ];
}

function random(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, normals(mulberry32(seed)));
}

/** The gradient of the filter of a convolution with a stride of 2, eagerly and in a graph. */
function filterGradients(channels: number, size: number): KnownAnswer[] {
  const [batch, side, outputs, stride] = [3, 9, 5, 2];
  const after = Math.floor((side - size) / stride) + 1;
  const x = random(batch * side * side * channels, channels);
  const dy = random(batch * after * after * outputs, channels + 1);
  const answer = new Float64Array(size * size * channels * outputs);
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < after; i++)
      for (let j = 0; j < after; j++)
        for (let r = 0; r < size; r++)
          for (let c = 0; c < size; c++)
            for (let e = 0; e < channels; e++)
              for (let o = 0; o < outputs; o++) {
                const pixel = ((b * side + i * stride + r) * side + j * stride + c) * channels + e;
                const output = ((b * after + i) * after + j) * outputs + o;
                answer[((r * size + c) * channels + e) * outputs + o]! += x[pixel]! * dy[output]!;
              }
  const filterShape: [number, number, number, number] = [size, size, channels, outputs];
  const gradient = (image: tf.Tensor, by: tf.Tensor): tf.Tensor =>
    tf.grad((filter) => tf.conv2d(image as tf.Tensor4D, filter as tf.Tensor4D, stride, 'valid'))(
      tf.zeros(filterShape),
      by,
    );
  const inputs = (): [tf.Tensor, tf.Tensor] => [
    tf.tensor(x, [batch, side, side, channels]),
    tf.tensor(dy, [batch, after, after, outputs]),
  ];
  const name = `gradient of a ${size} x ${size} convolution of ${channels} channels with stride 2`;
  return [
    { name, answer, compute: () => tf.tidy(() => gradient(...inputs()).dataSync()) },
    {
      name: `${name}, compiled`,
      answer,
      compute: () => {
        const program = compile({ variables: {}, entries: { gradient } });
        const found = tf.tidy(() => program.runSync('gradient', ...inputs()).dataSync());
        program.dispose();
        return found;
      },
    },
  ];
}

function product(): KnownAnswer {
  const [m, k, n] = [33, 130, 17];
  const [a, b] = [random(m * k, 1), random(k * n, 2)];
  const answer = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let c = 0; c < k; c++) answer[i * n + j]! += a[i * k + c]! * b[c * n + j]!;
  return {
    name: 'product of matrices',
    answer,
    compute: () => tf.tidy(() => tf.matMul(tf.tensor2d(a, [m, k]), tf.tensor2d(b, [k, n])).dataSync()),
  };
}

/** The distances to the two nearest neighbours of every point. */
function neighbourSearch(): KnownAnswer {
  const [n, d] = [500, 40];
  const data = random(n * d, 3);
  const answer = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    const distances: number[] = [];
    for (let j = 0; j < n; j++) {
      let squared = 0;
      for (let c = 0; c < d; c++) squared += (data[i * d + c]! - data[j * d + c]!) ** 2;
      if (i !== j) distances.push(Math.sqrt(squared));
    }
    distances.sort((p, q) => p - q);
    answer.set(distances.slice(0, 2), 2 * i);
  }
  return {
    name: 'search of neighbours',
    answer,
    compute: async () => {
      const points = { data, shape: [n, d] as const };
      const { certified } = await intrinsicDimension(points);
      const { distances } = await (await space(points)).neighbours(2, {});
      return certified > 0 ? distances : [];
    },
  };
}

/** Two weights after one step of Adam (Kingma and Ba 2015, algorithm 1). */
function adamStep(): KnownAnswer {
  const [beta1, beta2, epsilon, rate] = [0.9, 0.98, 1e-8, 0.1];
  const weights = [0.5, -2];
  const gradients = [0.3, -1e-3];
  const answer = weights.map((weight, i) => {
    const gradient = gradients[i]!;
    const mean = ((1 - beta1) * gradient) / (1 - beta1);
    const square = ((1 - beta2) * gradient ** 2) / (1 - beta2);
    return weight - (rate * mean) / (Math.sqrt(square) + epsilon);
  });
  return {
    name: 'step of Adam',
    answer,
    compute: () => {
      const w = tf.tidy(() => tf.variable(tf.tensor1d(weights)));
      const optimizer = createOptimizer({ kind: 'adam', beta1, beta2, epsilon }, { w });
      const found = tf.tidy(() => {
        optimizer.apply({ w: tf.tensor1d(gradients) }, tf.scalar(rate), tf.scalar(1));
        return w.dataSync().slice();
      });
      optimizer.dispose();
      w.dispose();
      return found;
    },
  };
}

function geluValues(): KnownAnswer {
  const x = random(300, 5);
  const answer = Float64Array.from(
    x,
    (value) => (value / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3))),
  );
  return { name: 'GELU', answer, compute: () => tf.tidy(() => gelu(tf.tensor1d(x)).dataSync()) };
}
