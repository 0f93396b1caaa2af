/** The nodes of a tf.GraphModel as sites. */
import type * as tf from '@tensorflow/tfjs';
import { nearest } from '../../given';
import { byName, fixedBatch, inputList, type Network } from './network';

/** A network whose sites are the names of nodes. */
export function graphNetwork(model: tf.GraphModel): Network {
  const inputs = model.inputs.map(({ name }) => name);
  const byNode = nodesOf(model);
  const dependent = dependentsOf(inputs.map((name) => byNode[nodeName(name)]!));
  const isSite = (node: GraphNode): boolean => dependent.has(node) && !NO_ACTIVATIONS.has(node.category);
  const sites = Object.values(byNode)
    .filter(isSite)
    .map(({ name }) => name);
  const lastSite = lastSiteOf(
    model.outputs.map(({ name }) => byNode[nodeName(name)]!),
    dependent,
    isSite,
  );
  return {
    inputs,
    sites,
    ...(lastSite === undefined ? {} : { lastSite }),
    ...fixedBatch(model.inputs[0]?.shape),
    activations: async (batch, wanted) => {
      assertNodes(wanted, byNode, sites);
      const list = inputList(batch, inputs);
      const named = Object.fromEntries(inputs.map((name, i) => [name, list[i]!]));
      return byName(wanted, await execute(model, named, [...wanted]));
    },
  };
}

/** Accepts any node; nodes that are not activations of the examples are not suggested. */
function assertNodes(
  wanted: readonly string[],
  nodes: Readonly<Record<string, GraphNode>>,
  sites: readonly string[],
): void {
  const unknown = wanted.find((site) => !Object.hasOwn(nodes, site));
  if (unknown === undefined) return;
  const listed = sites.slice(0, 20).join(', ') + (sites.length > 20 ? ', ...' : '');
  throw new RangeError(
    `the model has no node '${unknown}': did you mean '${nearest(unknown, Object.keys(nodes))}'? Its sites are ${listed}; ` +
      'modelSites(model) lists all',
  );
}

/**
 * The input of the classifier, which is the last product with weights on the way to the outputs. Undefined if the outputs come
 * from several such products, or from none.
 */
function lastSiteOf(
  outputs: readonly GraphNode[],
  dependent: ReadonlySet<GraphNode>,
  isSite: (node: GraphNode) => boolean,
): string | undefined {
  const classifiers = new Set<GraphNode>();
  const seen = new Set<GraphNode>();
  const waiting = [...outputs];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    const from = node.inputs.filter((input) => dependent.has(input));
    if (PRODUCT.test(node.op) && from.length === 1) classifiers.add(node);
    else waiting.push(...from);
  }
  const [classifier] = classifiers;
  if (!classifier || classifiers.size > 1) return undefined;
  const feeding = (node: GraphNode): GraphNode | undefined =>
    node.inputs.find((input) => dependent.has(input));
  for (let node = feeding(classifier); node; node = feeding(node)) if (isSite(node)) return node.name;
  return undefined;
}

/** Operations that multiply by weights, alone or fused with the next operation. */
const PRODUCT = /MatMul|Conv|Einsum/;

/** `x:0` is the first output of the node `x`. */
function nodeName(tensor: string): string {
  return tensor.replace(/:\d+$/, '');
}

/** Runs the graph. Loops and value-dependent shapes need the asynchronous executor, which warns if a graph has none. */
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

/** Operations that compute nothing from the examples. */
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
  readonly op: string;
  readonly category: string;
  readonly inputs: readonly GraphNode[];
  readonly children: readonly GraphNode[];
}

/** The nodes, which tfjs keeps private; tfjs is pinned, and a test names some nodes of a graph. */
function nodesOf(model: tf.GraphModel): Record<string, GraphNode> {
  return (model as unknown as { executor: { graph: { nodes: Record<string, GraphNode> } } }).executor.graph
    .nodes;
}

/** The nodes that depend on the inputs; others hold weights, and are the same for all examples. */
function dependentsOf(inputs: readonly GraphNode[]): ReadonlySet<GraphNode> {
  const found = new Set<GraphNode>();
  const waiting = [...inputs];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    for (const child of node.children) {
      if (found.has(child)) continue;
      found.add(child);
      waiting.push(child);
    }
  }
  return found;
}
