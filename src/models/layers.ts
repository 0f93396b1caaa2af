/** Layers that the models share: their parameters and their computations. */
import * as tf from '@tensorflow/tfjs';
import { batchMatMul, biasAdd, layerNorm, matMul } from '../runtime/operations/fused-operations';

/** A dense layer with a weight [in, out]. */
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
  return biasAdd(matMul(x, weight), bias);
}

/** Layer normalisation of rows, with PyTorch's default epsilon. [rows, width] -> [rows, width] */
export function norm(x: tf.Tensor2D, { weight, bias }: Norm): tf.Tensor2D {
  return layerNorm(x, weight, bias, 1e-5);
}

/** The options of attention besides its parameters. */
export interface AttentionOptions {
  readonly batch: number;
  readonly heads: number;
  /** Computes queries for the last position only. */
  readonly lastOnly: boolean;
  /** Dropout of the attention probabilities. */
  readonly drop: (x: tf.Tensor4D) => tf.Tensor4D;
}

/**
 * Causal attention over packed heads, without the projection of its output (Vaswani et al. 2017).
 * [batch * positions, width] -> the same, or [batch, width] if lastOnly.
 *
 * @param qkv queries, keys and values side by side, [width, 3 width]
 */
export function attention(x: tf.Tensor2D, qkv: Linear, options: AttentionOptions): tf.Tensor2D {
  const { batch, heads, lastOnly, drop } = options;
  const width = x.shape[1];
  const positions = x.shape[0] / batch;
  const size = width / heads;
  // [batch * rows, n width] -> n times [batch, heads, rows, size]
  const split = (y: tf.Tensor2D, n: number): tf.Tensor4D[] => {
    const parts = tf.transpose(tf.reshape(y, [batch, -1, n, heads, size]), [2, 0, 3, 1, 4]);
    // tfjs has no gradient for unstacking a single part
    return n === 1
      ? [tf.reshape(parts, parts.shape.slice(1) as [number, number, number, number])]
      : (tf.unstack(parts) as tf.Tensor4D[]);
  };

  let q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D;
  if (lastOnly) {
    const [queryWeight, keyValueWeight] = tf.split(qkv.weight, [width, 2 * width], 1) as [
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    const [queryBias, keyValueBias] = tf.split(qkv.bias, [width, 2 * width]) as [tf.Tensor1D, tf.Tensor1D];
    [q] = split(linear(lastRows(x, batch), { weight: queryWeight, bias: queryBias }), 1) as [tf.Tensor4D];
    [k, v] = split(linear(x, { weight: keyValueWeight, bias: keyValueBias }), 2) as [
      tf.Tensor4D,
      tf.Tensor4D,
    ];
  } else {
    [q, k, v] = split(linear(x, qkv), 3) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  }
  const scores = tf.mul(batchMatMul(q, k, true), 1 / Math.sqrt(size)); // [batch, heads, rows, positions]
  const visible = lastOnly ? scores : tf.add(scores, causalMask(positions));
  const mixed = batchMatMul(drop(tf.softmax(visible) as tf.Tensor4D), v);
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, width]);
}

/** The last row of each sequence. [batch * positions, width] -> [batch, width] */
export function lastRows(x: tf.Tensor2D, batch: number): tf.Tensor2D {
  const [rows, width] = x.shape;
  if (rows === batch) return x;
  const last = tf.slice(
    tf.reshape(x, [batch, rows / batch, width]),
    [0, rows / batch - 1, 0],
    [batch, 1, width],
  );
  return tf.reshape(last, [batch, width]);
}

/** A mask that is added to scores: 0 where position j may attend to i <= j, and elsewhere a number that softmax turns into 0. */
function causalMask(positions: number): tf.Tensor2D {
  const mask = Float32Array.from({ length: positions ** 2 }, (_, i) =>
    i % positions <= Math.floor(i / positions) ? 0 : -1e9,
  );
  return tf.tensor2d(mask, [positions, positions]);
}
