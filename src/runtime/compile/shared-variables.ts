/**
 * Keeps a tf.Variable and its copies in compiled programs consistent: reading the variable gives its latest value, and a value
 * that is assigned to it from outside reaches every program before its next run.
 *
 * A program that wrote a variable is its holder. The variable's `dataId`, through which tfjs accesses all data, is an accessor
 * that first asks the holder for the value, so that nothing is copied until the value is read.
 */
import * as tf from '@tensorflow/tfjs';

/** Holds newer values of some variables than the tf.Variables themselves. */
export interface Holder {
  /** Releases all variables it holds, and assigns the newest values to them. */
  flush(): void;
}

interface Shared {
  dataId: tf.Variable['dataId'];
  holder: Holder | undefined;
  users: number;
}

const { assign } = tf.Variable.prototype;

const shared = new WeakMap<tf.Variable, Shared>();

/** Begins to share a variable, until `unshare` has been called as many times. */
export function share(variable: tf.Variable): void {
  const known = shared.get(variable);
  if (known) {
    known.users++;
    return;
  }
  const state: Shared = { dataId: variable.dataId, holder: undefined, users: 1 };
  shared.set(variable, state);
  Object.defineProperty(variable, 'dataId', {
    configurable: true,
    enumerable: true,
    get: () => {
      state.holder?.flush();
      return state.dataId;
    },
    set: (dataId: tf.Variable['dataId']) => {
      state.holder = undefined;
      state.dataId = dataId;
    },
  });
}

export function unshare(variable: tf.Variable): void {
  const state = shared.get(variable);
  if (!state || --state.users > 0) return;
  shared.delete(variable);
  const value = variable.dataId;
  Object.defineProperty(variable, 'dataId', { configurable: true, enumerable: true, writable: true, value });
}

/** Sets a variable to its holder's value, without an assignment that a trace would notice. */
export function handBack(variable: tf.Variable, value: tf.Tensor): void {
  assign.call(variable, value);
}

/** The program that has a newer value than the tf.Variable. */
export function holderOf(variable: tf.Variable): Holder | undefined {
  return shared.get(variable)?.holder;
}

export function setHolder(variable: tf.Variable, holder: Holder | undefined): void {
  const state = shared.get(variable);
  if (state) state.holder = holder;
}
