/**
 * tfjs's random functions as pure functions of a seed, a step and the number of the call. tfjs draws numbers in JavaScript loops,
 * which a graph would freeze. Here, TensorFlow draws new numbers at each step, and the same seed gives the same numbers.
 */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { streamSeed } from '../../random';
import { type OpAttribute, tensorflowBackend, usesTensorFlow } from '../backend';
import { typeAttribute } from '../compile/graph-def';
import { TraceError } from '../compile/outputs';
import { withMethods } from '../patch';

type Seed = number | string | undefined;
type RandomOps = Pick<
  typeof tf,
  | 'dropout'
  | 'multinomial'
  | 'rand'
  | 'randomGamma'
  | 'randomNormal'
  | 'randomStandardNormal'
  | 'randomUniform'
  | 'randomUniformInt'
  | 'truncatedNormal'
>;

/** The names under which tfjs announces its random functions to the engine. */
export const RANDOM_SCOPES: ReadonlySet<string> = new Set(
  [
    'dropout',
    'multinomial',
    'rand',
    'randomGamma',
    'randomNormal',
    'randomStandardNormal',
    'randomUniform',
    'randomUniformInt',
    'truncatedNormal',
  ].map((name) => `${name}__op`),
);

/** The module through which tfjs and tf.layers call the functions; its exports can be replaced, while those of tfjs cannot. */
const core = createRequire(require.resolve('@tensorflow/tfjs'))('@tensorflow/tfjs-core') as RandomOps;

/**
 * Runs `body` with tfjs's random functions replaced. The numbers of a call depend on its position in `body`, on its own seed, if
 * any, and on `state`, which advances by one step if `body` drew any numbers.
 *
 * @param state int32 [seed, step]
 */
export function withStatelessRandom<R>(state: tf.Variable, body: () => R): R {
  let calls = 0;
  const offset = (seed: Seed): number => streamSeed(hash(seed), calls++);
  return withMethods(core, usesTensorFlow() ? tensorflowOps(state, offset) : eagerOps(state, offset), () => {
    const result = body();
    if (calls > 0) tf.tidy(() => state.assign(tf.add(state, tf.tensor1d([0, 1], 'int32'))));
    return result;
  });
}

/** TensorFlow's stateless random operations (Philox). */
function tensorflowOps(state: tf.Variable, offset: (seed: Seed) => number): RandomOps {
  const { TF_FLOAT, TF_INT32 } = tensorflowBackend().binding;
  const float = (name: string): OpAttribute => typeAttribute(name, TF_FLOAT);
  const int = (name: string): OpAttribute => typeAttribute(name, TF_INT32);
  const draw = (op: string, attributes: OpAttribute[], inputs: tf.Tensor[], seed: Seed): tf.Tensor =>
    tensorflowBackend().executeSingleOutput(
      op,
      [...attributes, int('Tseed')],
      [...inputs, tf.add(state, tf.tensor1d([offset(seed), 0], 'int32'))],
    );
  const shaped = (op: string, shape: readonly number[], seed: Seed): tf.Tensor =>
    draw(op, [float('dtype'), int('T')], [tf.tensor1d([...shape], 'int32')], seed);

  const uniform = (shape: readonly number[], low = 0, high = 1, dtype?: tf.DataType, seed?: Seed) =>
    tf.tidy(() => {
      const unit = shaped('StatelessRandomUniform', shape, seed);
      const scaled = low === 0 && high === 1 ? unit : tf.add(tf.mul(unit, high - low), low);
      return as(dtype, scaled, 'cut'); // like tfjs, which stores the numbers in an array of integers
    });
  const normal = (op: string) =>
    ((shape: readonly number[], mean = 0, deviation = 1, dtype?: tf.DataType, seed?: Seed) =>
      tf.tidy(() => as(dtype, tf.add(tf.mul(shaped(op, shape, seed), deviation), mean), 'round'))) as never;
  const randomNormal: typeof tf.randomNormal = normal('StatelessRandomNormal');

  return {
    randomUniform: uniform as typeof tf.randomUniform,
    randomUniformInt: (shape, low, high, seed) => uniform(shape, low, high, 'int32', seed) as never,
    randomNormal,
    randomStandardNormal: (shape, dtype, seed) => randomNormal(shape, 0, 1, dtype, seed) as never,
    truncatedNormal: normal('StatelessTruncatedNormal'),
    randomGamma: ((shape: number[], alpha: number, beta = 1, dtype?: tf.DataType, seed?: Seed) =>
      tf.tidy(() => {
        // The operation broadcasts alpha, and takes its seed before alpha.
        const key = tf.add(state, tf.tensor1d([offset(seed), 0], 'int32'));
        const gamma = tensorflowBackend().executeSingleOutput(
          'StatelessRandomGammaV2',
          [float('dtype'), int('Tseed'), int('T')],
          [tf.tensor1d(shape, 'int32'), key, tf.fill(shape, alpha)],
        );
        return as(dtype, tf.div(gamma, beta), 'round');
      })) as typeof tf.randomGamma,
    multinomial: ((logits: tf.Tensor, samples: number, seed?: number, normalized = false) =>
      tf.tidy(() => {
        const rows = tf.reshape(logits, [-1, logits.shape.at(-1)!]);
        const scores = normalized ? tf.log(rows) : rows;
        const attributes = [float('T'), int('output_dtype')];
        const drawn = draw('StatelessMultinomial', attributes, [scores, tf.scalar(samples, 'int32')], seed);
        return logits.rank === 1 ? tf.reshape(drawn, [samples]) : drawn;
      })) as typeof tf.multinomial,
    dropout: ((x: tf.Tensor, rate: number, noiseShape?: (number | null)[], seed?: Seed) => {
      if (!(rate >= 0 && rate < 1)) throw new RangeError(`need a dropout rate in [0, 1), got ${rate}`);
      if (rate === 0) return tf.clone(x);
      return tf.tidy(() => {
        const shape = x.shape.map((size, i) => noiseShape?.[i] ?? size);
        const kept = tf.cast(tf.greaterEqual(uniform(shape, 0, 1, 'float32', seed), rate), 'float32');
        return tf.mul(x, tf.mul(kept, 1 / (1 - rate)));
      });
    }) as typeof tf.dropout,
    rand: refuseRand,
  };
}

