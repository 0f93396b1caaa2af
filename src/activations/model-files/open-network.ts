/** Files of networks by the ends of their names. */
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FileNetwork } from './file-network';
import { openOnnx } from './onnx-network';

const EXPORT =
  'in Python, `keras.saving.load_model(PATH).export("saved_model")` makes a SavedModel, whose folder is read';

const OPENERS: Readonly<Record<string, (path: string) => Promise<FileNetwork>>> = {
  '.onnx': openOnnx,
  // TensorFlow is loaded when it is needed.
  '.json': async (path) => (await import('./tf-network.js')).openTfModel(path),
  '.pb': async (path) => {
    throw new Error(`${path} is a part of a SavedModel: name its folder`);
  },
  '.keras': notRead,
  '.h5': notRead,
  '.hdf5': notRead,
};

async function notRead(path: string): Promise<never> {
  throw new Error(`${path} is of Keras, whose files are not read: ${EXPORT}`);
}

/** Whether a path is that of a network, and not of saved activations. */
export function isNetworkFile(path: string): boolean {
  return Object.hasOwn(OPENERS, extname(path).toLowerCase()) || isSavedModel(path);
}

function isSavedModel(path: string): boolean {
  return existsSync(join(path, 'saved_model.pb'));
}

/** @throws Error that names the file and what is wrong with it */
export async function openNetwork(path: string): Promise<FileNetwork> {
  if (isSavedModel(path)) return (await import('./saved-model-network.js')).openSavedModel(path);
  return OPENERS[extname(path).toLowerCase()]!(path);
}
