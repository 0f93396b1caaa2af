/** Convolution with PyTorch's padding, which differs from TensorFlow's 'same' where it strides. */
import * as tf from '@tensorflow/tfjs';
import { isNative, nativeBackend, type OpAttribute } from '../backend';
import { fastConvolution, fastFilterGradient, fastInputGradient } from './winograd';

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
  const same = stride === 1 || size === 1; // as TensorFlow's 'same'
  const op = tf.customGrad((x, filter, save) => {
    (save as unknown as (tensors: tf.Tensor[]) => void)([x as tf.Tensor, filter as tf.Tensor]);
    return {
      value:
        fastConvolution(x as tf.Tensor, filter as tf.Tensor, stride) ??
        native('Conv2D', [x as tf.Tensor, filter as tf.Tensor], stride, same ? 'SAME' : (size - 1) / 2),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
        return same ? gradients(dy, x, filter, stride, 'SAME') : paddedGradients(dy, x, filter, stride);
      },
    };
  });
  return op(x, filter) as tf.Tensor4D;
}

/**
 * oneDNN has no kernels for the gradients of a convolution with explicit padding, and TensorFlow's own take four times
 * as long. With the zeros in the image there is no padding.
 */
function paddedGradients(dy: tf.Tensor, x: tf.Tensor4D, filter: tf.Tensor4D, stride: number): tf.Tensor[] {
  const [batch, height, width, channels] = x.shape;
  const size = filter.shape[0];
  const before = (size - 1) / 2;
  const after = (length: number): number =>
    Math.max(0, (Math.ceil(length / stride) - 1) * stride + size - before - length);
  const image = tf.pad4d(x, [
    [0, 0],
    [before, after(height)],
    [before, after(width)],
    [0, 0],
  ]);
  const [dx, dFilter] = gradients(dy, image, filter, stride, 'VALID') as [tf.Tensor4D, tf.Tensor4D];
  return [tf.slice4d(dx, [0, before, before, 0], [batch, height, width, channels]), dFilter];
}

function gradients(
  dy: tf.Tensor,
  x: tf.Tensor,
  filter: tf.Tensor,
  stride: number,
  padding: 'SAME' | 'VALID',
): tf.Tensor[] {
  const shape = (of: tf.Tensor): tf.Tensor => tf.tensor1d(of.shape, 'int32');
  const same = padding === 'SAME';
  return [
    (same && fastInputGradient(dy, filter, x.shape, stride)) ||
      native('Conv2DBackpropInput', [shape(x), filter, dy], stride, padding),
    (same && fastFilterGradient(x, dy, filter.shape, stride)) ||
      native('Conv2DBackpropFilter', [x, shape(filter), dy], stride, padding),
  ];
}

/** @param padding a kind, or the zeros on every side */
function native(
  op: string,
  inputs: tf.Tensor[],
  stride: number,
  padding: 'SAME' | 'VALID' | number,
): tf.Tensor {
  const { binding } = nativeBackend();
  const explicit = typeof padding === 'number';
  const attributes: OpAttribute[] = [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'strides', type: binding.TF_ATTR_INT, value: [1, stride, stride, 1] },
    { name: 'padding', type: binding.TF_ATTR_STRING, value: explicit ? 'EXPLICIT' : padding },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'dilations', type: binding.TF_ATTR_INT, value: [1, 1, 1, 1] },
  ];
  if (explicit) {
    const value = [0, 0, padding, padding, padding, padding, 0, 0];
    attributes.push({ name: 'explicit_paddings', type: binding.TF_ATTR_INT, value });
  }
  return nativeBackend().executeSingleOutput(op, attributes, inputs);
}
