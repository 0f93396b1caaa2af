/** Loads the weights of a checkpoint into a network. */
import * as tf from '@tensorflow/tfjs';
import type { Model } from '../models/model';
import { loadCheckpoint } from './checkpoint';
import { isOptimizerState } from './optimizers';
import { isBottleneckParameter } from './regularizers';

/**
 * Gives a model the parameters and running statistics of a checkpoint, and leaves no tensors behind. The state of the optimiser
 * and the parameters of a bottleneck regulariser, which are also in the checkpoint, are ignored.
 *
 * @param path a file such as `out/runs/<name>/last.safetensors`
 * @returns the step of the checkpoint
 * @throws Error for a damaged checkpoint, or one of another network; it names the variable that is missing, has another shape,
 *   or is not in the model
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
    const foreign = Object.keys(tensors).filter(
      (name) => !(name in model.variables || isOptimizerState(name) || isBottleneckParameter(name)),
    );
    if (foreign.length > 0) {
      const more = foreign.length > 1 ? ` and ${foreign.length - 1} more` : '';
      throw new Error(
        `${path} is of another network than ${model.name}: it has '${foreign[0]}'${more}, which the model does not have`,
      );
    }
    for (const [name, variable] of Object.entries(model.variables)) variable.assign(tensors[name]!);
    return state.step;
  } finally {
    tf.dispose(tensors);
  }
}
