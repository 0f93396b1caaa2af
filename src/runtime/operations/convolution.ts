/** Convolution with PyTorch's padding, which differs from TensorFlow's 'same' if there is a stride. */
import * as tf from '@tensorflow/tfjs';
import { usesTensorFlow } from '../backend';
import { fastConvolution, fastFilterGradient, fastInputGradient } from './winograd';

/**
 * Convolves with `(size - 1) / 2` zeros on every side, like PyTorch's Conv2d(padding=size // 2). With a stride of 2,
 * TensorFlow's 'same' would put its single row of zeros at the other end.
 * [batch, height, width, in], [size, size, in, out] -> [batch, ceil(height / stride), ceil(width / stride), out]
 */
export function convolution(x: tf.Tensor4D, filter: tf.Tensor4D, stride: 1 | 2 = 1): tf.Tensor4D {
  const size = filter.shape[0];
  if (size % 2 === 0 || filter.shape[1] !== size)
    throw new Error(`need a square filter of odd size, got ${filter.shape[0]} x ${filter.shape[1]}`);
  if (!usesTensorFlow() || stride > 1)
    return tf.conv2d(x, filter, stride, (size - 1) / 2, 'NHWC', 1, 'floor');
  const op = tf.customGrad((x, filter, save) => {
    const [image, weights] = [x, filter] as [tf.Tensor4D, tf.Tensor4D];
    (save as unknown as (tensors: tf.Tensor[]) => void)([image, weights]);
    return {
      value: fastConvolution(image, weights, stride) ?? tf.conv2d(image, weights, stride, 'same'),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        gradients(dy, ...(saved as [tf.Tensor4D, tf.Tensor4D])),
    };
  });
  return op(x, filter) as tf.Tensor4D;
}

/** The gradients of a convolution without a stride. */
function gradients(dy: tf.Tensor, x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor[] {
  const attributes = { strides: 1, pad: 'same', dataFormat: 'NHWC' };
  const kernel = (name: string, inputs: tf.NamedTensorMap, shape: object): tf.Tensor =>
    tf.engine().runKernel(name, inputs, { ...attributes, ...shape });
  return [
    fastInputGradient(dy, filter, x.shape, 1) ??
      kernel('Conv2DBackpropInput', { dy, filter }, { inputShape: x.shape }),
    fastFilterGradient(x, dy, filter.shape, 1) ??
      kernel('Conv2DBackpropFilter', { x, dy }, { filterShape: filter.shape }),
  ];
}
