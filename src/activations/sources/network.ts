/** The interface of a network, which gives the activations of a batch by name. */
import type * as tf from '@tensorflow/tfjs';
import { nearest } from '../../given';
import { counted } from '../../number-format';

/** The inputs of a batch: one tensor [batch, ...], or one for each input of the network, in order. */
export type NetworkInputs = tf.Tensor | readonly tf.Tensor[];

/** A network that gives its activations by name. */
export interface Network {
  /** The names of its inputs. */
  readonly inputs: readonly string[];
  /** The sites from input to output. */
  readonly sites: readonly string[];
  /** The site just before the classifier, whose intrinsic dimension is LLID, if the network ends in a classifier. */
  readonly lastSite?: string;
  /** The number of examples that the model takes at once, if its input fixes it. */
  readonly batchSize?: number;
  /** The activations of a batch at some sites, [batch, ...] each; the caller disposes them. */
  activations(batch: NetworkInputs, sites: readonly string[]): Promise<Readonly<Record<string, tf.Tensor>>>;
}

/** The number of examples in a batch, if the shape of the input fixes it. */
export function fixedBatch(shape: readonly (number | null)[] | undefined): { readonly batchSize?: number } {
  const size = shape?.[0];
  return typeof size === 'number' && size > 0 ? { batchSize: size } : {};
}

/**
 * One tensor for each input of a network.
 *
 * @throws RangeError if there are more or fewer
 */
export function inputList(batch: NetworkInputs, names: readonly string[]): tf.Tensor[] {
  const list = Array.isArray(batch) ? (batch as tf.Tensor[]) : [batch as tf.Tensor];
  if (list.length === names.length) return list;
  throw new RangeError(
    `the model has ${counted(names.length, 'input')}, ${names.join(', ')}, and was given ${list.length}: give a tensor for each, in ` +
      'this order or by name',
  );
}

/** Tensors under their names. */
export function byName(
  names: readonly string[],
  tensors: tf.Tensor | tf.Tensor[],
): Record<string, tf.Tensor> {
  const list = Array.isArray(tensors) ? tensors : [tensors];
  return Object.fromEntries(names.map((name, i) => [name, list[i]!]));
}

/** @throws RangeError for an unknown site, with the nearest known one */
export function assertSites(wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.find((site) => !known.includes(site));
  if (unknown === undefined) return;
  const listed = known.slice(0, 20).join(', ') + (known.length > 20 ? ', ...' : '');
  throw new RangeError(
    `the model has no site '${unknown}': did you mean '${nearest(unknown, known)}'? It has ${listed}`,
  );
}
