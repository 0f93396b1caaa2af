/**
 * Compares computations on this machine with known answers. Processors with different instruction sets run different kernels of
 * TensorFlow, of oneDNN and of this project, any of which may be faulty. `npm run doctor` prints the result.
 */
import * as tf from '@tensorflow/tfjs';
import { instructionsInUse } from '../instructions';
import { intrinsicDimension } from '../intrinsic-dimension/intrinsic-dimension';
import { space } from '../intrinsic-dimension/points/space';
import { kernel } from '../intrinsic-dimension/search/kernel';
import { mulberry32, normals } from '../random';
import { loadBackend } from '../runtime/backend';
import { compile } from '../runtime/compile/program';
import { dropout, gelu } from '../runtime/operations/fused-operations';
import { statelessRandom } from '../runtime/random/stateless-random';
import { createOptimizer } from '../training/optimizers';

/** One computation beside its known answer. */
export interface KnownAnswer {
  readonly name: string;
  /** Computes the answer on this machine. */
  compute(): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** The right answer, from loops over float64 numbers. */
  readonly answer: ArrayLike<number>;
}

/** The result of the check. */
export interface SelfCheck {
  /** The names of the computations that gave a wrong answer, or no answer, with the reason. */
  readonly wrong: readonly string[];
  readonly checked: number;
  /** The instruction sets of the processor and of this project's kernels, and the limit of oneDNN's. */
  readonly instructions: string;
}

/**
 * The largest error allowed for numbers of size 1. Sums of n random products in float32 have errors of about n 2^-24, which is
 * 1.1e-5 for the longest sum here (n = 192). A graphics card first rounds the factors to 11 bits (TF32), with errors of
 * sqrt(n) 2^-11 = 7e-3.
 */
const TOLERANCE = { CPU: 1e-4, GPU: 5e-2 } as const;

/** Computes all answers and compares them with the known ones. */
export async function selfCheck(answers: readonly KnownAnswer[] = knownAnswers()): Promise<SelfCheck> {
  const { device, instructions: operations } = await loadBackend();
  const tolerance = TOLERANCE[device];
  const wrong: string[] = [];
  for (const { name, compute, answer } of answers) {
    let found: ArrayLike<number>;
    try {
      found = await compute();
    } catch (error) {
      wrong.push(`${name} (${(error as Error).message.split('\n')[0]})`);
      continue;
    }
    const isRight = (value: number, i: number): boolean =>
      Math.abs(found[i]! - value) <= tolerance * (1 + Math.abs(value));
    if (found.length !== answer.length || !Array.from(answer).every(isRight)) wrong.push(name);
  }
  const instructions = instructionsInUse([kernel().instructions, operations]);
  return { wrong, checked: answers.length, instructions };
}

/** Computations in which some processor is known to have failed, or in which a failure would show. */
export function knownAnswers(): KnownAnswer[] {
  // oneDNN's issue 6035 affects pictures with sides of 8 and 16, for some numbers of channels, but none with a side of 9.
  const convolutions = [8, 9, 16].flatMap((side) =>
    [1, 3, 4, 6, 8].flatMap((channels) => [1, 3].map((size) => ({ side, channels, size }))),
  );
  return [
    ...convolutions.flatMap(convolution),
    product(),
    neighbourSearch(),
    adamStep(),
    geluValues(),
    dropoutMask(),
  ];
}

function random(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, normals(mulberry32(seed)));
}

interface Convolution {
  /** Side of the picture, in pixels. */
  readonly side: number;
  /** Channels of the picture. */
  readonly channels: number;
  /** Side of the filter. */
  readonly size: number;
}

