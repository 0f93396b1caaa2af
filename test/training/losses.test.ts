import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../src/runtime/backend';
import { euclideanNorms } from '../../src/training/euclidean-norm';
import { accuracy, classWeights, correct, crossEntropy } from '../../src/training/losses';

const LOGITS = [
  [1, 2, -1],
  [0, 0.5, 3],
  [2, -2, 1],
  [0.1, 0.2, 0.3],
];
const LABELS = [1, 0, 2, 2];

/** Numbers below 1.3 by sums of at most 4 terms, after an exponential and a logarithm: 16 roundings of 2^-24. */
const TOLERANCE = 1e-6;

// weight = torch.tensor([1., 2., 4.]) ** .5 / its sum
const TORCH_LOSS = 1.29001975;
const TORCH_GRADIENT = [
  [0.0572141, -0.06495717, 0.00774309],
  [-0.14904611, 0.01130637, 0.13773975],
  [0.22493769, 0.00411988, -0.22905758],
  [0.09373233, 0.10359025, -0.19732261],
];

describe('losses', () => {
  before(loadBackend);
  const logits = (): tf.Tensor2D => tf.tensor2d(LOGITS);
  const labels = (): tf.Tensor1D => tf.tensor1d(LABELS, 'int32');

  it('weigh classes as torch.nn.functional.cross_entropy(weight=...) does, gradients too', () => {
    const weights = classWeights([1, 2, 4], 0.5, 3);
    tf.tidy(() => {
      const loss = (x: tf.Tensor): tf.Scalar => crossEntropy(x as tf.Tensor2D, labels(), weights);
      const { value, grad } = tf.valueAndGrad(loss)(logits());
      assert.ok(Math.abs(value.dataSync()[0]! - TORCH_LOSS) < TOLERANCE);
      const slope = grad.dataSync();
      for (const [i, expected] of TORCH_GRADIENT.flat().entries())
        assert.ok(Math.abs(slope[i]! - expected) < TOLERANCE, `${i}: ${slope[i]}`);
    });
  });

  it('weigh all classes alike with the exponent 0', () => {
    tf.tidy(() => {
      const flat = crossEntropy(logits(), labels(), classWeights([1, 2, 4], 0, 3)).dataSync()[0]!;
      assert.ok(Math.abs(flat - crossEntropy(logits(), labels()).dataSync()[0]!) < TOLERANCE);
    });
  });

  it('count hits', () => {
    tf.tidy(() => {
      assert.deepEqual([...correct(logits(), labels()).dataSync()], [1, 0, 0, 1]);
      assert.equal(accuracy(logits(), labels()).dataSync()[0], 0.5);
    });
  });

  it('refuse class weights that are none', () => {
    assert.throws(() => classWeights([1, 2], 1, 3), /2 class weights for 3 classes/);
    assert.throws(() => classWeights([1, 0, 2], 1, 3), /class weight 0: weights must be finite and above 0/);
  });

  it('know the norm of each gradient, on every backend', async () => {
    for (const backend of ['tensorflow', 'cpu']) {
      await tf.setBackend(backend);
      tf.tidy(() => {
        const norms = euclideanNorms([
          tf.tensor1d([3, 4]),
          tf.tensor2d([[5], [12]]),
          tf.scalar(-2),
        ]).dataSync();
        for (const [i, norm] of [5, 13, 2].entries())
          assert.ok(Math.abs(norms[i]! - norm) < norm * TOLERANCE, backend);
      });
    }
    await tf.setBackend('tensorflow');
  });
});
