import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { mulberry32, normals } from '../../../src/random';
import { loadBackend } from '../../../src/runtime/backend';
import * as ops from '../../../src/runtime/operations/fused-operations';
import { statelessRandom } from '../../../src/runtime/random/stateless-random';

type Op = (...x: never[]) => tf.Tensor;
interface Case {
  /** Shapes of the inputs that have a gradient. */
  shapes: number[][];
  ours: Op;
  /** The definition in stock tfjs, whose gradients tfjs derives itself. */
  plain: Op;
}

const IDS = [4, 0, 0, 3, 4, 4];
const ids = () => tf.tensor1d(IDS, 'int32');

const CASES: Record<string, Case> = {
  biasAdd: {
    shapes: [[3, 4, 5], [5]],
    ours: (x: tf.Tensor, b: tf.Tensor1D) => ops.biasAdd(x, b),
    plain: (x: tf.Tensor, b: tf.Tensor1D) => tf.add(x, b),
  },
  'biasAdd of a matrix': {
    shapes: [[7, 5], [5]],
    ours: (x: tf.Tensor, b: tf.Tensor1D) => ops.biasAdd(x, b),
    plain: (x: tf.Tensor, b: tf.Tensor1D) => tf.add(x, b),
  },
  matMul: {
    shapes: [
      [3, 4],
      [4, 5],
    ],
    ours: (a: tf.Tensor2D, b: tf.Tensor2D) => ops.matMul(a, b),
    plain: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.matMul(a, b),
  },
  'matMul by a transposed matrix': {
    shapes: [
      [3, 4],
      [5, 4],
    ],
    ours: (a: tf.Tensor2D, b: tf.Tensor2D) => ops.matMul(a, b, true),
    plain: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.matMul(a, tf.transpose(b)),
  },
  batchMatMul: {
    shapes: [
      [2, 3, 4, 5],
      [2, 3, 5, 6],
    ],
    ours: (a: tf.Tensor4D, b: tf.Tensor4D) => ops.batchMatMul(a, b),
    plain: (a: tf.Tensor4D, b: tf.Tensor4D) => tf.matMul(a, b),
  },
  'batchMatMul by transposed matrices': {
    shapes: [
      [2, 3, 1, 5],
      [2, 3, 4, 5],
    ],
    ours: (a: tf.Tensor4D, b: tf.Tensor4D) => ops.batchMatMul(a, b, true),
    plain: (a: tf.Tensor4D, b: tf.Tensor4D) => tf.matMul(a, b, false, true),
  },
  layerNorm: {
    shapes: [[6, 9], [9], [9]],
    ours: (x: tf.Tensor, g: tf.Tensor1D, b: tf.Tensor1D) => ops.layerNorm(x, g, b, 1e-5),
    plain: (x: tf.Tensor, g: tf.Tensor1D, b: tf.Tensor1D) => {
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), g), b);
    },
  },
  gelu: {
    shapes: [[5, 8]],
    ours: (x: tf.Tensor) => ops.gelu(x),
    plain: (x: tf.Tensor) =>
      tf.mul(
        tf.mul(x, 0.5),
        tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3)))))),
      ),
  },
  relu: {
    shapes: [[5, 8]],
    ours: (x: tf.Tensor) => ops.relu(x),
    plain: (x: tf.Tensor) => tf.maximum(x, 0),
  },
  softmaxCrossEntropy: {
    shapes: [[6, 5]],
    ours: (x: tf.Tensor2D) => ops.softmaxCrossEntropy(x, ids()),
    plain: (x: tf.Tensor2D) => tf.neg(tf.sum(tf.mul(tf.oneHot(ids(), 5), tf.log(tf.softmax(x))), 1)),
  },
  embedding: {
    shapes: [[5, 3]],
    ours: (x: tf.Tensor2D) => ops.embedding(x, ids()),
    plain: (x: tf.Tensor2D) => tf.matMul(tf.cast(tf.oneHot(ids(), 5), 'float32'), x),
  },
};

/** The values of an op and the gradients of a weighted sum of them. */
function evaluate(op: Op, shapes: number[][]): Float32Array[] {
  const normal = normals(mulberry32(3));
  return tf.tidy(() => {
    const inputs = shapes.map((shape) =>
      tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, normal), shape),
    );
    const value = op(...(inputs as never[]));
    const weights = tf.tensor(Float32Array.from({ length: value.size }, normal), value.shape);
    const gradients = tf.grads((...x) => tf.sum(tf.mul(op(...(x as never[])), weights)))(inputs);
    return [value, ...gradients].map((t) => t.dataSync() as Float32Array);
  });
}

