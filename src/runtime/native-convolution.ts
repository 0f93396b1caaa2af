/** Convolution with PyTorch's padding, which differs from TensorFlow's 'same' where it strides. */
import * as tf from '@tensorflow/tfjs';
import { isNative, nativeBackend, type OpAttribute } from './backend';

/**
 * Convolves with `(size - 1) / 2` zeros on every side, as PyTorch's Conv2d(padding=size // 2): with a stride of 2
 * TensorFlow's 'same' would put its single row of zeros at the other end.
 * [batch, height, width, in], [size, size, in, out] -> [batch, ceil(height / stride), ceil(width / stride), out]
 */
export function convolution(x: tf.Tensor4D, filter: tf.Tensor4D, stride: 1 | 2 = 1): tf.Tensor4D {
  const size = filter.shape[0];
  if (size % 2 === 0 || filter.shape[1] !== size)
    throw new Error(`need a square filter of odd size, got ${filter.shape[0]} x ${filter.shape[1]}`);
  if (!isNative()) return tf.conv2d(x, filter, stride, (size - 1) / 2, 'NHWC', 1, 'floor');
  const op = tf.customGrad((x, filter, save) => {
    (save as unknown as (tensors: tf.Tensor[]) => void)([x as tf.Tensor, filter as tf.Tensor]);
    return {
      value: native('Conv2D', [x as tf.Tensor, filter as tf.Tensor], size, stride),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, filter] = saved as [tf.Tensor, tf.Tensor];
        const shape = (of: tf.Tensor): tf.Tensor => tf.tensor1d(of.shape, 'int32');
        return [
          native('Conv2DBackpropInput', [shape(x), filter, dy], size, stride),
          native('Conv2DBackpropFilter', [x, shape(filter), dy], size, stride),
        ];
      },
    };
  });
  return op(x, filter) as tf.Tensor4D;
}

function native(op: string, inputs: tf.Tensor[], size: number, stride: number): tf.Tensor {
  const { binding } = nativeBackend();
  const around = (size - 1) / 2;
  // 'same' is the same without a stride, and has the faster kernels.
  const padding = stride === 1 ? 'SAME' : around === 0 ? 'VALID' : 'EXPLICIT';
  const attributes: OpAttribute[] = [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'strides', type: binding.TF_ATTR_INT, value: [1, stride, stride, 1] },
    { name: 'padding', type: binding.TF_ATTR_STRING, value: padding },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'dilations', type: binding.TF_ATTR_INT, value: [1, 1, 1, 1] },
  ];
  if (padding === 'EXPLICIT') {
    const value = [0, 0, around, around, around, around, 0, 0];
    attributes.push({ name: 'explicit_paddings', type: binding.TF_ATTR_INT, value });
  }
  return nativeBackend().executeSingleOutput(op, attributes, inputs);
}
