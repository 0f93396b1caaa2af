/** The length of a whole gradient, by which one sees training explode or stall. */
import * as tf from '@tensorflow/tfjs';
import { tensorflowBackend, usesTensorFlow } from '../runtime/backend';
import { typeAttribute } from '../runtime/compile/graph-def';

/** The Euclidean norm of all gradients together. -> [] */
export function gradientNorm(gradients: readonly tf.Tensor[]): tf.Scalar {
  return tf.tidy(() => tf.sqrt(tf.addN(gradients.map(sumOfSquares))));
}

/** One kernel in TensorFlow: L2Loss is half the sum of squares. */
function sumOfSquares(x: tf.Tensor): tf.Scalar {
  if (!usesTensorFlow()) return tf.sum(tf.square(x));
  const attributes = [typeAttribute('T', tensorflowBackend().binding.TF_FLOAT)];
  return tf.mul(2, tensorflowBackend().executeSingleOutput('L2Loss', attributes, [x]) as tf.Scalar);
}