describe('operations of TensorFlow and of this project', () => {
  before(loadBackend);
  afterEach(() => tf.setBackend('tensorflow'));

  for (const [name, { shapes, ours, plain }] of Object.entries(CASES))
    it(`${name}: values and gradients are those of its definition, on every backend`, async () => {
      await import('@tensorflow/tfjs-backend-wasm');
      await tf.setBackend('cpu');
      const expected = evaluate(plain, shapes);
      for (const backend of ['tensorflow', 'wasm', 'cpu']) {
        await tf.setBackend(backend);
        const before = tf.memory().numTensors;
        const got = evaluate(ours, shapes);
        assert.equal(tf.memory().numTensors, before, `${backend} keeps tensors`);
        assert.equal(got.length, expected.length);
        got.forEach((values, i) => {
          assert.equal(values.length, expected[i]!.length);
          const worst = Math.max(...values.map((v, j) => Math.abs(v - expected[i]![j]!)));
          // Sums of at most 12 terms, after some functions: 16 roundings of 2^-24 of the largest number.
          const largest = Math.max(1, ...expected[i]!.map(Math.abs));
          assert.ok(
            worst < 16 * 2 ** -24 * largest,
            `${backend}: ${i === 0 ? 'values' : `gradient ${i}`} differ by ${worst}`,
          );
        });
      }
    });

  it('gelu has the values of PyTorch', () => {
    // torch.nn.functional.gelu(x, approximate='tanh')
    const got = tf.tidy(() => ops.gelu(tf.tensor1d([-3, -1, 0, 0.5, 1, 10])).arraySync()) as number[];
    const expected = [-0.003637392, -0.1588079929, 0, 0.3457140028, 0.8411920071, 10];
    // 8 roundings of 2^-24, of numbers up to 10.
    for (const [i, value] of expected.entries())
      assert.ok(Math.abs(got[i]! - value) <= 8 * 2 ** -24 * Math.max(1, value), `${got[i]}`);
  });

  it('softmaxCrossEntropy of large logits is finite', () => {
    const got = tf.tidy(() =>
      ops
        .softmaxCrossEntropy(
          tf.tensor2d([
            [1e4, 0],
            [0, 1e4],
          ]),
          tf.tensor1d([0, 0], 'int32'),
        )
        .arraySync(),
    );
    assert.deepEqual(got, [0, 1e4]);
  });

  for (const backend of ['tensorflow', 'wasm', 'cpu'])
    describe(`dropout on ${backend}`, () => {
      const seed = () => tf.tensor1d([1, 1], 'int32');
      beforeEach(async () => {
        await import('@tensorflow/tfjs-backend-wasm');
        await tf.setBackend(backend);
      });

      it('drops a share of the elements, scales the others, and passes the same mask to the gradient', () => {
        const before = tf.memory().numTensors;
        const [value, gradient] = tf.tidy(() => {
          const x = tf.ones([100, 1000]);
          const y = ops.dropout(x, 0.3, statelessRandom(seed()));
          const dx = tf.grad((z) => ops.dropout(z, 0.3, statelessRandom(seed())))(x, tf.fill([100, 1000], 2));
          return [y.dataSync(), dx.dataSync()];
        });
        assert.equal(tf.memory().numTensors, before);
        const dropped = value!.filter((v) => v === 0).length / value!.length;
        assert.ok(Math.abs(dropped - 0.3) < 0.006); // 4 sigma
        assert.ok(value!.every((v) => v === 0 || Math.abs(v - 1 / 0.7) < 1e-6));
        assert.ok(gradient!.every((g, i) => Math.abs(g - 2 * value![i]!) < 1e-5));
      });

      it('does nothing at rate 0 and refuses rates outside [0, 1)', () => {
        tf.tidy(() => {
          const x = tf.ones([3]);
          assert.equal(ops.dropout(x, 0, statelessRandom(seed())), x);
          for (const rate of [-0.1, 1, NaN])
            assert.throws(
              () => ops.dropout(x, rate, statelessRandom(seed())),
              /dropout rate in \[0, 1\), got/,
            );
        });
      });
    });
});
