/** A program on a backend without graphs, which runs the functions as they are. */
import * as tf from '@tensorflow/tfjs';
import { withStatelessRandom } from '../random/traced-random';
import { assertTensors, assignAll, bodyOf, RANDOM, randomState } from './named-variables';
import { flatten, type TensorFunction } from './outputs';
import type { Entries, Program, ProgramOptions, Values, Variables } from './program';

/** Runs an entry as it is. The outputs belong to the caller, like those of a graph. */
export function runBody<E extends Entries, K extends keyof E & string>(
  entries: E,
  entry: K,
  inputs: readonly tf.Tensor[],
  random: tf.Variable,
): ReturnType<E[K]> {
  const body: TensorFunction = bodyOf(entries, entry);
  let restore: ReturnType<typeof flatten>['restore'] | undefined;
  const outputs = tf.tidy(() => {
    const flattened = flatten(
      entry,
      withStatelessRandom(random, () => body(...inputs)),
    );
    ({ restore } = flattened);
    return flattened.leaves.map((tensor) => tensor.clone());
  });
  return restore!(outputs) as ReturnType<E[K]>;
}

export class EagerProgram<E extends Entries, V extends Variables> implements Program<E, V> {
  readonly #variables: ReadonlyMap<string, tf.Variable>;
  readonly #entries: E;
  readonly #random: tf.Variable;

  constructor({ variables, entries, seed }: ProgramOptions<E, V>) {
    this.#random = randomState(seed);
    this.#variables = new Map([...Object.entries(variables), [RANDOM, this.#random]]);
    this.#entries = entries;
  }

  run<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): Promise<ReturnType<E[K]>> {
    return Promise.resolve().then(() => this.runSync(entry, ...inputs));
  }

  runSync<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): ReturnType<E[K]> {
    bodyOf(this.#entries, entry);
    assertTensors(entry, inputs);
    return runBody(this.#entries, entry, inputs, this.#random);
  }

  prepare(): void {}

  read(): Values<V> {
    const values = [...this.#variables].map(([name, variable]) => [name, tf.clone(variable)]);
    return Object.fromEntries(values) as Values<V>;
  }

  load(values: { readonly [K in keyof V]?: tf.Tensor }): void {
    assignAll(this.#variables, values as Record<string, tf.Tensor>);
  }

  dispose(): void {
    this.#random.dispose();
  }
}
