/** Tracks the tf.layers layer that is running, so that errors and operations of a graph can name it. */
import * as tf from '@tensorflow/tfjs';
import { withMethods } from '../patch';

/** The running layers, the innermost last. */
const atWork: string[] = [];

/** Errors that already name their layer, or that belong to none. */
const told = new WeakSet<object>();

/** The innermost running layer. */
export function currentLayer(): string | undefined {
  return atWork.at(-1);
}

/** Runs `body`, and adds the name of the layer to an error that comes from a layer. */
export function withLayerNames<R>(body: () => R): R {
  const { apply } = tf.layers.Layer.prototype;
  const named: typeof apply = function (this: tf.layers.Layer, ...from) {
    atWork.push(this.name);
    try {
      return apply.apply(this, from);
    } catch (error) {
      throw inLayer(error);
    } finally {
      atWork.pop();
    }
  };
  return withMethods(tf.layers.Layer.prototype, { apply: named }, body);
}

/** The error with the name of the running layer, if any, which is added only once. */
export function inLayer<E>(error: E): E {
  const layer = currentLayer();
  if (layer === undefined || !(error instanceof Error) || told.has(error)) return error;
  told.add(error);
  error.message += ` (in layer '${layer}')`;
  return error;
}
