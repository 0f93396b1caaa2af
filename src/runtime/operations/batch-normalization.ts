/** Batch normalisation with running statistics, like PyTorch's BatchNorm2d, in one fused TensorFlow kernel each way. */
import * as tf from '@tensorflow/tfjs';
import { type OpAttribute, tensorflowBackend, usesTensorFlow } from '../backend';

/** Parameters and running statistics of one layer, [channels] each. */
export interface BatchNorm {
  readonly weight: tf.Tensor1D;
  readonly bias: tf.Tensor1D;
  /** Updated by {@link batchNormTraining}. */
  readonly runningMean: tf.Variable;
  readonly runningVariance: tf.Variable;
}

/** PyTorch's defaults. */
const EPSILON = 1e-5;
const MOMENTUM = 0.1;

/**
 * Normalises by the batch's mean and variance over all but the last axis, and moves the running statistics a tenth of the way
 * towards them, with Bessel's correction for the variance, as in PyTorch (Ioffe & Szegedy 2015).
 * [batch, height, width, channels] -> the same
 */
export function batchNormTraining(x: tf.Tensor4D, norm: BatchNorm): tf.Tensor4D {
  return withGradient(x, norm, (save) => {
    const { y, mean, variance, saved } = usesTensorFlow()
      ? tensorflowNormalise(x, norm)
      : normaliseComposite(x, norm);
    norm.runningMean.assign(mean);
    norm.runningVariance.assign(variance);
    save([x, norm.weight, ...saved]);
    return {
      value: y,
      gradFunc: (dy, saved) =>
        usesTensorFlow() ? tensorflowGradient(dy, saved, true) : gradientComposite(dy, saved, true),
    };
  });
}

/** Normalises by the running statistics. [batch, height, width, channels] -> the same */
export function batchNormInference(x: tf.Tensor4D, norm: BatchNorm): tf.Tensor4D {
  return withGradient(x, norm, (save) => {
    const { weight, bias, runningMean, runningVariance } = norm;
    const y = usesTensorFlow()
      ? execute('FusedBatchNormV3', [x, weight, bias, runningMean, runningVariance], 6, false)[0]!
      : tf.batchNorm(x, runningMean as tf.Tensor1D, runningVariance as tf.Tensor1D, bias, weight, EPSILON);
    save([x, weight, runningMean, runningVariance]);
    return {
      value: y,
      gradFunc: (dy, saved) =>
        usesTensorFlow() ? tensorflowGradient(dy, saved, false) : gradientComposite(dy, saved, false),
    };
  });
}

interface Normalised {
  y: tf.Tensor;
  /** The new running statistics. */
  mean: tf.Tensor;
  variance: tf.Tensor;
  /** Mean and variance of the batch (or a quantity in place of it), for the gradient. */
  saved: tf.Tensor[];
}

function tensorflowNormalise(
  x: tf.Tensor4D,
  { weight, bias, runningMean, runningVariance }: BatchNorm,
): Normalised {
  const inputs = [x, weight, bias, runningMean, runningVariance];
  const [y, mean, variance, ...saved] = execute('FusedBatchNormV3', inputs, 6, true);
  return { y: y!, mean: mean!, variance: variance!, saved };
}

function normaliseComposite(x: tf.Tensor4D, norm: BatchNorm): Normalised {
  const { weight, bias, runningMean, runningVariance } = norm;
  const { mean, variance } = tf.moments(x, [0, 1, 2]) as { mean: tf.Tensor1D; variance: tf.Tensor1D };
  const count = x.size / mean.size;
  const towards = (running: tf.Tensor, now: tf.Tensor): tf.Tensor =>
    tf.add(tf.mul(running, 1 - MOMENTUM), tf.mul(now, MOMENTUM));
  return {
    y: tf.batchNorm(x, mean, variance, bias, weight, EPSILON),
    mean: towards(runningMean, mean),
    variance: towards(runningVariance, tf.mul(variance, count / Math.max(1, count - 1))),
    saved: [mean, variance],
  };
}

/** x, scale and what the forward pass saved -> gradients of x, scale and offset */
function tensorflowGradient(dy: tf.Tensor, saved: tf.Tensor[], training: boolean): tf.Tensor[] {
  const [x, scale, mean, variance, reserve] = saved as [tf.Tensor, ...tf.Tensor[]];
  const inputs = [dy, x, scale!, mean!, variance!, reserve ?? tf.tensor1d([])];
  return execute('FusedBatchNormGradV3', inputs, 5, training).slice(0, 3);
}

function gradientComposite(dy: tf.Tensor, saved: tf.Tensor[], training: boolean): tf.Tensor[] {
  const [x, scale, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const inverse = tf.rsqrt(tf.add(variance, EPSILON));
  const normed = tf.mul(tf.sub(x, mean), inverse);
  const [dOffset, dScale] = [tf.sum(dy, [0, 1, 2]), tf.sum(tf.mul(dy, normed), [0, 1, 2])];
  const count = x.size / mean.size;
  const centred = training
    ? tf.sub(dy, tf.div(tf.add(dOffset, tf.mul(normed, dScale)), count)) // mean and variance depend on x too
    : dy;
  return [tf.mul(centred, tf.mul(scale, inverse)), dScale, dOffset];
}

function execute(op: string, inputs: tf.Tensor[], outputs: number, training: boolean): tf.Tensor[] {
  const { binding } = tensorflowBackend();
  const attributes: OpAttribute[] = [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'U', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: EPSILON },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: training },
  ];
  if (op === 'FusedBatchNormV3')
    attributes.push({ name: 'exponential_avg_factor', type: binding.TF_ATTR_FLOAT, value: MOMENTUM });
  return tensorflowBackend().executeMultipleOutputs(op, attributes, inputs, outputs);
}

/** tf.customGrad of x, weight and bias. */
function withGradient(
  x: tf.Tensor4D,
  { weight, bias }: BatchNorm,
  forward: (save: (tensors: tf.Tensor[]) => void) => {
    value: tf.Tensor;
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[];
  },
): tf.Tensor4D {
  const op = tf.customGrad((...all) => forward(all.at(-1) as unknown as (tensors: tf.Tensor[]) => void));
  return op(x, weight, bias) as tf.Tensor4D;
}
