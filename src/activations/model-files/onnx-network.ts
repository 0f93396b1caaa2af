/** An ONNX file as a network in which every named tensor can be a site. ONNX Runtime computes the tensors. */
import { dirname, join, resolve } from 'node:path';
import { decodeNumbers } from '../../intrinsic-dimension/files/numbers';
import type { Activation, FileNetwork, InputSpec } from './file-network';
import { type OnnxGraph, readOnnxGraph, withOutputs } from './onnx-graph';
import { type OnnxRuntime, type OrtSession, type OrtTensor, onnxRuntime } from './onnx-runtime';
import { typedNumbers } from './typed-numbers';
import { wholeFile } from './whole-file';

/** The floating-point types of activations, with the names that files of numbers have for them. */
const FLOATING: Readonly<Record<string, string>> = { float32: 'f4', float64: 'f8', float16: 'f2' };

/**
 * Opens an ONNX model. The graph gets the wanted tensors as further outputs, so that ONNX Runtime keeps them and merges no
 * operations across them.
 *
 * @throws Error that names the file and what is wrong with it, or that ONNX Runtime is not installed
 */
export async function openOnnx(path: string): Promise<FileNetwork> {
  const model = wholeFile(path);
  const runtime = onnxRuntime();
  let graph: OnnxGraph;
  try {
    graph = readOnnxGraph(model);
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as Error).message}`);
  }
  const sessions = new Sessions(runtime, model, path, graph);
  // The first session has all tensors as outputs, which shows their types.
  const { inputMetadata, outputMetadata } = await sessions.for(graph.sites.map(({ name }) => name));
  const freeAxes = (shape: readonly (number | string)[] = []): (number | null)[] =>
    shape.map((size) => (typeof size === 'number' && size >= 0 ? size : null));
  const tensors = new Map(
    outputMetadata.flatMap(({ name, isTensor, type, shape }) =>
      isTensor && type! in FLOATING ? [[name, freeAxes(shape)] as const] : [],
    ),
  );
  const inputs = inputMetadata
    .filter(({ name }) => graph.inputs.includes(name))
    .map(({ name, type, shape }): InputSpec => ({ name, type: type ?? 'no tensor', shape: freeAxes(shape) }));
  const types = new Map(inputs.map(({ name, type }) => [name, type]));
  return {
    inputs,
    sites: graph.sites.flatMap((site) => {
      const shape = tensors.get(site.name);
      if (!shape) return [];
      // A shape without axes is unknown.
      return [shape.length > 0 ? { ...site, shape } : site];
    }),
    ...(graph.lastSite === undefined ? {} : { lastSite: graph.lastSite }),
    files: [path, ...graph.weightFiles.map((file) => join(dirname(path), file))],
    run: async (numbers, sites) => {
      const session = await sessions.for(sites);
      const feeds: Record<string, OrtTensor> = {};
      for (const [name, { data, shape }] of Object.entries(numbers)) {
        const type = types.get(name)!;
        feeds[name] = new runtime.Tensor(type, typedNumbers(data, type, name), shape);
      }
      return activationsOf(await session.run(feeds, sites));
    },
    close: () => sessions.close(),
  };
}

function activationsOf(found: Readonly<Record<string, OrtTensor>>): Map<string, Activation> {
  const activations = new Map<string, Activation>();
  for (const [name, { type, dims, data }] of Object.entries(found)) {
    const code = FLOATING[type];
    if (code === undefined) continue;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const count = dims.reduce((size, axis) => size * axis, 1);
    const numbers = decodeNumbers(bytes, count, code, false);
    activations.set(name, { data: Float32Array.from(numbers), shape: [...dims] });
  }
  return activations;
}

/** Keeps the session of the sites that were asked for last. */
class Sessions {
  #key = '';
  #session: OrtSession | undefined;

  constructor(
    readonly runtime: OnnxRuntime,
    readonly model: Uint8Array,
    readonly path: string,
    readonly graph: OnnxGraph,
  ) {}

  async for(sites: readonly string[]): Promise<OrtSession> {
    const key = JSON.stringify(sites);
    if (this.#session && key === this.#key) return this.#session;
    await this.close();
    const further = sites.filter((name) => !this.graph.outputs.includes(name));
    try {
      this.#session = await this.runtime.InferenceSession.create(withOutputs(this.model, further), {
        logSeverityLevel: 3,
        // Without this folder, weights beside the model would not be found, since the model is not loaded by its path.
        extra: { session: { model_external_initializers_file_folder_path: dirname(resolve(this.path)) } },
      });
    } catch (error) {
      throw new Error(`ONNX Runtime cannot load ${this.path}: ${(error as Error).message}`);
    }
    this.#key = key;
    return this.#session;
  }

  async close(): Promise<void> {
    await this.#session?.release();
    this.#session = undefined;
  }
}
