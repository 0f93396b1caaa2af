/** What a network is here: something that gives the activations of a batch by name. */
import type * as tf from '@tensorflow/tfjs';
import { nearest } from '../../nearest';

/** A network that gives its activations by name. */
export interface Network {
  /** From input to output. */
  readonly sites: readonly string[];
  /** The site just before the classifier, whose intrinsic dimension is LLID; unknown for a tf.GraphModel. */
  readonly lastSite?: string;
  /** Examples that the model takes at once, where its input fixes their number. */
  readonly batchSize?: number;
  /** The activations of a batch at some sites, [batch, ...] each; the caller disposes them. */
  activations(batch: tf.Tensor, sites: readonly string[]): Promise<Readonly<Record<string, tf.Tensor>>>;
}

/** The number of examples in a batch, where the shape of the input fixes it. */
export function fixedBatch(shape: readonly (number | null)[] | undefined): { readonly batchSize?: number } {
  const size = shape?.[0];
  return typeof size === 'number' && size > 0 ? { batchSize: size } : {};
}

/** Tensors under their names. */
export function byName(
  names: readonly string[],
  tensors: tf.Tensor | tf.Tensor[],
): Record<string, tf.Tensor> {
  const list = Array.isArray(tensors) ? tensors : [tensors];
  return Object.fromEntries(names.map((name, i) => [name, list[i]!]));
}

/** @throws RangeError for a site that is not known, with the nearest that is */
export function assertSites(wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.find((site) => !known.includes(site));
  if (unknown === undefined) return;
  const listed = known.slice(0, 20).join(', ') + (known.length > 20 ? ', ...' : '');
  throw new RangeError(
    `the model has no site '${unknown}': did you mean '${nearest(unknown, known)}'? It has ${listed}`,
  );
}
