/**
 * Convolutions that keep the size of their images, and their gradients, by the project's own kernels (`native/winograd.cc`).
 * A result is undefined if these kernels do not apply or are not faster. They run on a CPU, for 3 x 3 filters without a stride,
 * images of even height and width, and enough channels for the saved products to outweigh the additional work of Winograd's
 * method. They give the same numbers as TensorFlow, up to float32 rounding, with 16 products instead of 36. A number that is not
 * finite spoils all four outputs of its tile.
 */
import type * as tf from '@tensorflow/tfjs';
import { hasOwnOperations, tensorflowBackend } from '../backend';

/** The most products of input and output channels for which sums of transformed filters stay in a thread's cache. */
const MOST_FILTERS = 128 * 128;

/** [batch, height, width, in], [3, 3, in, out] -> [batch, height, width, out] */
export function fastConvolution(x: tf.Tensor, filter: tf.Tensor, stride: number): tf.Tensor | undefined {
  if (!isFaster(x.shape, filter.shape, stride)) return undefined;
  return tensorflowBackend().executeSingleOutput('WinogradConvolution', [], [x, filter]);
}

/** The gradient of the images. */
export function fastInputGradient(
  dy: tf.Tensor,
  filter: tf.Tensor,
  inputShape: readonly number[],
  stride: number,
): tf.Tensor | undefined {
  if (!isFaster(inputShape, filter.shape, stride)) return undefined;
  return tensorflowBackend().executeSingleOutput('WinogradConvolutionInputGradient', [], [dy, filter]);
}

/** The gradient of the filters. */
export function fastFilterGradient(
  x: tf.Tensor,
  dy: tf.Tensor,
  filterShape: readonly number[],
  stride: number,
): tf.Tensor | undefined {
  const [, , input, output] = filterShape;
  if (!isFaster(x.shape, filterShape, stride) || input! * output! > MOST_FILTERS) return undefined;
  return tensorflowBackend().executeSingleOutput('WinogradConvolutionFilterGradient', [], [x, dy]);
}

function isFaster(
  [, height, width]: readonly number[],
  [rows, columns, input, output]: readonly number[],
  stride: number,
): boolean {
  return (
    hasOwnOperations() &&
    rows === 3 &&
    columns === 3 &&
    stride === 1 &&
    height! % 2 === 0 &&
    width! % 2 === 0 &&
    input! % 32 === 0 &&
    output! % 32 === 0
  );
}
