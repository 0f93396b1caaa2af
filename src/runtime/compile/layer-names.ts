/** Which layer of tf.layers is at work, so that errors and operations of a graph can be told by its name. */
import * as tf from '@tensorflow/tfjs';
import { withMethods } from '../patch';

/** The layers at work, the innermost last. */
const atWork: string[] = [];

/** Errors that have their layer already, or that belong to none. */
const told = new WeakSet<object>();

/** The innermost layer at work. */
export function currentLayer(): string | undefined {
  return atWork.at(-1);
}

/** Runs `body`, and adds to an error that comes from a layer the layer's name. */
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

/** The error with the name of the layer at work, if there is one: it is said once. */
export function inLayer<E>(error: E): E {
  const layer = currentLayer();
  if (layer === undefined || !(error instanceof Error) || told.has(error)) return error;
  told.add(error);
  error.message += ` (in layer '${layer}')`;
  return error;
}
