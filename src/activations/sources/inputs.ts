/** A model and a tensor of inputs as a source of activations. */
import * as tf from '@tensorflow/tfjs';
import { assertGiven, BYTES, type Kinds, NAMES, NUMBER } from '../../given';
import { counted } from '../../number-format';
import { loadBackend } from '../../runtime/backend';
import { ACTIVATION_MEMORY, type ActivationSource } from '../activations';
import { type AnyModel, networkOf } from './any-model';
import { inputList, type Network, type NetworkInputs } from './network';

/** The default limit of examples that go through a network at once. */
export const MOST_AT_ONCE = 1024;

/**
 * The examples as a tensor [examples, ...]. A model with several inputs takes a tensor for each, in order or by name.
 */
export type ModelInputs = tf.Tensor | readonly tf.Tensor[] | Readonly<Record<string, tf.Tensor>>;

/** Options of running inputs through a network. */
export interface SourceOptions {
  /** The sites. @default all sites of the model, from input to output, whose activations are floating-point numbers */
  readonly sites?: readonly string[];
  /**
   * The number of examples that go through the network at once. @default the number that the model's input fixes, or else as
   * many as need half of the memory for activations with everything that the network computes, at most {@link MOST_AT_ONCE}
   */
  readonly batchSize?: number;
  /** Bytes that activations may take; see {@link activations}. @default that of {@link ACTIVATION_MEMORY} */
  readonly memory?: number;
}

/** The kinds of the options. */
const SOURCE_KINDS: Kinds<SourceOptions> = { sites: NAMES, batchSize: NUMBER, memory: BYTES };

/** A source that also knows the site before the classifier. */
export interface ModelSource extends ActivationSource {
  /**
   * The last of its sites that is not after the model's own last site, which is the one before the classifier; or that site
   * itself, if all are after it. Undefined if the model has no classifier, or more than one.
   */
  readonly lastSite?: string;
}

/**
 * The activations of `inputs` [examples, ...] in a model. The inputs are only read, never disposed of.
 *
 * @param model ours, a tf.LayersModel (sites are layer names) or a tf.GraphModel (sites are node names)
 * @throws TypeError for anything but a model and tensors; RangeError for a site that the model does not have, or whose
 *   activations are not float32 numbers for each example, if there are no examples, if the number of inputs is not that of the
 *   model, if the model's fixed batch size does not divide the number of examples, and for another `batchSize` than that
 */
export async function modelSource(
  model: AnyModel,
  inputs: ModelInputs,
  options: SourceOptions = {},
): Promise<ModelSource> {
  assertGiven('modelSource', options, SOURCE_KINDS);
  const { sites, batchSize: wanted, memory = ACTIVATION_MEMORY } = options;
  await loadBackend();
  const network = networkOf(model);
  const tensors = inputTensors(inputs, network);
  const examples = tensors[0]!.shape[0]!;
  if (!(wanted === undefined || (Number.isInteger(wanted) && wanted >= 1))) {
    throw new RangeError(`batchSize must be a whole number of at least 1, got ${wanted}`);
  }
  if (network.batchSize !== undefined && wanted !== undefined && wanted !== network.batchSize) {
    throw new RangeError(
      `the model takes ${counted(network.batchSize, 'example')} at once, and batchSize is ${wanted}: leave it out`,
    );
  }
  if (network.batchSize !== undefined && examples % network.batchSize !== 0) {
    throw new RangeError(
      `the model takes ${counted(network.batchSize, 'example')} at once, got ${examples}: give a multiple`,
    );
  }
  const { shapes, bytesPerExample } = await trial(network, tensors, sites);
  if (shapes.size === 0) throw new RangeError('there are no sites to measure: name at least one');
  const fitting = Math.max(1, Math.floor(memory / 2 / bytesPerExample));
  const batchSize = wanted ?? network.batchSize ?? Math.min(MOST_AT_ONCE, fitting);
  return {
    examples,
    shapes,
    ...lastSiteOf(network, [...shapes.keys()]),
    async *pass(sites) {
      for (let start = 0; start < examples; start += batchSize) {
        const batch = tensors.map((tensor) => tf.slice(tensor, start, Math.min(batchSize, examples - start)));
        const found = await network.activations(batch, sites).finally(() => tf.dispose(batch));
        try {
          yield found;
        } finally {
          tf.dispose(Object.values(found));
        }
      }
    },
  };
}

