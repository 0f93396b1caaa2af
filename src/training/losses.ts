/** What a classifier is trained on and judged by. */
import * as tf from '@tensorflow/tfjs';
import { softmaxCrossEntropy } from '../runtime/native-ops';

/** Mean cross entropy in nats. [batch, classes], [batch] -> [] */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return tf.mean(softmaxCrossEntropy(logits, labels)) as tf.Scalar;
}

/** Share of examples whose largest logit is their label's. [batch, classes], [batch] -> [] */
export function accuracy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32')) as tf.Scalar;
}
