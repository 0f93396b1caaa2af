/** Layers that the models share: their parameters and what they do with them. */
import * as tf from '@tensorflow/tfjs';
import { biasAdd, layerNorm } from '../runtime/native-ops';

/** A dense layer, its weight as [in, out]. */
export interface Linear {
  readonly weight: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
}

/** Scale and offset of a normalisation. */
export interface Norm {
  readonly weight: tf.Tensor1D;
  readonly bias: tf.Tensor1D;
}

/** x weight + bias. [rows, in] -> [rows, out] */
export function linear(x: tf.Tensor2D, { weight, bias }: Linear): tf.Tensor2D {
  return biasAdd(tf.matMul(x, weight), bias);
}

/** Layer normalisation of rows, with PyTorch's default epsilon. [rows, width] -> [rows, width] */
export function norm(x: tf.Tensor2D, { weight, bias }: Norm): tf.Tensor2D {
  return layerNorm(x, weight, bias, 1e-5);
}
