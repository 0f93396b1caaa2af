/** The layers of a tf.LayersModel as sites. */
import * as tf from '@tensorflow/tfjs';
import { withLayerNames } from '../../runtime/compile/layer-names';
import { layersClass } from '../../runtime/tfjs-copies';
import { assertSites, byName, fixedBatch, inputList, type Network } from './network';
import { withFreshStates } from './recurrent-states';

/**
 * A network whose sites are the names of layers.
 *
 * @param type the class tf.LayersModel of the copy of tfjs that the model comes from
 */
export function layersNetwork(model: tf.LayersModel, type: typeof tf.LayersModel): Network {
  // Not those of the tensors, to which tfjs appends a number from the second model of a process on.
  const inputs = model.inputs.map(({ sourceLayer }) => sourceLayer.name);
  const uses = usesIn(model);
  const tensors = layerTensors(model, uses);
  const sites = [...tensors.keys()];
  const classifier = layersIn(model, uses).findLast((layer) => layer.getWeights().length > 0);
  const feeding = classifier?.inboundNodes.find((node) => uses.has(node))?.inputTensors[0];
  const lastSite = sites.find((site) => tensors.get(site) === feeding);
  return {
    inputs,
    sites,
    ...(lastSite === undefined ? {} : { lastSite }),
    ...fixedBatch(model.inputs[0]!.shape),
    activations: async (batch, wanted) => {
      assertSites(wanted, sites);
      // This model shares its layers with the original, and so must not be disposed.
      const part = new type({ inputs: model.inputs, outputs: wanted.map((site) => tensors.get(site)!) });
      const list = inputList(batch, inputs);
      return tf.tidy(() =>
        withFreshStates(model, () =>
          byName(
            wanted,
            withLayerNames(() => part.predictOnBatch(list.length === 1 ? list[0]! : list)),
          ),
        ),
      );
    },
  };
}

/**
 * The outputs of the layers, from input to output. A single output has the name of its layer; those of a layer with several
 * outputs, or of one that is used several times, are `name:0`, `name:1`, ...
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

/** The layers of a model. A model at the beginning of a tf.sequential is not used as a layer, but its layers are. */
function layersIn(model: tf.LayersModel, uses: ReadonlySet<Node>): readonly tf.layers.Layer[] {
  return model.layers.flatMap((layer) =>
    layersClass(layer) && !layer.inboundNodes.some((node) => uses.has(node))
      ? layersIn(layer as unknown as tf.LayersModel, uses)
      : [layer],
  );
}

type Node = tf.layers.Layer['inboundNodes'][number];

/** The uses of layers that lead to the model's outputs; a nested model or a shared layer has other uses, too. */
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
