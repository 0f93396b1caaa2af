/** The rules for a function while it is traced: it must not read data, draw its own random numbers, or leave variables behind. */
import * as tf from '@tensorflow/tfjs';
import { withMethods } from '../patch';
import { RANDOM_SCOPES } from '../random/traced-random';
import { inLayer } from './layer-names';
import { TraceError } from './outputs';

/** A protected method of tfjs. */
const layerPrototype = tf.layers.Layer.prototype as unknown as {
  addWeight: (name: string, shape: (number | null)[]) => unknown;
};

/** Thrown if a function creates a variable. */
export class NewVariableError extends TraceError {}

/** Enforces the rules for one function. */
export class EntryRules {
  /** Variables that the function created, with their initial values. */
  readonly created: Map<tf.Variable, tf.Tensor> = new Map();
  /** Tensors that the function kept from being disposed. */
  readonly kept: tf.Tensor[] = [];
  readonly #entry: string;
  #refusal: TraceError | undefined;

  readonly #mayAssign: (variable: tf.Variable) => boolean;
  #updating = false;

  /** @param mayAssign true for the program's variables; a graph would not write new values of others */
  constructor(entry: string, mayAssign: (variable: tf.Variable) => boolean) {
    this.#entry = entry;
    this.#mayAssign = mayAssign;
  }

  /** Runs the update of an optimiser, which may create variables. */
  update(run: () => void): void {
    const was = this.#updating;
    this.#updating = true;
    try {
      run();
    } finally {
      this.#updating = was;
    }
  }

  /** Runs `body` under the rules. @throws TraceError if one is broken */
  enforce<R>(body: () => R): R {
    const engine = tf.engine();
    const { startScope, makeVariable, disposeVariable, keep } = engine;
    const rules: Partial<typeof engine> = {
      readSync: () => this.refuseRead(),
      read: () => this.#refuseReadLater(),
      startScope: (name) => {
        if (name !== undefined && RANDOM_SCOPES.has(name)) throw this.#ownReference(name.replace('__op', ''));
        startScope.call(engine, name);
      },
      makeVariable: (...from) => {
        // The caller gets no variable, rather than one that is disposed of after tracing.
        if (!this.#updating) throw this.#creation(from[0]);
        const variable = makeVariable.apply(engine, from);
        this.created.set(variable, keep.call(engine, variable.clone()) as tf.Tensor);
        return variable;
      },
      disposeVariable: (variable) => {
        if (!this.created.has(variable)) throw this.#disposal(variable);
        disposeVariable.call(engine, variable);
      },
      keep: (tensor) => {
        this.kept.push(tensor);
        return keep.call(engine, tensor) as never;
      },
    };
    const result = withMethods(engine, rules, () =>
      withMethods(Math, { random: () => this.#refuseMathRandom() }, () =>
        withMethods(tf.Variable.prototype, { assign: this.#assigning() }, () =>
          withMethods(layerPrototype, { addWeight: (_, shape) => this.#refuseWeight(shape) }, body),
        ),
      ),
    );
    if (this.#refusal) throw this.#refusal;
    return result;
  }

  /** @throws NewVariableError for a variable that an update created, but that is not the state of an optimiser */
  assertOnly(state: ReadonlySet<tf.Variable>): void {
    const stranger = [...this.created.keys()].find((variable) => !state.has(variable));
    if (stranger) throw this.#creation(stranger);
  }

  refuseRead(): never {
    this.#refusal ??= inLayer(
      new TraceError(
        `'${this.#entry}' reads a tensor's data (dataSync, data, array or print) while it is compiled; a graph has no ` +
          'data yet: return the tensor as an output, and read what run gives',
      ),
    );
    throw this.#refusal;
  }

  /** Stores the error, which would be lost inside a promise, until the function returns; the promise never resolves. */
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

  /** Rejects a new weight before the layer registers it. */
  #refuseWeight(shape: readonly (number | null)[]): never {
    throw this.#creation({ shape });
  }

  #creation({ shape }: { readonly shape: readonly (number | null)[] }): NewVariableError {
    return new NewVariableError(
      `'${this.#entry}' creates a variable of shape [${shape}] while it is compiled; create it before (a layer makes its ` +
        "weights when it is first run), and add it to the program's variables",
    );
  }

  #assigning(): tf.Variable['assign'] {
    const { assign } = tf.Variable.prototype;
    const check = (variable: tf.Variable): void => {
      if (this.#mayAssign(variable) || this.created.has(variable)) return;
      throw new TraceError(
        `'${this.#entry}' assigns variable '${variable.name}' of shape [${variable.shape}], which is not one of the ` +
          "program's variables: a graph would not write it; add it to `variables`",
      );
    };
    return function (this: tf.Variable, value) {
      check(this);
      assign.call(this, value);
    };
  }

  #disposal({ name, shape }: tf.Variable): TraceError {
    return new TraceError(
      `'${this.#entry}' disposes variable '${name}' of shape [${shape}]; dispose it after the program`,
    );
  }

  #ownReference(name: string): TraceError {
    return new TraceError(
      `'${this.#entry}' calls tf.${name} by a reference of its own, and the numbers would be frozen; call it as a ` +
        'property of tf',
    );
  }
}