/** tfjs's own functions with seeds, for the other backends, which are never traced. */
function eagerOps(state: tf.Variable, offset: (seed: Seed) => number): RandomOps {
  const { dropout, multinomial, rand, randomGamma, randomNormal, randomUniform, truncatedNormal } = {
    ...core,
  };
  const draw = (seed: Seed): number => {
    const [run, step] = state.dataSync() as Int32Array;
    return streamSeed(run! + offset(seed), step!) || 1; // tfjs treats 0 as no seed
  };
  const eager: RandomOps = {
    randomUniform: (shape, low, high, dtype, seed) => randomUniform(shape, low, high, dtype, draw(seed)),
    randomUniformInt: (shape, low, high, seed) => randomUniform(shape, low, high, 'int32', draw(seed)),
    randomNormal: (shape, mean, deviation, dtype, seed) =>
      randomNormal(shape, mean, deviation, dtype, draw(seed)),
    randomStandardNormal: (shape, dtype, seed) => randomNormal(shape, 0, 1, dtype, draw(seed)),
    truncatedNormal: (shape, mean, deviation, dtype, seed) =>
      truncatedNormal(shape, mean, deviation, dtype, draw(seed)),
    randomGamma: (shape, alpha, beta, dtype, seed) => randomGamma(shape, alpha, beta, dtype, draw(seed)),
    multinomial: (logits, samples, seed, normalized) => multinomial(logits, samples, draw(seed), normalized),
    dropout: (x, rate, noiseShape, seed) => dropout(x, rate, noiseShape, draw(seed)),
    rand,
  };
  return eager;
}

const refuseRand: typeof tf.rand = () => {
  throw new TraceError(
    'tf.rand fills a tensor from a JavaScript function, and a compiled graph would repeat these numbers at every ' +
      'step; use tf.randomUniform or tf.randomNormal, or pass the numbers as an input',
  );
};

function as(dtype: tf.DataType | undefined, x: tf.Tensor, how: 'cut' | 'round'): tf.Tensor {
  if (dtype === undefined || dtype === null || dtype === 'float32') return x;
  return tf.cast(tf.cast(how === 'cut' ? x : tf.round(x), 'int32'), dtype);
}

/** A number for a seed of any kind (FNV-1a); 0 for none. */
function hash(seed: Seed): number {
  if (seed === undefined || seed === null) return 0;
  let h = 0x811c9dc5;
  for (const character of String(seed)) h = Math.imul(h ^ character.codePointAt(0)!, 0x01000193);
  return h;
}
