/** A regulariser for an activation: an autoencoder with a narrow middle must reproduce it, and the network is trained to help. */
import * as tf from '@tensorflow/tfjs';
import { mulberry32, streamSeed } from '../random';
import type { Variables } from '../runtime/compile/program';
import { biasAdd, embedding, matMul, relu } from '../runtime/operations/fused-operations';

/** A term of the loss that depends on the activation at one site. */
export interface Regularizer {
  readonly site: string;
  /** The number of epochs without the term. */
  readonly burnIn: number;
  /** Variables that are trained together with the network. */
  readonly variables: Variables;
  /** activation [batch, ...], labels [batch] -> [] */
  loss(activation: tf.Tensor, labels: tf.Tensor1D): tf.Scalar;
  dispose(): void;
}

/** The options of {@link bottleneck}. */
export interface BottleneckOptions {
  /** The site whose flattened activation is reproduced. */
  readonly site: string;
  /** The number of elements of one example's activation. */
  readonly inputs: number;
  /** Widths from the first hidden layer to the last; the narrowest is the bottleneck. */
  readonly hidden: readonly number[];
  /** The factor of the term in the loss. */
  readonly weight: number;
  /** The number of epochs without the term. @default 0 */
  readonly burnIn?: number;
  /** Uses the error as a share of the activation's sum of squares, and otherwise the mean squared error. @default true */
  readonly normLoss?: boolean;
  /** The number of classes, each of which then has its own middle layer. @default all classes share one */
  readonly perClass?: number;
  /** Seed of the initial weights. @default 0 */
  readonly seed?: number;
}

/** True if the name of a tensor in a checkpoint belongs to the parameters of an autoencoder. */
export function isBottleneckParameter(name: string): boolean {
  return name.includes('.bottleneck.');
}

/**
 * The autoencoder bottleneck of the paper's public code (models/ae_bottlenecks.py and utils/regs.py): dense layers with ReLU
 * between them, and a loss whose gradient reaches the autoencoder and the network. The per-class form is the public code's
 * ClassAEBottleneck, with one layer for each class.
 *
 * The public code divides by the activation's squares whether or not `norm_loss` is set, and drops the losses of the shared form
 * before adding them. Here, both options do what their names say.
 *
 * @throws RangeError for missing or invalid widths, and for a weight that is not a positive number
 */
export function bottleneck(options: BottleneckOptions): Regularizer {
  const { site, inputs, hidden, weight, burnIn = 0, normLoss = true, perClass, seed = 0 } = options;
  const widths = [inputs, ...hidden, inputs];
  if (hidden.length === 0 || !widths.every((width) => Number.isInteger(width) && width > 0))
    throw new RangeError(`bottleneck of widths [${hidden}] at '${site}': give positive whole numbers`);
  if (!(weight > 0 && Number.isFinite(weight)))
    throw new RangeError(`bottleneck of weight ${weight} at '${site}': give a number above 0`);
  const layers = widths.slice(1).map((to, i) => ({ from: widths[i]!, to }));
  /** The layer that leaves the bottleneck. */
  const ownLayer = perClass === undefined ? -1 : hidden.indexOf(Math.min(...hidden)) + 1;
  const variables: Record<string, tf.Variable> = {};
  layers.forEach(({ from, to }, i) => {
    const copies = i === ownLayer ? perClass! : 1;
    const draw = mulberry32(streamSeed(seed, i));
    const bound = 1 / Math.sqrt(from); // PyTorch's default
    const fresh = (shape: number[]): tf.Variable =>
      tf.tidy(() => {
        const size = tf.util.sizeFromShape(shape);
        return tf.variable(
          tf.tensor(
            Float32Array.from({ length: size }, () => bound * (2 * draw() - 1)),
            shape,
          ),
        );
      });
    variables[`${site}.bottleneck.${i}.weight`] = fresh(i === ownLayer ? [copies, from * to] : [from, to]);
    variables[`${site}.bottleneck.${i}.bias`] = fresh(i === ownLayer ? [copies, to] : [to]);
  });

  /** [batch, inputs] -> the same, reproduced */
  const reproduce = (x: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor2D =>
    layers.reduce((x, { from, to }, i) => {
      const weight = variables[`${site}.bottleneck.${i}.weight`] as unknown as tf.Tensor2D;
      const bias = variables[`${site}.bottleneck.${i}.bias`] as unknown as tf.Tensor;
      const y =
        i === ownLayer
          ? ownDense(
              x,
              tf.reshape(embedding(weight, labels), [-1, from, to]),
              embedding(bias as tf.Tensor2D, labels),
            )
          : biasAdd(matMul(x, weight), bias as tf.Tensor1D);
      return i === layers.length - 1 ? y : relu(y);
    }, x);

  return {
    site,
    burnIn,
    variables,
    loss: (activation, labels) =>
      tf.tidy(() => {
        const x = tf.reshape(activation, [activation.shape[0]!, -1]) as tf.Tensor2D;
        const error = tf.sum(tf.square(tf.sub(reproduce(x, labels), x)));
        const unit = normLoss ? tf.sum(tf.square(x)) : tf.scalar(x.size);
        return tf.mul(tf.div(error, unit), weight) as tf.Scalar;
      }),
    dispose: () => tf.dispose(Object.values(variables)),
  };
}

/** Applies to each example a dense layer of its own. [batch, from], [batch, from, to], [batch, to] -> [batch, to] */
function ownDense(x: tf.Tensor2D, weights: tf.Tensor3D, biases: tf.Tensor2D): tf.Tensor2D {
  return tf.add(tf.squeeze(tf.matMul(tf.expandDims(x, 1) as tf.Tensor3D, weights), [1]), biases);
}
