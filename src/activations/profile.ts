/** The intrinsic dimension of every layer's activations: peak (PID) and last layer (LLID). */
import * as tf from '@tensorflow/tfjs';
import {
  type IdEstimate,
  type IdOptions,
  intrinsicDimension,
} from '../intrinsic-dimension/intrinsic-dimension';
import type { Model } from '../models/model';
import { loadBackend } from '../runtime/backend';
import { type Observed, observe } from './observe';
import { type ActivationRows, activationRows } from './rows';

/** What {@link layerProfile} takes besides the options of an estimate. */
export interface ProfileOptions extends IdOptions {
  /** @default all sites of the model, from input to output, whose activations are floating-point numbers */
  readonly sites?: readonly string[];
  /** The site before the classifier, one that is measured. @default the model's, else the last measured */
  readonly lastSite?: string;
  /**
   * Examples that go through the network at once. @default what the model's input fixes, else as many as take half of
   * `activationMemory` with all that the network computes, at most 1024
   */
  readonly batchSize?: number;
  /**
   * Bytes that activations may take while they wait to be measured. When those of all sites need more, the
   * network runs again for the next sites; a site that needs more by itself is kept in a temporary file. @default 1 GiB
   */
  readonly activationMemory?: number;
  /** Called now and then with the share that is done, 0 .. 1, and the site at work. */
  readonly onProgress?: (done: number, site?: string) => void;
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

/**
 * Measures the dimension of the activations of `inputs` [examples, ...] at each site.
 *
 * @param model ours, a tf.LayersModel (sites are layer names) or a tf.GraphModel (sites are node names)
 * @throws RangeError for a site that the model has not; what {@link intrinsicDimension} throws, with the site's name
 */
export async function layerProfile(
  model: Model | tf.LayersModel | tf.GraphModel,
  inputs: tf.Tensor,
  options: ProfileOptions = {},
): Promise<LayerProfile> {
  const { batchSize: wantedBatch, activationMemory = 2 ** 30, lastSite, onProgress, ...others } = options;
  const { sites: wanted, ...idOptions } = others;
  await loadBackend();
  const observed = observe(model);
  if (!(inputs instanceof tf.Tensor)) throw new TypeError('the inputs must be a tensor [examples, ...]');
  if (!(wantedBatch === undefined || (Number.isInteger(wantedBatch) && wantedBatch >= 1))) {
    throw new RangeError(`batchSize must be a whole number of at least 1, got ${wantedBatch}`);
  }
  if (!(activationMemory >= 0)) {
    throw new RangeError(`activationMemory must be a number of bytes, got ${activationMemory}`);
  }
  if (observed.batchSize !== undefined && inputs.shape[0]! % observed.batchSize !== 0) {
    throw new RangeError(
      `the model takes ${observed.batchSize} examples at once, got ${inputs.shape[0]}: give a multiple`,
    );
  }
  const estimates: Record<string, SiteEstimate> = {};
  const { shapes, bytesPerExample } = await trial(observed, inputs, wanted);
  const fitting = Math.max(1, Math.floor(activationMemory / 2 / bytesPerExample));
  const batchSize = wantedBatch ?? observed.batchSize ?? Math.min(1024, fitting);
  const sites = [...shapes.keys()];
  if (lastSite !== undefined && !shapes.has(lastSite)) {
    throw new RangeError(`lastSite '${lastSite}' is none of the sites measured: ${sites.join(', ')}`);
  }
  if (sites.length === 0) throw new RangeError('there are no sites to measure: name at least one');
  const groups = groupSites(shapes, inputs.shape[0]!, activationMemory);
  for (const group of groups) {
    const passed = { batchSize, activationMemory };
    const collected = await activationsAt(observed, inputs, group, passed, idOptions.signal);
    for (const site of group) {
      const done = Object.keys(estimates).length;
      onProgress?.(done / sites.length, site);
      const points = collected[site]!;
      delete collected[site];
      try {
        const estimate = await intrinsicDimension(points, {
          ...idOptions,
          onProgress: (part) => onProgress?.((done + part) / sites.length, site),
        });
        estimates[site] = { ...estimate, shape: shapes.get(site)! };
      } catch (error) {
        if (error instanceof RangeError) error.message = `at site '${site}': ${error.message}`;
        throw error;
      } finally {
        points.close();
      }
    }
  }
  return summarise(estimates, lastSite ?? observed.lastSite);
}

/** What a small batch tells: shapes of one example's activations, and the bytes that passing an example takes. */
async function trial(
  observed: Observed,
  inputs: tf.Tensor,
  wanted: readonly string[] | undefined,
): Promise<{ shapes: Map<string, readonly number[]>; bytesPerExample: number }> {
  const sites = [...new Set(wanted ?? observed.sites)];
  if (sites.length === 0) throw new RangeError('there are no sites to measure: name at least one');
  const size = Math.min(observed.batchSize ?? 2, inputs.shape[0]!);
  const few = tf.slice(inputs, 0, size);
  const before = tf.memory().numBytes;
  let activations: Readonly<Record<string, tf.Tensor>> = {};
  const { peakBytes } = await tf
    .profile(async () => {
      activations = await observed.activations(few, sites);
      return Object.values(activations);
    })
    .finally(() => tf.dispose(few));
  const shapes = new Map<string, readonly number[]>();
  try {
    for (const site of sites) {
      const { shape, dtype } = activations[site]!;
      // Sites that nobody asked for are left out when they cannot be measured.
      if (shape[0] === size && dtype === 'float32') shapes.set(site, shape.slice(1));
      else if (wanted)
        throw new RangeError(
          `site '${site}' has ${dtype} numbers of shape [${shape}] for ${size} examples: ` +
            'choose one of float32 numbers whose first axis is the examples',
        );
    }
  } finally {
    tf.dispose(Object.values(activations));
  }
  return { shapes, bytesPerExample: Math.max(1, peakBytes - before) / size };
}

/** As many sites in one pass as fit into memory, at least one. */
function groupSites(
  shapes: ReadonlyMap<string, readonly number[]>,
  examples: number,
  memory: number,
): (readonly string[])[] {
  const groups: string[][] = [];
  for (const site of shapes.keys()) {
    const group = groups.at(-1);
    if (group && bytesOf([...group, site], shapes, examples) <= memory) group.push(site);
    else groups.push([site]);
  }
  return groups;
}

/** Of the activations at some sites. */
function bytesOf(
  sites: readonly string[],
  shapes: ReadonlyMap<string, readonly number[]>,
  examples: number,
): number {
  return sites.reduce(
    (sum, site) => sum + 4 * examples * shapes.get(site)!.reduce((size, axis) => size * axis, 1),
    0,
  );
}

/** The activations of all inputs at some sites, in memory or spilled. */
async function activationsAt(
  observed: Observed,
  inputs: tf.Tensor,
  sites: readonly string[],
  { batchSize, activationMemory }: Required<Pick<ProfileOptions, 'batchSize' | 'activationMemory'>>,
  signal: AbortSignal | undefined,
): Promise<Record<string, ActivationRows>> {
  const examples = inputs.shape[0]!;
  const collected: Record<string, ActivationRows> = {};
  try {
    for (let start = 0; start < examples; start += batchSize) {
      signal?.throwIfAborted();
      const batch = tf.slice(inputs, start, Math.min(batchSize, examples - start));
      const activations = await observed.activations(batch, sites).finally(() => tf.dispose(batch));
      for (const site of sites) {
        const tensor = activations[site]!;
        const width = tensor.size / tensor.shape[0]!;
        collected[site] ??= activationRows(examples, width, activationMemory);
        collected[site].append(tensor.dataSync() as Float32Array);
      }
      tf.dispose(Object.values(activations));
      // A long pass lets timers and charts have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    for (const points of Object.values(collected)) points.close();
    throw error;
  }
  return collected;
}

function summarise(
  sites: Readonly<Record<string, SiteEstimate>>,
  wantedLast: string | undefined,
): LayerProfile {
  const names = Object.keys(sites);
  const peakSite = names.reduce((peak, name) => (sites[name]!.value > sites[peak]!.value ? name : peak));
  const lastSite = wantedLast !== undefined && names.includes(wantedLast) ? wantedLast : names.at(-1)!;
  return { sites, peakId: sites[peakSite]!.value, peakSite, lastLayerId: sites[lastSite]!.value, lastSite };
}
