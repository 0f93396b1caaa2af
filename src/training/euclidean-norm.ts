/** The lengths of gradients, by which one sees training explode or stall, and of weights. */
import * as tf from '@tensorflow/tfjs';
import { tensorflowBackend, usesTensorFlow } from '../runtime/backend';
import { typeAttribute } from '../runtime/compile/graph-def';

/**
 * The Euclidean norm of each tensor; that of all together is the norm of these norms.
 *
 * In a compiled step it reads each gradient once, which is little beside the update, where the optimiser reads and
 * writes the parameter and its own state as well.
 *
 * @returns [tensors]
 */
export function euclideanNorms(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.tidy(() => tf.sqrt(tf.stack(tensors.map(sumOfSquares)) as tf.Tensor1D));
}

/** One kernel in TensorFlow: L2Loss is half the sum of squares. */
function sumOfSquares(x: tf.Tensor): tf.Scalar {
  if (!usesTensorFlow()) return tf.sum(tf.square(x));
  const attributes = [typeAttribute('T', tensorflowBackend().binding.TF_FLOAT)];
  return tf.mul(2, tensorflowBackend().executeSingleOutput('L2Loss', attributes, [x]) as tf.Scalar);
}
