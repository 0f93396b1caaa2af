/** A model.json of tfjs, with layers or as a graph, as a network whose layers or nodes are sites. */
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../runtime/backend';
import { networkOf } from '../sources/any-model';
import type { Activation, FileNetwork, NetworkSite } from './file-network';
import { typedNumbers } from './typed-numbers';
import { wholeFile } from './whole-file';

/** The part of a model.json that is read (tf.io.ModelJSON). */
interface ModelJson extends tf.io.ModelJSON {
  readonly modelTopology: { readonly node?: readonly { readonly name: string; readonly op: string }[] };
}

/**
 * Opens a model that `model.save` or tensorflowjs_converter has written: model.json, and its weights beside it.
 *
 * @throws Error that names the file and what is wrong with it
 */
export async function openTfModel(path: string): Promise<FileNetwork> {
  await loadBackend();
  const json = readJson(path);
  const weightFiles = json.weightsManifest.flatMap(({ paths }) =>
    paths.map((part) => join(dirname(path), part)),
  );
  const handler: tf.io.IOHandler = {
    load: async () => {
      const data = Buffer.concat(weightFiles.map((file) => wholeFile(file)));
      // This copy begins at the first byte of its memory.
      const weights = new Uint8Array(data).buffer;
      return tf.io.getModelArtifactsForJSON(json, async (manifest) => [
        manifest.flatMap((group) => group.weights),
        weights,
      ]);
    },
  };
  const isGraph = json.modelTopology.node !== undefined;
  const files = [path, ...weightFiles];
  try {
    return isGraph
      ? modelNetwork(await tf.loadGraphModel(handler), { files, nodes: json.modelTopology.node! })
      : modelNetwork(await tf.loadLayersModel(handler), { files });
  } catch (error) {
    throw new Error(`cannot load ${path}: ${(error as Error).message}`);
  }
}

/** What is known about a model besides the model itself. */
interface ModelOrigin extends Pick<FileNetwork, 'files' | 'notes'> {
  /** The nodes of a graph. */
  readonly nodes?: readonly { readonly name: string; readonly op: string }[];
  /** The name of a layer's class in the library that saved the model. @default its class in tfjs */
  readonly operatorOf?: (layer: tf.layers.Layer) => string;
}

/** A model of tfjs, which was read from files, as a network. */
export function modelNetwork(
  model: tf.LayersModel | tf.GraphModel,
  { files, notes, nodes, operatorOf = (layer) => layer.getClassName() }: ModelOrigin,
): FileNetwork {
  const { inputs: names, sites, lastSite, activations } = networkOf(model);
  let perExample: number | undefined;
  const measured = async (compute: () => ReturnType<typeof activations>): ReturnType<typeof activations> => {
    const before = tf.memory().numBytes;
    let found: Awaited<ReturnType<typeof activations>> = {};
    const { peakBytes } = await tf.profile(async () => {
      found = await compute();
      return Object.values(found);
    });
    const examples = Object.values(found)[0]?.shape[0] ?? 1;
    perExample = Math.max(0, peakBytes - before) / Math.max(1, examples);
    return found;
  };
  return {
    inputs: model.inputs.map(({ dtype, shape }, i) => ({
      name: names[i]!.replace(/:0$/, ''),
      type: dtype,
      shape: (shape ?? []).map((size) => (typeof size === 'number' && size >= 0 ? size : null)),
    })),
    sites: model instanceof tf.LayersModel ? layersOf(model, sites, operatorOf) : nodesOf(nodes ?? [], sites),
    ...(lastSite === undefined ? {} : { lastSite }),
    files,
    ...(notes ? { notes } : {}),
    run: async (numbers, wanted) => {
      const batch = model.inputs.map((spec, i) => {
        const name = names[i]!.replace(/:0$/, '');
        const { data, shape } = numbers[name]!;
        const type = spec.dtype as 'float32';
        return tf.tensor(typedNumbers(data, type, name) as Float32Array, [...shape], type);
      });
      const compute = (): ReturnType<typeof activations> => activations(batch, wanted);
      const found = await (perExample === undefined ? measured(compute) : compute()).finally(() =>
        tf.dispose(batch),
      );
      try {
        return new Map(Object.entries(found).flatMap(([site, tensor]) => activationOf(site, tensor)));
      } finally {
        tf.dispose(Object.values(found));
      }
    },
    bytesPerExample: () => perExample ?? 0,
    close: async () => disposeWhole(model),
  };
}

/** Disposes of a model with its weights. By itself, tfjs would keep the weights of layers that are used several times. */
function disposeWhole(model: tf.LayersModel | tf.GraphModel): void {
  const weights = model instanceof tf.LayersModel ? model.getWeights() : [];
  model.dispose();
  tf.dispose(weights);
}

function readJson(path: string): ModelJson {
  const bytes = wholeFile(path);
  let json: Partial<ModelJson>;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new Error(`cannot read ${path}: it is no JSON: ${(error as Error).message}`);
  }
  if (!json.modelTopology || !Array.isArray(json.weightsManifest))
    throw new Error(
      `cannot read ${path}: a model.json of tfjs has modelTopology and weightsManifest, and this file has ${Object.keys(json)}`,
    );
  return json as ModelJson;
}

function activationOf(site: string, tensor: tf.Tensor): (readonly [string, Activation])[] {
  if (tensor.dtype !== 'float32') return [];
  return [[site, { data: tensor.dataSync() as Float32Array, shape: tensor.shape }]];
}

/** Layers with their classes and shapes; the outputs of a layer used several times are `name:0`, `name:1`, ... */
function layersOf(
  model: tf.LayersModel,
  sites: readonly string[],
  operatorOf: (layer: tf.layers.Layer) => string,
): NetworkSite[] {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  return sites.map((name) => {
    const layer = layers.get(name);
    const shape = layer?.outputShape;
    const used = layer ?? layers.get(name.replace(/:\d+$/, ''));
    return {
      name,
      operator: used ? operatorOf(used) : '',
      ...(shape && !Array.isArray(shape[0]) ? { shape: shape as (number | null)[] } : {}),
    };
  });
}

function nodesOf(nodes: NonNullable<ModelOrigin['nodes']>, sites: readonly string[]): NetworkSite[] {
  const operators = new Map(nodes.map(({ name, op }) => [name, op]));
  return sites.map((name) => ({ name, operator: operators.get(name) ?? '' }));
}
