/**
 * Recognises models of other copies of tfjs. npm may install two copies, whose classes differ although they compute with the same
 * engine, so that `instanceof` works only for one of them.
 */
import * as tf from '@tensorflow/tfjs';

/** The class tf.LayersModel of the copy of tfjs that a model comes from; undefined for anything else. */
export function layersClass(model: unknown): typeof tf.LayersModel | undefined {
  if (model instanceof tf.LayersModel) return tf.LayersModel;
  // A Sequential extends the class that is looked for, whose own name is Model.
  for (let type = classOf(model); type; type = Object.getPrototypeOf(type) as LayersClass | undefined) {
    if (Object.hasOwn(type, 'className') && type.className === tf.LayersModel.className) return type;
  }
  return undefined;
}

type LayersClass = typeof tf.LayersModel;

function classOf(model: unknown): LayersClass | undefined {
  const candidate = (model ?? {}) as Partial<tf.LayersModel>;
  return Array.isArray(candidate.layers) && typeof candidate.predictOnBatch === 'function'
    ? (candidate.constructor as unknown as LayersClass)
    : undefined;
}

/** True for a tf.GraphModel of any copy of tfjs. */
export function isGraphModel(model: unknown): model is tf.GraphModel {
  const candidate = (model ?? {}) as { executor?: { graph?: unknown }; executeAsync?: unknown };
  return typeof candidate.executeAsync === 'function' && candidate.executor?.graph !== undefined;
}

/** A sentence that lists the loaded copies of tfjs; empty if there is only one, or if this process cannot tell. */
export function copiesOfTfjs(): string {
  const found = Object.keys(require.cache).flatMap(
    (file) => /^(.*[\\/]@tensorflow[\\/]tfjs-layers)[\\/]dist[\\/]/.exec(file)?.[1] ?? [],
  );
  const copies = [...new Set(found)];
  return copies.length > 1 ? `Copies of tfjs are loaded from ${copies.join(' and ')}.` : '';
}
