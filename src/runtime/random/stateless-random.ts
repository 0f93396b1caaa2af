/** Seeded generators: the order of examples, initial weights, and dropout masks inside a compiled program. */
import * as tf from '@tensorflow/tfjs';
import { isNative, nativeBackend } from '../backend';

/** 2^32 / golden ratio, odd: its multiples are distinct modulo 2^32 and lie far apart. */
const GOLDEN = 0x9e3779b9;

/** Draws for dropout: each call is a new, independent draw. */
export interface RandomSource {
  /** Numbers uniform in [0, 1), float32. */
  uniform(shape: number[]): tf.Tensor;
  /** int32 [2], from which TensorFlow's StatelessRandomUniform would make the next numbers: a draw of its own. */
  seed?(): tf.Tensor1D;
}

/** A generator of numbers uniform in [0, 1), period 2^32 (mulberry32 by T. Ettinger, public domain). */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A seed for one of many independent streams of a run (an epoch's order, a variable's initial values). Both
 * numbers go through murmur3's finaliser, so that neighbouring seeds and streams share nothing.
 */
export function streamSeed(seed: number, stream: number): number {
  return finalise(finalise(seed) + Math.imul(stream, GOLDEN));
}

/** Standard normal numbers from uniform ones (Box and Muller 1958). */
export function normals(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform())); // 1 - u is never 0
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** A permutation of 0 .. n-1 (Fisher and Yates), a pure function of its arguments, independent for each stream. */
export function shuffled(n: number, seed: number, stream = 0): Int32Array {
  const uniform = mulberry32(streamSeed(seed, stream));
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    const value = order[i]!;
    order[i] = order[j]!;
    order[j] = value;
  }
  return order;
}

/**
 * Random numbers that are a pure function of (seed, step, number of the call). A compiled program freezes every
 * JavaScript number, so what must change from step to step comes in the tensor; the calls of one pass are told
 * apart by a constant.
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
  if (!isNative()) return { uniform: (shape) => uniformEager(shape, seedAndStep, nextOffset()) };
  return { uniform: (shape) => tf.tidy(() => uniformNative(shape, seed())), seed };
}

function uniformNative(shape: number[], seed: tf.Tensor1D): tf.Tensor {
  const backend = nativeBackend();
  const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = backend.binding;
  const type = (name: string, value: number) => ({ name, type: TF_ATTR_TYPE, value });
  return backend.executeSingleOutput(
    'StatelessRandomUniform', // Philox, as tf.random.stateless_uniform
    [type('dtype', TF_FLOAT), type('T', TF_INT32), type('Tseed', TF_INT32)],
    [tf.tensor1d(shape, 'int32'), seed],
  );
}

/** The other backends are never traced, so their seed can be read. */
function uniformEager(shape: number[], seedAndStep: tf.Tensor1D, offset: number): tf.Tensor {
  const [seed, step] = seedAndStep.dataSync() as Int32Array;
  const uniform = mulberry32(streamSeed(seed! + offset, step!));
  // rounded down to 24 bits: float32 would round the largest numbers up to 1
  const values = Float32Array.from(
    { length: tf.util.sizeFromShape(shape) },
    () => Math.floor(uniform() * 2 ** 24) / 2 ** 24,
  );
  return tf.tensor(values, shape);
}

/** murmur3's 32-bit finaliser: every bit of the input changes half of the bits of the output. */
function finalise(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
