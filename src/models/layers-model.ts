/** Any tf.LayersModel or tf.GraphModel, as far as its named activations are concerned. */
import * as tf from '@tensorflow/tfjs';
import type { Model } from './model';

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

/** Makes the activations of a model accessible by site: layer names of a LayersModel, node names of a GraphModel. */
export function observe(model: Model | tf.LayersModel | tf.GraphModel): Observed {
  if (model instanceof tf.LayersModel) return observeLayers(model);
  if (model instanceof tf.GraphModel) return observeGraph(model);
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
  const hidden = model.layers.filter((layer) => layer.getClassName() !== 'InputLayer');
  const sites = hidden.map(({ name }) => name);
  const classifier = hidden.findLast((layer) => layer.getWeights().length > 0);
  const feeding = classifier?.inboundNodes[0]?.inboundLayers[0]?.name;
  const lastSite = feeding !== undefined && sites.includes(feeding) ? feeding : undefined;
  return {
    sites,
    ...(lastSite === undefined ? {} : { lastSite }),
    ...fixedBatch(model.inputs[0]!.shape),
    activations: async (batch, wanted) => {
      assertSites(wanted, sites);
      const outputs = wanted.map((name) => {
        const { output } = model.getLayer(name);
        if (!Array.isArray(output)) return output;
        throw new RangeError(`layer '${name}' has ${output.length} outputs: choose a layer with one`);
      });
      // Shares the layers of the model, and so must not be disposed.
      const part = tf.model({ inputs: model.inputs, outputs });
      return tf.tidy(() => byName(wanted, part.predictOnBatch(batch)));
    },
  };
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
  throw new RangeError(`the model has no site '${unknown}': choose from ${listed}`);
}