/** A tensor of examples for each input of a network. */
function inputTensors(inputs: ModelInputs, { inputs: names }: Network): tf.Tensor[] {
  const isNamed = typeof inputs === 'object' && !(inputs instanceof tf.Tensor) && !Array.isArray(inputs);
  const given = isNamed ? named(inputs as Record<string, tf.Tensor>, names) : (inputs as NetworkInputs);
  const tensors = inputList(given, names);
  for (const tensor of tensors) {
    if (!(tensor instanceof tf.Tensor)) throw new TypeError('the inputs must be a tensor [examples, ...]');
    if (tensor.isDisposed)
      throw new TypeError('the inputs have been disposed of: pass a tensor that still exists');
    if (!tensor.shape[0])
      throw new RangeError(
        `the inputs must be a tensor [examples, ...] of at least 1 example, got [${tensor.shape}]`,
      );
  }
  const counts = tensors.map(({ shape }) => shape[0]!);
  if (new Set(counts).size > 1)
    throw new RangeError(
      `the inputs ${names.join(', ')} have ${counts.join(', ')} examples: give the same number for each`,
    );
  return tensors;
}

function named(inputs: Readonly<Record<string, tf.Tensor>>, names: readonly string[]): tf.Tensor[] {
  const keys = Object.keys(inputs);
  const unknown = keys.find((key) => !names.includes(key));
  if (unknown === undefined) return names.flatMap((name) => inputs[name] ?? []);
  throw new RangeError(`the model has no input '${unknown}': it has ${names.join(', ')}`);
}

function lastSiteOf({ sites, lastSite }: Network, measured: readonly string[]): { lastSite?: string } {
  if (lastSite === undefined) return {};
  const end = sites.indexOf(lastSite);
  const before = sites.slice(0, end + 1).findLast((site) => measured.includes(site));
  return { lastSite: before ?? lastSite };
}

/** Runs a small batch to find the shapes of one example's activations, and the memory that an example needs. */
async function trial(
  network: Network,
  inputs: readonly tf.Tensor[],
  wanted: readonly string[] | undefined,
): Promise<{ shapes: Map<string, readonly number[]>; bytesPerExample: number }> {
  const sites = [...new Set(wanted ?? network.sites)];
  if (sites.length === 0) throw new RangeError('there are no sites to measure: name at least one');
  const size = Math.min(network.batchSize ?? 2, inputs[0]!.shape[0]!);
  const few = inputs.map((tensor) => tf.slice(tensor, 0, size));
  const before = tf.memory().numBytes;
  let found: Readonly<Record<string, tf.Tensor>> = {};
  const peakBytes = await peakBytesOf(async () => {
    found = await network.activations(few, sites);
    return Object.values(found);
  }).finally(() => tf.dispose(few));
  const shapes = new Map<string, readonly number[]>();
  try {
    for (const site of sites) {
      const { shape, dtype } = found[site]!;
      // Sites that cannot be measured are left out, unless they were asked for.
      if (shape[0] === size && dtype === 'float32') shapes.set(site, shape.slice(1));
      else if (wanted)
        throw new RangeError(
          `site '${site}' has ${dtype} numbers of shape [${shape}] for ${counted(size, 'example')}: ` +
            'choose one of float32 numbers whose first axis is the examples',
        );
    }
  } finally {
    tf.dispose(Object.values(found));
  }
  return { shapes, bytesPerExample: Math.max(1, peakBytes - before) / size };
}

/**
 * The peak memory of tensors while `body` runs, in bytes. It replaces tf.profile, which loses the error of a kernel in the
 * promise of its time, and goes on profiling after an error.
 */
async function peakBytesOf(body: () => Promise<tf.TensorContainer>): Promise<number> {
  const backend = tf.backend();
  const { state } = tf.engine() as unknown as { state: { profiling: boolean } };
  backend.time = (kernel) => {
    kernel();
    return Promise.resolve({ kernelMs: 0 });
  };
  try {
    return (await tf.profile(body)).peakBytes;
  } finally {
    Reflect.deleteProperty(backend, 'time');
    state.profiling = false;
  }
}