/** A convolution with a stride of 2 and both of its gradients, computed eagerly and in a graph. */
function convolution({ side, channels, size }: Convolution): KnownAnswer[] {
  const [batch, outputs, stride] = [3, 5, 2];
  const after = Math.floor((side - size) / stride) + 1;
  const filterShape: [number, number, number, number] = [size, size, channels, outputs];
  const x = random(batch * side * side * channels, channels);
  const filter = random(size * size * channels * outputs, channels + 1);
  const dy = random(batch * after * after * outputs, channels + 2);
  const [y, dx, dFilter] = [dy, x, filter].map(({ length }) => new Float64Array(length));
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < after; i++)
      for (let j = 0; j < after; j++)
        for (let r = 0; r < size; r++)
          for (let c = 0; c < size; c++)
            for (let e = 0; e < channels; e++)
              for (let o = 0; o < outputs; o++) {
                const pixel = ((b * side + i * stride + r) * side + j * stride + c) * channels + e;
                const weight = ((r * size + c) * channels + e) * outputs + o;
                const output = ((b * after + i) * after + j) * outputs + o;
                y![output]! += x[pixel]! * filter[weight]!;
                dx![pixel]! += dy[output]! * filter[weight]!;
                dFilter![weight]! += x[pixel]! * dy[output]!;
              }
  const answer = [y!, dx!, dFilter!].flatMap((values) => [...values]);
  const all = (image: tf.Tensor, weights: tf.Tensor, by: tf.Tensor): tf.Tensor => {
    const forward = (p: tf.Tensor, q: tf.Tensor): tf.Tensor =>
      tf.conv2d(p as tf.Tensor4D, q as tf.Tensor4D, stride, 'valid');
    const found = [forward(image, weights), ...tf.grads(forward)([image, weights], by)];
    return tf.concat(found.map((tensor) => tf.reshape(tensor, [-1])));
  };
  const inputs = (): [tf.Tensor, tf.Tensor, tf.Tensor] => [
    tf.tensor(x, [batch, side, side, channels]),
    tf.tensor(filter, filterShape),
    tf.tensor(dy, [batch, after, after, outputs]),
  ];
  const name = `${size} x ${size} convolution of ${side} x ${side} x ${channels} with stride 2`;
  return [
    { name, answer, compute: () => tf.tidy(() => all(...inputs()).dataSync()) },
    {
      name: `${name}, compiled`,
      answer,
      compute: () => {
        const program = compile({ variables: {}, entries: { all } });
        const found = tf.tidy(() => program.runSync('all', ...inputs()).dataSync());
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

/** GELU and its derivative. */
function geluValues(): KnownAnswer {
  const x = random(300, 5);
  const [a, b] = [Math.sqrt(2 / Math.PI), 0.044715];
  const gate = (value: number): number => Math.tanh(a * (value + b * value ** 3));
  const values = [...x].map((value) => (value / 2) * (1 + gate(value)));
  const slopes = [...x].map((value) => {
    const t = gate(value);
    return (1 + t) / 2 + (value / 2) * (1 - t ** 2) * a * (1 + 3 * b * value ** 2);
  });
  return {
    name: 'GELU',
    answer: [...values, ...slopes],
    compute: () =>
      tf.tidy(() => {
        const points = tf.tensor1d(x);
        return tf.concat([gelu(points), tf.grad((p) => gelu(p))(points)]).dataSync();
      }),
  };
}

/**
 * Dropout with a rate of 1/2. Its gradient for ones is the mask, which consists of 0 and 2, and the result is the mask times x.
 * The share that is kept must be between 0.4 and 0.6, from which 10,000 fair draws are 20 standard deviations away.
 */
function dropoutMask(): KnownAnswer {
  const x = random(10_000, 6);
  return {
    name: 'dropout',
    answer: new Float64Array(2 * x.length + 1),
    compute: () =>
      tf.tidy(() => {
        const drop = (points: tf.Tensor): tf.Tensor =>
          dropout(points, 0.5, statelessRandom(tf.tensor1d([1, 2], 'int32')));
        const points = tf.tensor1d(x);
        const found = drop(points).dataSync();
        const mask = [...tf.grad(drop)(points).dataSync()];
        const kept = mask.filter((value) => value !== 0).length / x.length;
        return [
          ...mask.map((value, i) => found[i]! - value * x[i]!),
          ...mask.map((value) => value * (value - 2)),
          kept > 0.4 && kept < 0.6 ? 0 : 1,
        ];
      }),
  };
}
