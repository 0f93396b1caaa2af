/** What a classifier is trained on and judged by. */
import * as tf from '@tensorflow/tfjs';
import { embedding, softmaxCrossEntropy } from '../runtime/operations/fused-operations';

/**
 * Mean cross entropy in nats. [batch, classes], [batch] -> []
 *
 * @param classWeights a weight for each class; the mean is then that of the weights, as in PyTorch
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
 * Weights ** exponent, scaled to the sum 1: an exponent between 0 and 1 softens them (`loss_weight_alpha` of the
 * paper's public code).
 *
 * @throws RangeError for weights that are not above 0, or not one for each class
 */
export function classWeights(weights: readonly number[], exponent: number, classes: number): number[] {
  if (weights.length !== classes)
    throw new RangeError(`${weights.length} class weights for ${classes} classes: give one for each`);
  const bad = weights.find((weight) => !(weight > 0 && Number.isFinite(weight)));
  if (bad !== undefined) throw new RangeError(`class weight ${bad}: weights are finite and above 0`);
  const powers = weights.map((weight) => weight ** exponent);
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** 1 where the largest logit is the label's, else 0. [batch, classes], [batch] -> [batch] */
export function correct(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32') as tf.Tensor1D;
}

/** Share of examples whose largest logit is their label's. [batch, classes], [batch] -> [] */
export function accuracy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return tf.mean(correct(logits, labels)) as tf.Scalar;
}
