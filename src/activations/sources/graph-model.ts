/** The nodes of a tf.GraphModel as sites. */
import type * as tf from '@tensorflow/tfjs';
import { assertSites, byName, fixedBatch, type Network } from './network';

/** Sites are the names of nodes. */
export function graphNetwork(model: tf.GraphModel): Network {
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
