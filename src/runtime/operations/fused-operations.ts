/**
 * Operations with efficient gradients: kernels of TensorFlow and of this project (`native/`, in C++) on the TensorFlow backend,
 * and the same mathematics in plain tfjs on the others. Stock tfjs trains slowly because the gradients of its sums and means
 * upload ones built in JavaScript, and because it splits operations that TensorFlow has as one kernel.
 */
import * as tf from '@tensorflow/tfjs';
import { hasOwnOperations, type OpAttribute, tensorflowBackend, usesTensorFlow } from '../backend';
import type { RandomSource } from '../random/stateless-random';

/** Adds a bias to the last axis. [..., n] + [n] -> [..., n] */
export function biasAdd<T extends tf.Tensor>(x: T, bias: tf.Tensor1D): T {
  return withGradient<T>([x, bias], () => ({
    value: usesTensorFlow() ? execute('BiasAdd', [x, bias], float('T')) : tf.add(x, bias),
    gradFunc: (dy) => [dy, sumRows(dy)],
  }));
}

/**
 * The matrix product [m, k] [k, n] -> [m, n]. tfjs would use BatchMatMulV2. TensorFlow's MatMul was faster with a transposed
 * operand, as in gradients (131-147 instead of 77-89 GFLOP/s on a busy two-core machine).
 */
export function matMul(a: tf.Tensor2D, b: tf.Tensor2D, transposeB = false): tf.Tensor2D {
  if (!usesTensorFlow()) return tf.matMul(a, b, false, transposeB);
  return withGradient<tf.Tensor2D>([a, b], (save) => {
    save([a, b]);
    return {
      value: tensorflowMatMul(a, b, false, transposeB),
      gradFunc: (dy, [a, b]) => [
        tensorflowMatMul(dy, b!, false, !transposeB),
        transposeB ? tensorflowMatMul(dy, a!, true, false) : tensorflowMatMul(a!, dy, true, false),
      ],
    };
  });
}

/**
 * Products of many small matrices, [..., m, k] [..., k, n] -> [..., m, n], with the same leading axes on both sides. tfjs would
 * use BatchMatMulV2, which oneDNN takes over; for a 4 x 4 matrix, oneDNN spends more time on preparation than on the product.
 * BatchMatMulV3 uses TensorFlow's own kernel (1 x 32 by 32 x 4, 2,048 times: 0.15 ms instead of 0.36).
 */
export function batchMatMul(a: tf.Tensor4D, b: tf.Tensor4D, transposeB = false): tf.Tensor4D {
  if (!usesTensorFlow()) return tf.matMul(a, b, false, transposeB);
  return withGradient<tf.Tensor4D>([a, b], (save) => {
    save([a, b]);
    return {
      value: tensorflowBatchMatMul(a, b, false, transposeB),
      gradFunc: (dy, [a, b]) => [
        tensorflowBatchMatMul(dy, b!, false, !transposeB),
        transposeB ? tensorflowBatchMatMul(dy, a!, true, false) : tensorflowBatchMatMul(a!, dy, true, false),
      ],
    };
  });
}

