/** A file of Keras, .keras or .h5, as a network whose layers are sites. */

import { bufferBytes } from '../../../intrinsic-dimension/files/byte-source';
import { unpacked, zipEntries } from '../../../intrinsic-dimension/files/zip';
import { loadBackend } from '../../../runtime/backend';
import type { FileNetwork } from '../file-network';
import { modelNetwork } from '../tf-network';
import { wholeFile } from '../whole-file';
import { type BuiltLayer, buildModel } from './build-model';
import { layerConfig } from './configuration';
import { type Hdf5, openHdf5 } from './hdf5';
import { Untranslated } from './layer-options';
import { setLegacyWeights, setWeights } from './weights';

const CURE =
  'in Python, keras.saving.load_model(PATH).export("saved_model") makes a SavedModel, whose folder is read instead';

/**
 * Opens a model that Keras 2 or 3 has saved, whichever backend it was run with. No code in the file is executed.
 *
 * @throws Error that names the file and what is wrong with it, or the layer that cannot be translated
 */
export async function openKeras(path: string): Promise<FileNetwork> {
  const bytes = wholeFile(path);
  await loadBackend();
  let built: ReturnType<typeof buildModel> | undefined;
  try {
    const isZip = bytes.length >= 4 && bytes.readUInt32LE(0) === 0x04034b50;
    const file = isZip ? await archive(bytes) : await legacy(bytes);
    try {
      built = buildModel(layerConfig(file.config), file.keras);
      if (isZip) setWeights(file.weights, built.layers);
      else setLegacyWeights(file.weights, built.layers, 'model_weights');
      const types = new Map(typesOf(built.layers));
      return modelNetwork(built.model, {
        files: [path],
        operatorOf: (layer) => types.get(layer.name) ?? layer.getClassName(),
        notes: notesOf(file.config),
      });
    } finally {
      file.weights.close();
    }
  } catch (error) {
    built?.model.dispose();
    const { message } = error as Error;
    throw new Error(
      error instanceof Untranslated
        ? `${path} cannot be translated: ${message}: ${CURE}`
        : `cannot read ${path}: ${message}`,
    );
  }
}

/** The contents of a file. */
interface KerasFile {
  readonly config: unknown;
  /** The major version of Keras that wrote it. */
  readonly keras: number;
  readonly weights: Hdf5;
}

/** A .keras file: an archive with the configuration and the weights. */
async function archive(bytes: Buffer): Promise<KerasFile> {
  const source = bufferBytes(bytes);
  const entries = zipEntries(source);
  const read = async (name: string): Promise<Buffer | undefined> => {
    const entry = entries.get(name);
    if (!entry) return undefined;
    const part = await unpacked(source, entry);
    try {
      return part.read(0, part.size);
    } finally {
      part.close();
    }
  };
  const [config, metadata] = [await read('config.json'), await read('metadata.json')];
  if (!config || !metadata)
    throw new Error(
      `it is a zip archive, but none of Keras, which has config.json and metadata.json: it has ${[...entries.keys()].slice(0, 5).join(', ') || 'nothing'}`,
    );
  const weights = await read('model.weights.h5');
  if (!weights)
    throw new Untranslated(
      entries.has('model.weights.json') ? 'its weights lie in several files' : 'it has no model.weights.h5',
    );
  const { keras_version } = json(metadata.toString('utf8'), 'metadata.json') as { keras_version?: unknown };
  return {
    config: json(config.toString('utf8'), 'config.json'),
    keras: majorOf(keras_version),
    weights: await openHdf5(weights),
  };
}

/** A .h5 file, whose attribute holds the configuration. */
async function legacy(bytes: Buffer): Promise<KerasFile> {
  const weights = await openHdf5(bytes);
  try {
    const config = weights.texts('', 'model_config')?.[0];
    if (config === undefined)
      throw new Error(
        "it has weights, or something else, but no model_config: save the whole model with model.save('model.h5')",
      );
    return {
      config: json(config, 'model_config'),
      keras: majorOf(weights.texts('', 'keras_version')?.[0]),
      weights,
    };
  } catch (error) {
    weights.close();
    throw error;
  }
}

function json(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`its ${what} is no JSON: ${(error as Error).message}`);
  }
}

/** The major version of Keras, which files of the first versions do not contain. */
function majorOf(version: unknown): number {
  return Number.parseInt(String(version), 10) || 2;
}

function typesOf(layers: readonly BuiltLayer[]): [string, string][] {
  return layers.flatMap(({ layer, type, layers: inside = [] }): [string, string][] =>
    layer ? [[layer.name, type]] : typesOf(inside),
  );
}

/** Notes on a model that is run in float32 here, and in lower precision in Keras. */
function notesOf(config: unknown): string[] {
  const policies = [...JSON.stringify(config).matchAll(/"(mixed_\w+|float16|bfloat16)"/g)].map(
    ([, name]) => name,
  );
  return policies.length === 0
    ? []
    : [`it is run in float32, and Keras runs it in ${policies[0]}: the values differ by what that rounds`];
}
