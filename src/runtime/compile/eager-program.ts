/** A program on a backend without graphs: the same functions, run as they are. */
import * as tf from '@tensorflow/tfjs';
import { withStatelessRandom } from '../random/traced-random';
import { assertTensors, assignAll, bodyOf, RANDOM, randomState } from './named-variables';
import type { CompileOptions, Entries, Program, Values, Variables } from './program';

export class EagerProgram<E extends Entries, V extends Variables> implements Program<E, V> {
  readonly #variables: ReadonlyMap<string, tf.Variable>;
  readonly #entries: E;
  readonly #random: tf.Variable;

  constructor({ variables, entries, seed }: Required<CompileOptions<E, V>>) {
    this.#random = randomState(seed);
    this.#variables = new Map([...Object.entries(variables), [RANDOM, this.#random]]);
    this.#entries = entries;
  }

  run<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): Promise<ReturnType<E[K]>> {
    return Promise.resolve().then(() => this.runSync(entry, ...inputs));
  }

  runSync<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): ReturnType<E[K]> {
    const body = bodyOf(this.#entries, entry);
    assertTensors(entry, inputs);
    const run = (): tf.TensorContainer =>
      withStatelessRandom(this.#random, () => body(...inputs) as tf.TensorContainer);
    return tf.tidy(run) as ReturnType<E[K]>;
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
