/** The loss and the accuracy of a classifier. */
import * as tf from '@tensorflow/tfjs';
import { counted } from '../number-format';
import { embedding, softmaxCrossEntropy } from '../runtime/operations/fused-operations';

/**
 * Mean cross entropy in nats. [batch, classes], [batch] -> []
 *
 * @param classWeights a weight for each class; the mean is then a weighted mean, as in PyTorch
 */
export function crossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  classWeights?: readonly number[],
): tf.Scalar {
  const losses = softmaxCrossEntropy(logits, labels);
  if (!classWeights) return tf.mean(losses) as tf.Scalar;
  const table = tf.tensor2d([...classWeights], [classWeights.length, 1]);
  const weights = tf.reshape(embedding(table, labels), [-1]); // [batch]
  return tf.div(tf.sum(tf.mul(losses, weights)), tf.sum(weights));
}

/**
 * The weights raised to `exponent` and scaled to the sum 1. An exponent between 0 and 1 softens them (`loss_weight_alpha` in
 * the paper's public code).
 *
 * @throws RangeError for weights that are not above 0, or if there is not one for each class
 */
export function classWeights(weights: readonly number[], exponent: number, classes: number): number[] {
  if (weights.length !== classes)
    throw new RangeError(
      `there are ${counted(weights.length, 'class weight')} for ${counted(classes, 'class', 'classes')}: give one for each class`,
    );
  const bad = weights.find((weight) => !(weight > 0 && Number.isFinite(weight)));
  if (bad !== undefined) throw new RangeError(`class weight ${bad}: weights must be finite and above 0`);
  const powers = weights.map((weight) => weight ** exponent);
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** 1 if the largest logit is that of the label, and else 0. [batch, classes], [batch] -> [batch] */
export function correct(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32') as tf.Tensor1D;
}

/** The share of examples whose largest logit is that of their label. [batch, classes], [batch] -> [] */
export function accuracy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return tf.mean(correct(logits, labels)) as tf.Scalar;
}
