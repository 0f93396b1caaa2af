/** The lengths of gradients, which show whether training explodes or stalls, and of weights. */
import * as tf from '@tensorflow/tfjs';
import { tensorflowBackend, usesTensorFlow } from '../runtime/backend';
import { typeAttribute } from '../runtime/compile/graph-def';

/**
 * The Euclidean norm of each tensor; the norm of all tensors together is the norm of these norms.
 *
 * In a compiled step, each gradient is read once. This is little work compared with the update, in which the optimiser reads and
 * writes the parameter and its own state as well.
 *
 * @returns [tensors]
 */
export function euclideanNorms(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.tidy(() => tf.sqrt(tf.stack(tensors.map(sumOfSquares)) as tf.Tensor1D));
}

/** The sum of squares by one kernel of TensorFlow, L2Loss, which gives half of it. */
function sumOfSquares(x: tf.Tensor): tf.Scalar {
  if (!usesTensorFlow()) return tf.sum(tf.square(x));
  const attributes = [typeAttribute('T', tensorflowBackend().binding.TF_FLOAT)];
  return tf.mul(2, tensorflowBackend().executeSingleOutput('L2Loss', attributes, [x]) as tf.Scalar);
}
