/** Opens the file of a network, whose kind follows from the end of its name. */
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FileNetwork } from './file-network';
import { openOnnx } from './onnx-network';

const OPENERS: Readonly<Record<string, (path: string) => Promise<FileNetwork>>> = {
  '.onnx': openOnnx,
  // TensorFlow is loaded only when it is needed.
  '.json': async (path) => (await import('./tf-network.js')).openTfModel(path),
  '.pb': async (path) => {
    throw new Error(`${path} is a part of a SavedModel: name its folder`);
  },
  '.keras': openKeras,
  '.h5': openKeras,
  '.hdf5': openKeras,
};

async function openKeras(path: string): Promise<FileNetwork> {
  return (await import('./keras/keras-network.js')).openKeras(path);
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
