import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { hasOwnOperations, loadBackend, tensorflowBackend } from '../../../src/runtime/backend';
import { compile } from '../../../src/runtime/compile/program';
import { convolution } from '../../../src/runtime/operations/convolution';
import { dropout, gelu, layerNorm } from '../../../src/runtime/operations/fused-operations';
import { statelessRandom } from '../../../src/runtime/random/stateless-random';

describe("TensorFlow's further operations", () => {
  before(async function () {
    await loadBackend();
    if (!hasOwnOperations()) this.skip();
  });

  for (const [instructions, threads] of [
    ['sse2', 1],
    ['avx2', 3],
    ['avx512', 2],
  ] as const) {
    it(`compute with ${instructions} and ${threads} threads what TensorFlow computes, and draw the same masks`, () => {
      const script = join(__dirname, 'own-operations.ts');
      const { stdout, status, stderr } = spawnSync(process.execPath, ['--import=tsx', script], {
        encoding: 'utf8',
        env: { ...process.env, ID_INSTRUCTIONS: instructions, TF_NUM_INTRAOP_THREADS: String(threads) },
      });
      assert.equal(status, 0, stderr);
      assert.equal(stdout, '');
    }).timeout(240_000);
  }

  it('are in a compiled program what they are without', () => {
    const w = tf.variable(tf.randomNormal([3, 3, 32, 32], 0, 0.1, 'float32', 1) as tf.Tensor4D);
    const scale = tf.variable(tf.ones([32]) as tf.Tensor1D);
    const state = tf.variable(tf.tensor1d([1, 2], 'int32'));
    const step = (x: tf.Tensor4D): tf.Scalar => {
      const loss = (): tf.Scalar => {
        const y = gelu(
          layerNorm(
            convolution(x, w as unknown as tf.Tensor4D),
            scale as unknown as tf.Tensor1D,
            tf.zeros([32]),
            1e-5,
          ),
        );
        return tf.mean(
          tf.square(dropout(y, 0.3, statelessRandom(state as unknown as tf.Tensor1D))),
        ) as tf.Scalar;
      };
      const { value, grads } = tf.variableGrads(loss, [w, scale]);
      for (const variable of [w, scale]) variable.assign(tf.sub(variable, grads[variable.name]!) as never);
      return value;
    };
    const program = compile({ variables: { w, scale, state }, entries: { step }, check: true });
    const losses = [1, 2, 3].map((seed) => {
      const x = tf.randomNormal([4, 6, 6, 32], 0, 1, 'float32', seed) as tf.Tensor4D;
      return program.runSync('step', x).dataSync()[0]!;
    });
    assert.ok(losses.every(Number.isFinite));
    program.dispose();
    tf.dispose([w, scale, state]);
  });

  it('refuse what they cannot compute', () => {
    const run = (op: string, ...shapes: number[][]): tf.Tensor =>
      tensorflowBackend().executeSingleOutput(
        op,
        [],
        shapes.map((shape) => tf.zeros(shape)),
      );
    assert.throws(() => run('WinogradConvolution', [1, 3, 4, 32], [3, 3, 32, 32]), /even height and width/);
    assert.throws(() => run('WinogradConvolution', [1, 4, 4, 32], [3, 3, 32, 33]), /multiples of 16 and 32/);
    assert.throws(() => run('WinogradConvolution', [1, 4, 4, 32], [3, 3, 64, 32]), /other channels/);
    assert.throws(() => run('WinogradConvolution', [4, 4, 32], [3, 3, 32, 32]), /need images/);
    assert.throws(() => run('GeluGradient', [3], [4]), /one shape/);
  });

  it('take empty tensors', () => {
    assert.deepEqual(convolution(tf.zeros([0, 4, 4, 32]), tf.zeros([3, 3, 32, 32])).shape, [0, 4, 4, 32]);
    assert.deepEqual(gelu(tf.zeros([0, 5])).shape, [0, 5]);
    assert.deepEqual(layerNorm(tf.zeros([0, 5]), tf.ones([5]), tf.zeros([5]), 1e-5).shape, [0, 5]);
  });
});