/**
 * Layer normalisation over the last axis (Ba, Kiros, Hinton 2016), with the population's variance as in PyTorch.
 * Its gradient is dx = (g - mean(g) - xhat mean(g xhat)) / sigma with g = dy scale.
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon: number,
): T {
  return withGradient<T>([x, scale, offset], (save) => {
    if (hasOwnOperations()) {
      const [y, ...saved] = several('LayerNormalisation', [x, scale, offset], 3, number('epsilon', epsilon));
      save([...saved, scale]);
      return { value: y!, gradFunc: (dy, saved) => several('LayerNormalisationGradient', [dy, ...saved], 3) };
    }
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
    const normed = tf.mul(centred, inverse);
    save([normed, inverse, scale]);
    return {
      value: tf.add(tf.mul(normed, scale), offset),
      gradFunc: (dy, [normed, inverse, scale]) => {
        const g = tf.mul(dy, scale!);
        const along = tf.mul(normed!, tf.mean(tf.mul(g, normed!), -1, true));
        const dx = tf.mul(tf.sub(tf.sub(g, tf.mean(g, -1, true)), along), inverse!);
        return [dx, sumRows(tf.mul(dy, normed!)), sumRows(dy)];
      },
    };
  });
}

/**
 * GPT-2's GELU (Hendrycks, Gimpel 2016; `gelu_new`), x/2 (1 + tanh(a x + b x^3)), written as x sigmoid(2a x + 2b x^3), which is
 * the same function in fewer passes over memory, and these determine its cost.
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  const a = 2 * Math.sqrt(2 / Math.PI);
  const b = 0.044715 * a;
  return withGradient<T>([x], (save) => {
    if (hasOwnOperations()) {
      save([x]);
      return { value: execute('Gelu', [x]), gradFunc: (dy, [x]) => execute('GeluGradient', [dy, x!]) };
    }
    const squared = tf.square(x);
    const gate = tf.sigmoid(tf.mul(x, tf.add(tf.mul(squared, b), a)));
    save([x, squared, gate]);
    return {
      value: tf.mul(x, gate),
      gradFunc: (dy, [x, squared, gate]) => {
        const slope = tf.mul(x!, tf.add(tf.mul(squared!, 3 * b), a)); // x times the gate's inner derivative
        return tf.mul(dy, tf.add(gate!, sigmoidGrad(gate!, slope)));
      },
    };
  });
}

/** max(x, 0). The stock gradient would be a Step and an upload. */
export function relu<T extends tf.Tensor>(x: T): T {
  return withGradient<T>([x], (save) => {
    const y = tf.relu(x);
    save([y]);
    return {
      value: y,
      gradFunc: (dy, [y]) =>
        usesTensorFlow() ? execute('ReluGrad', [dy, y!], float('T')) : tf.mul(dy, tf.step(y!)),
    };
  });
}

/** Cross entropy of each example in nats. [batch, classes], int32 [batch] -> [batch] */
export function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return withGradient<tf.Tensor1D>([logits], (save) => {
    const [loss, slope] = usesTensorFlow()
      ? tensorflowCrossEntropy(logits, labels)
      : crossEntropyComposite(logits, labels);
    save([slope!]);
    return { value: loss!, gradFunc: (dy, [slope]) => tf.mul(slope!, tf.expandDims(dy, 1)) };
  });
}

/**
 * Rows of a table. [rows, width], int32 [n] -> [n, width]. Stock tfjs reads the ids back to check them; here TensorFlow checks
 * them (on a GPU, ids outside the table give zeros).
 */
