/** The weights of a checkpoint, put into a network. */
import * as tf from '@tensorflow/tfjs';
import type { Model } from '../models/model';
import { loadCheckpoint } from './checkpoint';

/**
 * Gives a model the parameters and running statistics that a checkpoint holds, and leaves no tensors.
 *
 * @param path a file such as `out/runs/<name>/last.safetensors`
 * @returns the step of the checkpoint
 * @throws Error for a checkpoint that is damaged, or of another network: it names what is missing or has another shape
 */
export function loadWeights(model: Model, path: string): number {
  const { tensors, state } = loadCheckpoint(path);
  try {
    for (const [name, { shape }] of Object.entries(model.variables)) {
      const found = tensors[name];
      const what = found ? `has shape [${found.shape}] where the model has [${shape}]` : 'is missing';
      if (!found || !tf.util.arraysEqual(found.shape, shape))
        throw new Error(`${path} is of another network than ${model.name}: '${name}' ${what}`);
    }
    for (const [name, variable] of Object.entries(model.variables)) variable.assign(tensors[name]!);
    return state.step;
  } finally {
    tf.dispose(tensors);
  }
}
