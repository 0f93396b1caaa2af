/** Any tf.LayersModel or tf.GraphModel, as far as its named activations are concerned. */
import * as tf from '@tensorflow/tfjs';
import type { Model } from '../models/model';
import { nearest } from '../nearest';

/** Something whose activations can be had by name. */
export interface Observed {
  /** From input to output. */
  readonly sites: readonly string[];
  /** The site just before the classifier, whose intrinsic dimension is LLID; unknown for a tf.GraphModel. */
  readonly lastSite?: string;
  /** Examples that the model takes at once, where its input fixes their number. */
  readonly batchSize?: number;
  /** The activations of a batch at some sites, [batch, ...] each; the caller disposes them. */
  activations(batch: tf.Tensor, sites: readonly string[]): Promise<Readonly<Record<string, tf.Tensor>>>;
}

const NO_MODEL = "the model must be one of this project's, a tf.LayersModel or a tf.GraphModel";

/** Makes the activations of a model accessible by site: layer names of a LayersModel, node names of a GraphModel. */
export function observe(model: Model | tf.LayersModel | tf.GraphModel): Observed {
  if (typeof model !== 'object' || model === null) throw new TypeError(`${NO_MODEL}, got ${model}`);
  if (model instanceof tf.LayersModel) return observeLayers(model);
  if (model instanceof tf.GraphModel) return observeGraph(model);
  if (!Array.isArray(model.sites) || typeof model.apply !== 'function') throw new TypeError(NO_MODEL);
  return {
    sites: model.sites,
    lastSite: model.lastSite,
    activations: async (batch, sites) => {
      assertSites(sites, model.sites);
      return tf.tidy(() => ({ ...model.apply(batch, { activations: sites }).activations }));
    },
  };
}

function observeLayers(model: tf.LayersModel): Observed {
  if (model.inputs.length !== 1) {
    throw new RangeError(`a model with one input is needed, this one has ${model.inputs.length}: wrap it`);
  }
  const uses = usesIn(model);
  const tensors = layerTensors(model, uses);
  const sites = [...tensors.keys()];
  const classifier = layersIn(model, uses).findLast((layer) => layer.getWeights().length > 0);
  const feeding = classifier?.inboundNodes.find((node) => uses.has(node))?.inputTensors[0];
  const lastSite = sites.find((site) => tensors.get(site) === feeding);
  return {
    sites,
    ...(lastSite === undefined ? {} : { lastSite }),
    ...fixedBatch(model.inputs[0]!.shape),
    activations: async (batch, wanted) => {
      assertSites(wanted, sites);
      // Shares the layers of the model, and so must not be disposed.
      const part = tf.model({ inputs: model.inputs, outputs: wanted.map((site) => tensors.get(site)!) });
      return tf.tidy(() => byName(wanted, part.predictOnBatch(batch)));
    },
  };
}

/**
 * What the layers give, from input to output: under the name of the layer where that is one tensor; those of a layer
 * that gives several, or that is used several times, are `name:0`, `name:1`, ...
 */
function layerTensors(
  model: tf.LayersModel,
  uses: ReadonlySet<Node>,
): ReadonlyMap<string, tf.SymbolicTensor> {
  const tensors = new Map<string, tf.SymbolicTensor>();
  for (const layer of layersIn(model, uses)) {
    if (layer.getClassName() === 'InputLayer') continue;
    const outputs = layer.inboundNodes.filter((node) => uses.has(node)).flatMap((node) => node.outputTensors);
    for (const [i, output] of outputs.entries()) {
      tensors.set(outputs.length === 1 ? layer.name : `${layer.name}:${i}`, output);
    }
  }
  return tensors;
}

/** The layers of a model; a model that a tf.sequential begins with is not used as a layer, but its layers are. */
function layersIn(model: tf.LayersModel, uses: ReadonlySet<Node>): readonly tf.layers.Layer[] {
  return model.layers.flatMap((layer) =>
    layer instanceof tf.LayersModel && !layer.inboundNodes.some((node) => uses.has(node))
      ? layersIn(layer, uses)
      : [layer],
  );
}

