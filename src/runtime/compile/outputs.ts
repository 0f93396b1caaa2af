/** The results of compiled functions, flattened into a list of tensors and restored. */
import * as tf from '@tensorflow/tfjs';

/** The result of a function of tensors: a tensor, a list, or a record of tensors. */
export type Outputs = tf.Tensor | readonly tf.Tensor[] | Readonly<Record<string, tf.Tensor>>;

/** A function of tensors that can be compiled. */
// biome-ignore lint/suspicious/noExplicitAny: the only way to accept functions of any tensor arguments
export type TensorFunction = (...inputs: any[]) => Outputs;

/** Thrown if a function does something that a graph cannot repeat. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

/** The tensors that a function returned, with their positions in its result. */
export interface Flattened {
  readonly leaves: readonly tf.Tensor[];
  /** The position of each leaf, for messages, such as `element 2 of its result`. */
  readonly places: readonly string[];
  /** Puts other tensors, one for each leaf, into the same structure. */
  restore(tensors: tf.Tensor[]): Outputs;
}

/** Flattens the result of `entry`. @throws TraceError that names a part that is not a tensor */
export function flatten(entry: string, result: Outputs): Flattened {
  const check = (value: unknown, where: string): tf.Tensor => {
    if (value instanceof tf.Tensor) return value;
    const got = value instanceof Promise ? 'a promise (entries are synchronous functions)' : typeof value;
    throw new TraceError(`'${entry}' must return tensors, but ${where} is ${got}`);
  };
  const list = (
    values: readonly unknown[],
    places: readonly string[],
    restore: Flattened['restore'],
  ): Flattened => ({ leaves: values.map((value, i) => check(value, places[i]!)), places, restore });

  if (Array.isArray(result)) {
    const places = result.map((_, i) => `element ${i} of its result`);
    return nonEmpty(
      entry,
      list(result, places, (tensors) => tensors),
    );
  }
  if (
    result instanceof tf.Tensor ||
    result instanceof Promise ||
    result === null ||
    typeof result !== 'object'
  )
    return list([result], ['its result'], (tensors) => tensors[0]!);
  const keys = Object.keys(result);
  const places = keys.map((key) => `'${key}' of its result`);
  const restore = (tensors: tf.Tensor[]): Outputs =>
    Object.fromEntries(keys.map((key, i) => [key, tensors[i]!]));
  return nonEmpty(entry, list(Object.values(result), places, restore));
}

function nonEmpty(entry: string, flattened: Flattened): Flattened {
  if (flattened.leaves.length > 0) return flattened;
  throw new TraceError(`'${entry}' returns no tensor; return at least one, such as the loss`);
}