export function embedding(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D {
  const rows = table.shape[0];
  return withGradient<tf.Tensor2D>([table], (save) => {
    save([ids]);
    return {
      value: usesTensorFlow() ? tensorflowGather(table, ids) : tf.gather(table, ids),
      gradFunc: (dy, [ids]) => {
        if (usesTensorFlow()) return tf.unsortedSegmentSum(dy, ids as tf.Tensor1D, rows);
        const hot = tf.cast(tf.oneHot(ids as tf.Tensor1D, rows), 'float32'); // wasm has no segment sum
        return tf.matMul(hot as tf.Tensor2D, dy as tf.Tensor2D, true);
      },
    };
  });
}

/** Sets a share `rate` of the elements to 0 and scales the others by 1 / (1 - rate), as in PyTorch. */
export function dropout<T extends tf.Tensor>(x: T, rate: number, random: RandomSource): T {
  if (!(rate >= 0 && rate < 1)) throw new Error(`need a dropout rate in [0, 1), got ${rate}`);
  if (rate === 0) return x;
  const scale = 1 / (1 - rate);
  const seed = hasOwnOperations() ? random.seed?.() : undefined;
  if (seed) {
    return withGradient<T>([x], (save) => {
      const settings = [number('rate', rate), number('scale', scale)];
      const [y, mask] = several('StatelessDropout', [x, seed], 2, ...settings);
      save([mask!]);
      return { value: y!, gradFunc: (dy, [mask]) => tf.mul(dy, mask!) };
    });
  }
  const kept = tf.cast(tf.greaterEqual(random.uniform(x.shape), rate), 'float32');
  return tf.mul(x, tf.mul(kept, scale));
}

function tensorflowMatMul(a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): tf.Tensor {
  const { TF_ATTR_BOOL } = tensorflowBackend().binding;
  const flag = (name: string, value: boolean): OpAttribute => ({ name, type: TF_ATTR_BOOL, value });
  return execute(
    'MatMul',
    [a, b],
    float('T'),
    flag('transpose_a', transposeA),
    flag('transpose_b', transposeB),
  );
}

function tensorflowBatchMatMul(a: tf.Tensor, b: tf.Tensor, adjointA: boolean, adjointB: boolean): tf.Tensor {
  const { TF_ATTR_BOOL } = tensorflowBackend().binding;
  const flag = (name: string, value: boolean): OpAttribute => ({ name, type: TF_ATTR_BOOL, value });
  const attributes = [
    float('Ta'),
    float('Tb'),
    float('Tout'),
    flag('adj_x', adjointA),
    flag('adj_y', adjointB),
  ];
  return execute('BatchMatMulV3', [a, b], ...attributes);
}

function tensorflowCrossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor[] {
  const op = 'SparseSoftmaxCrossEntropyWithLogits'; // loss and gradient in one pass
  return several(op, [logits, labels], 2, float('T'), int('Tlabels'));
}

function crossEntropyComposite(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor[] {
  const target = tf.cast(tf.oneHot(labels, logits.shape[1]), 'float32');
  const logProbabilities = tf.logSoftmax(logits);
  return [tf.neg(tf.sum(tf.mul(target, logProbabilities), 1)), tf.sub(tf.exp(logProbabilities), target)];
}

function tensorflowGather(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  const attributes = [float('Tparams'), int('Tindices'), int('Taxis')];
  return execute('GatherV2', [table, ids, tf.scalar(0, 'int32')], ...attributes);
}

/** The sum over every axis but the last, which is the gradient of a broadcast along the rows. [..., n] -> [n] */
function sumRows(x: tf.Tensor): tf.Tensor {
  if (usesTensorFlow()) return execute('BiasAddGrad', [x], float('T'));
  return tf.sum(tf.reshape(x, [-1, x.shape.at(-1)!]), 0);
}

/** y (1 - y) dy, for y = sigmoid(x) */
function sigmoidGrad(y: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  return usesTensorFlow() ? execute('SigmoidGrad', [y, dy], float('T')) : tf.mul(dy, tf.mul(y, tf.sub(1, y)));
}

interface Differentiable {
  value: tf.Tensor;
  gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
}

/** tf.customGrad. A gradient must use only saved tensors, since those of its closure may be disposed by then. */
function withGradient<T extends tf.Tensor>(
  inputs: tf.Tensor[],
  forward: (save: (tensors: tf.Tensor[]) => void) => Differentiable,
): T {
  const op = tf.customGrad((...all) => forward(all.at(-1) as unknown as (tensors: tf.Tensor[]) => void));
  return op(...inputs) as T;
}

function execute(op: string, inputs: tf.Tensor[], ...attributes: OpAttribute[]): tf.Tensor {
  return tensorflowBackend().executeSingleOutput(op, attributes, inputs);
}

function several(
  op: string,
  inputs: tf.Tensor[],
  outputs: number,
  ...attributes: OpAttribute[]
): tf.Tensor[] {
  return tensorflowBackend().executeMultipleOutputs(op, attributes, inputs, outputs);
}

function number(name: string, value: number): OpAttribute {
  return { name, type: tensorflowBackend().binding.TF_ATTR_FLOAT, value };
}

function float(name: string): OpAttribute {
  const { TF_ATTR_TYPE, TF_FLOAT } = tensorflowBackend().binding;
  return { name, type: TF_ATTR_TYPE, value: TF_FLOAT };
}

function int(name: string): OpAttribute {
  const { TF_ATTR_TYPE, TF_INT32 } = tensorflowBackend().binding;
  return { name, type: TF_ATTR_TYPE, value: TF_INT32 };
}
