/** A regulariser on an activation: an autoencoder with a narrow middle has to reproduce it, and the network helps. */
import * as tf from '@tensorflow/tfjs';
import { mulberry32, streamSeed } from '../random';
import type { Variables } from '../runtime/compile/program';
import { biasAdd, embedding, matMul, relu } from '../runtime/operations/fused-operations';

/** A term of the loss that comes from one site's activation. */
export interface Regularizer {
  readonly site: string;
  /** Epochs without it. */
  readonly burnIn: number;
  /** Trained along with the network. */
  readonly variables: Variables;
  /** activation [batch, ...], labels [batch] -> [] */
  loss(activation: tf.Tensor, labels: tf.Tensor1D): tf.Scalar;
  dispose(): void;
}

/** What {@link bottleneck} takes. */
export interface BottleneckOptions {
  /** Whose activation, flattened, is reproduced. */
  readonly site: string;
  /** Numbers of one example's activation. */
  readonly inputs: number;
  /** Widths from the first hidden layer to the last; the narrowest is the bottleneck. */
  readonly hidden: readonly number[];
  /** Factor of the term. */
  readonly weight: number;
  /** Epochs without it. @default 0 */
  readonly burnIn?: number;
  /** The error as a share of the activation's own sum of squares, else its mean square. @default true */
  readonly normLoss?: boolean;
  /** Number of classes: each then has the middle layer for itself. @default all share it */
  readonly perClass?: number;
  /** Seed of the initial weights. @default 0 */
  readonly seed?: number;
}

/** Whether the name of a tensor in a checkpoint is one of an autoencoder's parameters. */
export function isBottleneckParameter(name: string): boolean {
  return name.includes('.bottleneck.');
}

/**
 * The autoencoder bottleneck of the paper's public code (models/ae_bottlenecks.py and utils/regs.py): dense layers
 * with ReLU between them, and a loss whose gradient reaches autoencoder and network. The per-class form is its
 * ClassAEBottleneck, with one layer for each class.
 *
 * The public code divides by the activation's squares whether or not `norm_loss` is set, and forgets the losses of the
 * shared form before it adds them; here both do what their names say.
 *
 * @throws RangeError for no or bad widths, and for a weight that is not a positive number
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

/** Each example by a dense layer of its own. [batch, from], [batch, from, to], [batch, to] -> [batch, to] */
function ownDense(x: tf.Tensor2D, weights: tf.Tensor3D, biases: tf.Tensor2D): tf.Tensor2D {
  return tf.add(tf.squeeze(tf.matMul(tf.expandDims(x, 1) as tf.Tensor3D, weights), [1]), biases);
}
