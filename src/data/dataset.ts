/** A data set consists of two sets of labelled examples, which reach the network as batches of tensors. */
import * as tf from '@tensorflow/tfjs';
import { assertGiven, type Kinds, NUMBER } from '../given';
import { counted } from '../number-format';
import { shuffled } from '../random';
import { rows } from './select';

/** Labelled examples in one typed array, row after row. */
export interface Examples {
  /** `size` rows of `inputShape` numbers. */
  readonly inputs: Int32Array | Float32Array | Uint8Array;
  /** The shape of one example, without the batch axis. */
  readonly inputShape: readonly number[];
  /** One class number for each example. */
  readonly labels: Int32Array;
  readonly size: number;
  /**
   * The examples with these indices for the network, [indices.length, ...inputShape]: normalised, and augmented if `draw` gives
   * the run and the epoch. The result depends only on the arguments.
   * @default the inputs as they are
   */
  readonly prepare?: (examples: Examples, indices: Int32Array, draw?: Draw) => Float32Array;
}

/** The seed and epoch that determine the random choices of augmentation, together with the index of the example. */
export interface Draw {
  readonly seed: number;
  readonly epoch: number;
}

export interface Dataset {
  readonly name: string;
  /** One line for people that says what an example is, and how many there are. */
  readonly description: string;
  readonly classes: number;
  /** The number of different tokens, in data sets of sequences. */
  readonly vocabularySize?: number;
  readonly train: Examples;
  readonly validation: Examples;
  /** An example in words, such as `34 / 7 = 60 (mod 97)`; by default, a training example. */
  describe?(index: number, split?: 'train' | 'validation'): string;
}

export interface Batch {
  /** [size, ...inputShape], int32 or float32 (bytes become float32, 0 to 255). */
  readonly inputs: tf.Tensor;
  /** [size], int32. */
  readonly labels: tf.Tensor1D;
  readonly size: number;
  dispose(): void;
}

export interface BatchOptions {
  readonly batchSize: number;
  readonly seed: number;
  readonly epoch: number;
  /** The number of batches of this epoch that a resumed run has already done. @default 0 */
  readonly skip?: number;
}

const BATCH_KINDS: Kinds<BatchOptions> = { batchSize: NUMBER, seed: NUMBER, epoch: NUMBER, skip: NUMBER };

/**
 * The examples with these indices as tensors, or all of them; the caller disposes of the batch.
 * @param draw augments the examples, if they can be augmented. @default no augmentation
 */
export function toBatch(examples: Examples, indices?: Int32Array, draw?: Draw): Batch {
  const { inputs, labels } = indices || examples.prepare ? gather(examples, indices, draw) : examples;
  const size = indices ? indices.length : examples.size;
  const shape = [size, ...examples.inputShape];
  const x = tf.tensor(inputs, shape, inputs instanceof Int32Array ? 'int32' : 'float32');
  const y = tf.tensor1d(labels, 'int32');
  return {
    inputs: x,
    labels: y,
    size,
    dispose(): void {
      x.dispose();
      y.dispose();
    },
  };
}

/**
 * One epoch of batches, every example in exactly one of them; the caller disposes of each.
 * The order depends only on (seed, epoch), so that a resumed run sees the same batches as an undisturbed one. The last batch
 * holds the remaining examples and may be short.
 * @throws RangeError when batchSize is not a whole number from 1 to the number of examples, and for an option that is not read
 */
export function batches(examples: Examples, options: BatchOptions): Generator<Batch> {
  assertGiven('batches', options, BATCH_KINDS);
  const count = batchCount(examples, options.batchSize); // checked now, rather than when the first batch is asked for
  return (function* epoch(): Generator<Batch> {
    const order = shuffled(examples.size, options.seed, options.epoch);
    for (let i = options.skip ?? 0; i < count; i++) {
      yield toBatch(examples, order.subarray(i * options.batchSize, (i + 1) * options.batchSize), options);
    }
  })();
}

/** The number of batches in one epoch, including the short one at the end. */
export function batchCount(examples: Examples, batchSize: number): number {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`batchSize ${batchSize} is not a whole number of examples: give 1 or more`);
  }
  if (batchSize > examples.size) {
    throw new RangeError(
      `batchSize ${batchSize} is larger than the data, ${counted(examples.size, 'example')}: ` +
        `give at most ${examples.size}, or use more of the data (trainFraction)`,
    );
  }
  return Math.ceil(examples.size / batchSize);
}

function gather(
  examples: Examples,
  indices: Int32Array = Int32Array.from({ length: examples.size }, (_, i) => i),
  draw?: Draw,
): Pick<Examples, 'inputs' | 'labels'> {
  const labels = indices.map((index) => {
    if (index < 0 || index >= examples.size) {
      throw new RangeError(`no example ${index}: there are ${examples.size}, numbered from 0`);
    }
    return examples.labels[index]!;
  });
  return { inputs: examples.prepare?.(examples, indices, draw) ?? rows(examples, indices), labels };
}
