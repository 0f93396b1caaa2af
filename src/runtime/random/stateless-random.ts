/** Random tensors as pure functions of a seed and a step, for dropout masks inside a compiled program. */
import * as tf from '@tensorflow/tfjs';
import { GOLDEN, mulberry32, streamSeed } from '../../random';
import { tensorflowBackend, usesTensorFlow } from '../backend';

/** Random numbers for dropout; each call is a new, independent draw. */
export interface RandomSource {
  /** Uniform numbers in [0, 1), float32. */
  uniform(shape: number[]): tf.Tensor;
  /** The seed int32 [2] from which TensorFlow's StatelessRandomUniform would make the next numbers; it counts as a draw. */
  seed?(): tf.Tensor1D;
}

/**
 * Random numbers that are a pure function of (seed, step, number of the call). A compiled program freezes every JavaScript
 * number, so the seed and the step are in a tensor, while a constant distinguishes the calls of one pass.
 *
 * The key of the n-th call is the pair [seed + n GOLDEN mod 2^32, step]. Within a run all keys differ; runs whose
 * seeds differ by less than a million share no key within their first 1,000 calls a step.
 *
 * @param seedAndStep int32 [seed, step]
 */
export function statelessRandom(seedAndStep: tf.Tensor1D): RandomSource {
  if (seedAndStep.dtype !== 'int32' || seedAndStep.size !== 2)
    throw new Error(
      `need an int32 tensor [seed, step], got ${seedAndStep.dtype} of shape [${seedAndStep.shape}]`,
    );
  let calls = 0;
  const nextOffset = (): number => Math.imul(calls++, GOLDEN);
  const seed = (): tf.Tensor1D => tf.add(seedAndStep, tf.tensor1d([nextOffset(), 0], 'int32'));
  if (!usesTensorFlow()) return { uniform: (shape) => uniformEager(shape, seedAndStep, nextOffset()) };
  return { uniform: (shape) => tf.tidy(() => tensorflowUniform(shape, seed())), seed };
}

function tensorflowUniform(shape: number[], seed: tf.Tensor1D): tf.Tensor {
  const backend = tensorflowBackend();
  const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = backend.binding;
  const type = (name: string, value: number) => ({ name, type: TF_ATTR_TYPE, value });
  return backend.executeSingleOutput(
    'StatelessRandomUniform', // Philox, as tf.random.stateless_uniform
    [type('dtype', TF_FLOAT), type('T', TF_INT32), type('Tseed', TF_INT32)],
    [tf.tensor1d(shape, 'int32'), seed],
  );
}

/** Used on the other backends, which are never traced, so that the seed can be read. */
function uniformEager(shape: number[], seedAndStep: tf.Tensor1D, offset: number): tf.Tensor {
  const [seed, step] = seedAndStep.dataSync() as Int32Array;
  const uniform = mulberry32(streamSeed(seed! + offset, step!));
  // The numbers are rounded down to 24 bits, since float32 would round the largest ones up to 1.
  const values = Float32Array.from(
    { length: tf.util.sizeFromShape(shape) },
    () => Math.floor(uniform() * 2 ** 24) / 2 ** 24,
  );
  return tf.tensor(values, shape);
}