type Node = tf.layers.Layer['inboundNodes'][number];

/** The uses of layers from which a model's outputs are computed: a nested model or a shared layer has others, too. */
function usesIn(model: tf.LayersModel): ReadonlySet<Node> {
  const nodes = new Set<Node>();
  const waiting = [...model.outputs];
  for (let tensor = waiting.pop(); tensor; tensor = waiting.pop()) {
    const node = tensor.sourceLayer.inboundNodes[tensor.nodeIndex]!;
    if (nodes.has(node)) continue;
    nodes.add(node);
    waiting.push(...node.inputTensors);
  }
  return nodes;
}

function observeGraph(model: tf.GraphModel): Observed {
  if (model.inputs.length !== 1) {
    throw new RangeError(`a model with one input is needed, this one has ${model.inputs.length}: wrap it`);
  }
  const input = model.inputs[0]!;
  const nodes = Object.values(nodesOf(model));
  const dependent = dependentsOf(nodesOf(model)[input.name.replace(/:0$/, '')]);
  const sites = nodes
    .filter((node) => dependent.has(node) && !NO_ACTIVATIONS.has(node.category))
    .map(({ name }) => name);
  return {
    sites,
    ...fixedBatch(input.shape),
    activations: async (batch, wanted) => {
      assertSites(
        wanted,
        nodes.map(({ name }) => name),
      );
      return byName(wanted, await execute(model, { [input.name]: batch }, [...wanted]));
    },
  };
}

/** Loops and shapes that depend on values need the asynchronous executor, which warns of graphs without them. */
async function execute(
  model: tf.GraphModel,
  inputs: tf.NamedTensorMap,
  outputs: string[],
): Promise<tf.Tensor | tf.Tensor[]> {
  try {
    return model.execute(inputs, outputs);
  } catch (error) {
    if (!/executeAsync/.test((error as Error).message)) throw error;
    return model.executeAsync(inputs, outputs);
  }
}

/** Kinds of nodes that compute nothing from the examples. */
const NO_ACTIVATIONS = new Set([
  'graph',
  'creation',
  'control',
  'hash_table',
  'transformation',
  'slice_join',
]);

interface GraphNode {
  readonly name: string;
  readonly category: string;
  readonly children: readonly GraphNode[];
}

/** tfjs keeps the nodes private; tfjs is pinned, and a test names some of a graph. */
function nodesOf(model: tf.GraphModel): Record<string, GraphNode> {
  return (model as unknown as { executor: { graph: { nodes: Record<string, GraphNode> } } }).executor.graph
    .nodes;
}

/** The nodes that are computed from one: others hold weights, and are the same for all examples. */
function dependentsOf(input: GraphNode | undefined): ReadonlySet<GraphNode> {
  const found = new Set<GraphNode>();
  const waiting = input ? [input] : [];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    for (const child of node.children) {
      if (found.has(child)) continue;
      found.add(child);
      waiting.push(child);
    }
  }
  return found;
}

function fixedBatch(shape: readonly (number | null)[] | undefined): { readonly batchSize?: number } {
  const size = shape?.[0];
  return typeof size === 'number' && size > 0 ? { batchSize: size } : {};
}

function byName(names: readonly string[], tensors: tf.Tensor | tf.Tensor[]): Record<string, tf.Tensor> {
  const list = Array.isArray(tensors) ? tensors : [tensors];
  return Object.fromEntries(names.map((name, i) => [name, list[i]!]));
}

function assertSites(wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.find((site) => !known.includes(site));
  if (unknown === undefined) return;
  const listed = known.slice(0, 20).join(', ') + (known.length > 20 ? ', ...' : '');
  throw new RangeError(
    `the model has no site '${unknown}': did you mean '${nearest(unknown, known)}'? It has ${listed}`,
  );
}
