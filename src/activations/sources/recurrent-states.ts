/** The states of stateful recurrent layers while a model is measured. */
import * as tf from '@tensorflow/tfjs';

/** Private parts of tf.layers; tfjs is pinned, and a test measures such a model. */
interface StatefulLayer {
  readonly stateful: boolean;
  /** Null before the first batch. */
  readonly states: readonly (tf.Tensor | null)[];
  resetStates(states?: readonly tf.Tensor[]): void;
}

/**
 * Runs `body` with all states at 0, so that the activations of an example do not depend on earlier batches. Afterwards, the
 * layers have their former states again.
 */
export function withFreshStates<R>(model: tf.LayersModel, body: () => R): R {
  const layers = statefulLayers(model);
  const before = layers.map(({ states }) => states.flatMap((state) => state?.clone() ?? []));
  for (const layer of layers) layer.resetStates();
  try {
    return body();
  } finally {
    layers.forEach((layer, i) => {
      layer.resetStates(before[i]!.length === 0 ? undefined : before[i]);
    });
    tf.dispose(before);
  }
}

function statefulLayers(model: tf.LayersModel): StatefulLayer[] {
  const inside = (layer: object): StatefulLayer[] => {
    const {
      layers,
      layer: wrapped,
      forwardLayer,
      backwardLayer,
      states,
      stateful,
    } = layer as Partial<
      Record<'layer' | 'forwardLayer' | 'backwardLayer', object> &
        StatefulLayer & { readonly layers: readonly object[] }
    >;
    const parts = [...(layers ?? []), forwardLayer, backwardLayer, ...(forwardLayer ? [] : [wrapped])];
    const found = parts.flatMap((part) => (part ? inside(part) : []));
    return stateful && Array.isArray(states) ? [layer as StatefulLayer, ...found] : found;
  };
  return [...new Set(inside(model))];
}
