/** Also runs a compiled entry eagerly, from the same state, and compares the results, which must be the same. */
import * as tf from '@tensorflow/tfjs';
import { withStatelessRandom } from '../random/traced-random';
import { flatten, type Outputs, type TensorFunction } from './outputs';
import { learningRateOf, withOptimizers } from './tfjs-optimizers';

/** The results of an eager run. */
export interface EagerRun {
  /** The outputs and the change of each variable, under names for messages. */
  readonly values: ReadonlyMap<string, tf.Tensor>;
  dispose(): void;
}

/** Runs an entry eagerly. Variables and optimisers stay as they were. */
export function runEagerly(
  entry: string,
  body: TensorFunction,
  inputs: readonly tf.Tensor[],
  variables: ReadonlyMap<string, tf.Variable>,
  random: tf.Variable,
): EagerRun {
  const before = new Map([...variables].map(([name, variable]) => [name, tf.keep(variable.clone())]));
  const run = (body: () => void): void => body();
  const hooks = { learningRate: learningRateOf, state: () => {}, aside: run, update: run };
  const values = new Map<string, tf.Tensor>();
  try {
    tf.tidy(() => {
      const { result } = withOptimizers(hooks, () => withStatelessRandom(random, () => body(...inputs)));
      collect(values, entry, result, variables, before);
    });
  } finally {
    for (const [name, variable] of variables) variable.assign(before.get(name)!);
    tf.dispose([...before.values()]);
  }
  return { values, dispose: () => tf.dispose([...values.values()]) };
}

/** Throws an error that names the first output or variable in which the run of the graph differs from the eager run. */
export function assertSame(
  entry: string,
  eager: EagerRun,
  result: Outputs,
  variables: ReadonlyMap<string, tf.Variable>,
  before: ReadonlyMap<string, tf.Tensor>,
  tolerance: number,
): void {
  tf.tidy(() => {
    const graph = new Map<string, tf.Tensor>();
    collect(graph, entry, result, variables, before);
    for (const [name, expected] of eager.values) {
      const { error, size } = difference(graph.get(name)!, expected);
      if (error <= tolerance * size + 1e-6) continue;
      throw new Error(
        `'${entry}' gives different values compiled and eagerly: ${name} differs by up to ${error.toPrecision(3)}, where ` +
          `the largest value is ${size.toPrecision(3)}; look for numbers, random numbers or tensors that change from ` +
          `run to run without being inputs or variables, or raise the tolerance (${tolerance})`,
      );
    }
    tf.dispose([...graph.values()]);
  });
}

function collect(
  values: Map<string, tf.Tensor>,
  entry: string,
  result: Outputs,
  variables: ReadonlyMap<string, tf.Variable>,
  before: ReadonlyMap<string, tf.Tensor>,
): void {
  const { leaves, places } = flatten(entry, result);
  leaves.forEach((tensor, i) => {
    values.set(places[i]!, tf.keep(tensor.clone()));
  });
  for (const [name, variable] of variables) {
    const change = tf.sub(tf.cast(variable, 'float32'), tf.cast(before.get(name)!, 'float32'));
    values.set(`the change of variable '${name}'`, tf.keep(change));
  }
}

function difference(a: tf.Tensor, b: tf.Tensor): { error: number; size: number } {
  if (String(a.shape) !== String(b.shape)) return { error: Number.POSITIVE_INFINITY, size: 0 };
  const [x, y] = [a.dataSync(), b.dataSync()];
  let error = 0;
  let size = 0;
  for (let i = 0; i < y.length; i++) {
    if (Object.is(x[i], y[i])) continue;
    const off = Math.abs(Number(x[i]) - Number(y[i]));
    error = Math.max(error, Number.isNaN(off) ? Number.POSITIVE_INFINITY : off);
  }
  for (const value of y) if (Number.isFinite(value)) size = Math.max(size, Math.abs(value));
  return { error, size };
}
