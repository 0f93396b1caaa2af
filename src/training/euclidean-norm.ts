/** The length of a whole gradient, by which one sees training explode or stall, and of all weights together. */
import * as tf from '@tensorflow/tfjs';
import { isNative, nativeBackend } from '../runtime/backend';
import { typeAttribute } from '../runtime/compile/graph-def';

/** The Euclidean norm of all tensors together. -> [] */
export function euclideanNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  return tf.tidy(() => tf.sqrt(tf.addN(tensors.map(sumOfSquares))));
}

/** One kernel natively: L2Loss is half the sum of squares. */
function sumOfSquares(x: tf.Tensor): tf.Scalar {
  if (!isNative()) return tf.sum(tf.square(x));
  const attributes = [typeAttribute('T', nativeBackend().binding.TF_FLOAT)];
  return tf.mul(2, nativeBackend().executeSingleOutput('L2Loss', attributes, [x]) as tf.Scalar);
}
