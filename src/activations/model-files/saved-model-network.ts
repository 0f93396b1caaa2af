/** A SavedModel of TensorFlow, as Keras's `model.export` and `tf.saved_model.save` write it, as a network. */
import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { loadBackend, tensorflowBackend } from '../../runtime/backend';
import { withTemporaryFolder } from '../../runtime/compile/temporary-folder';
import { messages } from '../../runtime/protobuf';
import type { Activation, FileNetwork } from './file-network';
import { addOutputs } from './saved-model-outputs';
import { typedNumbers } from './typed-numbers';
import { wholeFile } from './whole-file';

/** The graph of a SavedModel within its folder. */
export const SAVED_MODEL = 'saved_model.pb';

/**
 * Opens the folder of a SavedModel; its signature `serving_default` is run.
 *
 * @throws Error that names the folder and what is wrong with it, or that TensorFlow's library is not available
 */
export async function openSavedModel(folder: string): Promise<FileNetwork> {
  const { name: backend, note } = await loadBackend();
  if (backend !== 'tensorflow')
    throw new Error(
      `a SavedModel is run by TensorFlow's library, and the backend is ${backend}${note ? `: ${note}` : ''}`,
    );
  const graph = join(folder, SAVED_MODEL);
  const variables = join(resolve(folder), 'variables');
  let model: ReturnType<typeof messages>;
  let signature: ReturnType<typeof addOutputs>;
  try {
    model = messages().SavedModel.deserializeBinary(wholeFile(graph));
    signature = addOutputs(model);
  } catch (error) {
    throw new Error(`cannot read ${graph}: ${(error as Error).message}`);
  }
  const id = withTemporaryFolder((changed) => {
    writeFileSync(join(changed, SAVED_MODEL), model.serializeBinary());
    for (const part of ['variables', 'assets'])
      if (existsSync(join(folder, part))) symlinkSync(join(resolve(folder), part), join(changed, part));
    try {
      return tensorflowBackend().binding.loadSavedModel(changed, 'serve');
    } catch (error) {
      throw new Error(`TensorFlow cannot load ${folder}: ${(error as Error).message}`);
    }
  });
  const { inputs, sites } = signature;
  const tensors = new Map(sites.map(({ name, tensor }) => [name, tensor]));
  return {
    inputs,
    sites: sites.map(({ name, operator }) => ({ name, operator })),
    files: [
      graph,
      ...(existsSync(variables) ? readdirSync(variables).map((file) => join(variables, file)) : []),
    ],
    run: async (numbers, wanted) => {
      const fed = inputs.map(({ name, type, tensor }) => {
        const { data, shape } = numbers[name]!;
        // tfjs has no whole numbers of 64 bits, so the binding makes them from numbers of 32 bits.
        const own = type === 'int64' ? 'int32' : type;
        const values = typedNumbers(data, own, name) as Float32Array;
        const info = { name: tensor, ...(type === 'int64' ? { tfDtype: 'DT_INT64' } : {}) };
        return { info, tensor: tf.tensor(values, [...shape], own as 'float32') };
      });
      const found = tensorflowBackend().runSavedModel(
        id,
        fed.map(({ tensor }) => tensor),
        fed.map(({ info }) => info),
        wanted.map((site) => tensors.get(site)!),
      );
      const activations = wanted.flatMap((site, i): [string, Activation][] => {
        const { dtype, shape } = found[i]!;
        return dtype === 'float32' ? [[site, { data: found[i]!.dataSync() as Float32Array, shape }]] : [];
      });
      tf.dispose([found, fed.map(({ tensor }) => tensor)]);
      return new Map(activations);
    },
    close: async () => tensorflowBackend().binding.deleteSavedModel(id),
  };
}
