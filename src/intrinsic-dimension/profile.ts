/** The intrinsic dimension of every layer's activations: peak (PID) and last layer (LLID). */
import * as tf from '@tensorflow/tfjs';
import type { Model } from '../models/model';
import { type IdEstimate, type IdOptions, intrinsicDimension } from './intrinsic-dimension';

/** What {@link layerProfile} takes besides the options of an estimate. */
export interface ProfileOptions extends IdOptions {
  /** @default all sites of the model, from input to output */
  readonly sites?: readonly string[];
  /** Examples that go through the network at once. @default 1024 */
  readonly batchSize?: number;
}

/** An estimate for one site. */
export interface SiteEstimate extends IdEstimate {
  /** Of one example's activation, before it is flattened. */
  readonly shape: readonly number[];
}

/** Dimensions along a network. */
export interface LayerProfile {
  readonly sites: Readonly<Record<string, SiteEstimate>>;
  /** PID: the largest dimension of all sites. */
  readonly peakId: number;
  readonly peakSite: string;
  /** LLID: the dimension at the last site, just before the classifier. */
  readonly lastLayerId: number;
  readonly lastSite: string;
}

/** Measures the dimension of the activations of `inputs` [examples, ...] at each site, one site at a time. */
export async function layerProfile(
  model: Model,
  inputs: tf.Tensor,
  options: ProfileOptions = {},
): Promise<LayerProfile> {
  const { sites = model.sites, batchSize = 1024, ...idOptions } = options;
  const estimates: Record<string, SiteEstimate> = {};
  for (const site of sites) {
    const activations = activationsAt(model, inputs, site, batchSize);
    try {
      estimates[site] = {
        ...(await activationsId(activations, idOptions)),
        shape: activations.shape.slice(1),
      };
    } finally {
      activations.dispose();
    }
  }
  return summarise(estimates);
}

/** The dimension of activations [examples, ...], flattened to one vector an example. */
export async function activationsId(activations: tf.Tensor, options: IdOptions): Promise<IdEstimate> {
  const flat = tf.reshape(activations, [activations.shape[0]!, -1]) as tf.Tensor2D;
  try {
    return await intrinsicDimension(flat, options);
  } finally {
    flat.dispose();
  }
}

function activationsAt(model: Model, inputs: tf.Tensor, site: string, batchSize: number): tf.Tensor {
  return tf.tidy(() => {
    const parts: tf.Tensor[] = [];
    for (let start = 0; start < inputs.shape[0]!; start += batchSize) {
      const size = Math.min(batchSize, inputs.shape[0]! - start);
      parts.push(
        tf.tidy(() => {
          const batch = tf.slice(inputs, start, size);
          return model.apply(batch, { activations: [site] }).activations[site]!;
        }),
      );
    }
    return parts.length === 1 ? parts[0]! : tf.concat(parts);
  });
}

function summarise(sites: Readonly<Record<string, SiteEstimate>>): LayerProfile {
  const names = Object.keys(sites);
  const peakSite = names.reduce((peak, name) => (sites[name]!.value > sites[peak]!.value ? name : peak));
  const lastSite = names.at(-1)!;
  return { sites, peakId: sites[peakSite]!.value, peakSite, lastLayerId: sites[lastSite]!.value, lastSite };
}
