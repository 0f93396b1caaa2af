/** The variables of a program by name: how they are loaded, and the state of the random numbers. */
import * as tf from '@tensorflow/tfjs';

/** The name of the random state among a program's variables. */
export const RANDOM = 'random';

/** int32 [seed, step], where step counts the runs that drew random numbers. */
export function randomState(seed: number): tf.Variable {
  if (!Number.isInteger(seed)) throw new RangeError(`the seed must be an integer, got ${seed}`);
  return tf.tidy(() => tf.variable(tf.tensor1d([seed | 0, 0], 'int32'), false));
}

/** Assigns values by name, after all of them have been checked, so that an error assigns none. */
export function assignAll(
  variables: ReadonlyMap<string, tf.Variable>,
  values: Readonly<Record<string, tf.Tensor | undefined>>,
): void {
  const given = Object.entries(values).flatMap(([name, value]) => (value ? [{ name, value }] : []));
  for (const { name, value } of given) checkValue(variables, name, value);
  for (const { name, value } of given) variables.get(name)!.assign(value);
}

/** The function of an entry. @throws Error that lists the entries of the program */
export function bodyOf<T>(entries: Readonly<Record<string, T>>, entry: string): T {
  const body = Object.hasOwn(entries, entry) ? entries[entry] : undefined;
  if (typeof body === 'function') return body;
  if (body !== undefined)
    throw new TypeError(`entry '${entry}' must be a function of tensors, got ${typeof body}`);
  throw new Error(`no entry '${entry}'; this program has ${Object.keys(entries).join(', ')}`);
}

/** Throws an error if an input is not a tensor, or has been disposed. */
export function assertTensors(entry: string, inputs: readonly unknown[]): void {
  inputs.forEach((input, i) => {
    if (input instanceof tf.Tensor) {
      if (!input.isDisposed) return;
      throw new Error(`input ${i} of '${entry}', ${input.dtype}[${input.shape}], is disposed`);
    }
    throw new Error(
      `input ${i} of '${entry}' must be a tensor, got ${typeof input}; wrap numbers in tf.scalar`,
    );
  });
}

function checkValue(variables: ReadonlyMap<string, tf.Variable>, name: string, value: tf.Tensor): void {
  const variable = variables.get(name);
  if (!variable) {
    throw new Error(
      `no variable '${name}' in this program; it has ${[...variables.keys()].join(', ')} (the state of an optimiser ` +
        'is there once an entry that applies it was prepared)',
    );
  }
  if (variable.dtype !== value.dtype || String(variable.shape) !== String(value.shape)) {
    throw new Error(
      `variable '${name}' is ${variable.dtype}[${variable.shape}], the value given ${value.dtype}[${value.shape}]`,
    );
  }
}
