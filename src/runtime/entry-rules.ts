/** What a function must not do while it is traced: read data, draw its own random numbers, leave variables behind. */
import * as tf from '@tensorflow/tfjs';
import { TraceError } from './outputs';
import { withMethods } from './patch';
import { RANDOM_SCOPES } from './random-ops';

/** Watches one function. */
export class EntryRules {
  /** Variables that the function created, and the values they were given. */
  readonly created: Map<tf.Variable, tf.Tensor> = new Map();
  /** Tensors that the function kept from being disposed. */
  readonly kept: tf.Tensor[] = [];
  readonly #entry: string;
  #refusal: TraceError | undefined;

  constructor(entry: string) {
    this.#entry = entry;
  }

  /** Runs `body` under the rules; a broken one is a TraceError. */
  enforce<R>(body: () => R): R {
    const engine = tf.engine();
    const { startScope, makeVariable, keep } = engine;
    const rules: Partial<typeof engine> = {
      readSync: () => this.refuseRead(),
      read: () => this.#refuseReadLater(),
      startScope: (name) => {
        if (name !== undefined && RANDOM_SCOPES.has(name)) throw this.#ownReference(name.replace('__op', ''));
        startScope.call(engine, name);
      },
      makeVariable: (...from) => {
        const variable = makeVariable.apply(engine, from);
        this.created.set(variable, keep.call(engine, variable.clone()) as tf.Tensor);
        return variable;
      },
      keep: (tensor) => {
        this.kept.push(tensor);
        return keep.call(engine, tensor) as never;
      },
    };
    const result = withMethods(engine, rules, () =>
      withMethods(Math, { random: () => this.#refuseMathRandom() }, body),
    );
    if (this.#refusal) throw this.#refusal;
    return result;
  }

  refuseRead(): never {
    this.#refusal ??= new TraceError(
      `'${this.#entry}' reads a tensor's data (dataSync, data, array or print) while it is compiled; a graph has no ` +
        'data yet: return the tensor as an output, and read what run gives',
    );
    throw this.#refusal;
  }

  /** Inside a promise an error would be lost: it is thrown when the function returns, and the promise stays open. */
  #refuseReadLater(): Promise<never> {
    try {
      return this.refuseRead();
    } catch {
      return new Promise(() => {});
    }
  }

  #refuseMathRandom(): never {
    throw new TraceError(
      `'${this.#entry}' calls Math.random while it is compiled, and a graph would repeat the number at every step; use ` +
        'tf.randomUniform, or pass the number as an input',
    );
  }

  #ownReference(name: string): TraceError {
    return new TraceError(
      `'${this.#entry}' calls tf.${name} by a reference of its own, and the numbers would be frozen; call it as a ` +
        'property of tf',
    );
  }
}
