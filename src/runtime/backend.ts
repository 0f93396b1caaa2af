/** Chooses and loads the fastest tfjs backend of this machine; the only importer of tfjs-node-gpu. */
import { join } from 'node:path';
import util from 'node:util';
import { isMainThread } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { threads } from '../threads';
import { installConvolutionKernels } from './operations/convolution-kernels';

/** What computes: which backend, on which device, and why not a faster one. */
export interface BackendInfo {
  readonly name: 'tensorflow' | 'wasm' | 'cpu';
  readonly device: 'GPU' | 'CPU';
  /** Version of TensorFlow's C++ library, or of tfjs on the other backends. */
  readonly version: string;
  /** Threads that one operation may use. */
  readonly threads: number;
  /** The set of instructions of this project's own operations, such as `avx2`, where they are used: TensorFlow on a processor. */
  readonly instructions?: string;
  /** One line that says why a faster backend is not used. */
  readonly note?: string;
}

/** The part of tfjs-node's backend that this project reaches into (pinned to 4.22.0). */
export interface TensorFlowBackend extends tf.KernelBackend {
  readonly binding: TensorFlowBinding;
  readonly isUsingGpuDevice: boolean;
  readonly tensorMap: { get(dataId: object): { dtype: number; shape: number[] } };
  executeSingleOutput(op: string, attributes: OpAttribute[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: OpAttribute[],
    inputs: tf.Tensor[],
    count: number,
  ): tf.Tensor[];
  loadSavedModelMetaGraph?(path: string): unknown;
  runSavedModel(
    id: number,
    inputs: tf.Tensor[],
    inputInfos: { name: string; dtype?: string }[],
    outputNames: string[],
  ): tf.Tensor[];
}

/** TensorFlow's C API as tfjs-node binds it: numeric type codes and SavedModel sessions. */
export interface TensorFlowBinding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_Version: string;
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(id: number): void;
}

/** An attribute of a TensorFlow operation, in tfjs-node's form. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The addon of `operations/native/operations.cc`: once loaded, TensorFlow knows its operations. */
interface Operations {
  /** The set of instructions that they use on this processor. */
  readonly instructions: string;
  setThreads(count: number): void;
  /** Keeps signals away from the main thread and from TensorFlow's; see operations/native/signals.cc. */
  receiveSignalsApart(): void;
}

let loading: Promise<BackendInfo> | undefined;

/**
 * Loads the backend once: TensorFlow's C++ library (on a GPU, then on the CPU), else WebAssembly, else plain JavaScript.
 * Everything runs on each of them; only TensorFlow compiles programs into TensorFlow graphs.
 *
 * `TF_ENABLE_ONEDNN_OPTS`, `TF_CPP_MIN_LOG_LEVEL` and `TF_FORCE_GPU_ALLOW_GROWTH` keep the values that the
 * environment gives them; `ID_BACKEND=wasm` or `cpu` skips the faster ones.
 */
export function loadBackend(): Promise<BackendInfo> {
  loading ??= chooseBackend();
  return loading;
}

/** True when operations run in TensorFlow's C++ library. */
export function usesTensorFlow(): boolean {
  return tf.getBackend() === 'tensorflow';
}

/** True when operations run in TensorFlow on the processor, for which this project has operations of its own (`native/`). */
export function hasOwnOperations(): boolean {
  return usesTensorFlow() && !tensorflowBackend().isUsingGpuDevice;
}

/** The TensorFlow backend; an error elsewhere. */
export function tensorflowBackend(): TensorFlowBackend {
  if (!usesTensorFlow())
    throw new Error(`the TensorFlow backend is needed here, but tfjs runs on '${tf.getBackend()}'`);
  return tf.backend() as TensorFlowBackend;
}

async function chooseBackend(): Promise<BackendInfo> {
  const wanted = process.env['ID_BACKEND'];
  let note: string | undefined;
  if (wanted === undefined || wanted === 'tensorflow') {
    try {
      return loadTensorFlow();
    } catch (error) {
      note = `TensorFlow is not available (${firstLine(error)}); npm run doctor says how to repair it`;
    }
  }
  if (wanted !== 'cpu') {
    try {
      await import('@tensorflow/tfjs-backend-wasm');
      if (await tf.setBackend('wasm')) return fallback('wasm', note);
    } catch (error) {
      note = `${note ? `${note}; ` : ''}WebAssembly is not available (${firstLine(error)})`;
    }
  }
  await tf.setBackend('cpu');
  return fallback('cpu', note);
}

function loadTensorFlow(): BackendInfo {
  // Read by TensorFlow's library while it loads. Without oneDNN its convolutions are up to twice slower on AMD.
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  replaceLegacyTests();
  const addon = (name: string): unknown => require(join(__dirname, '..', '..', '.cache', `${name}.node`));
  (addon('library') as { load(): void }).load();
  const operations = addon('operations') as Operations;
  if (isMainThread) operations.receiveSignalsApart();
  require('@tensorflow/tfjs-node-gpu');
  operations.setThreads(threads());
  installConvolutionKernels();
  const { binding, isUsingGpuDevice } = tensorflowBackend();
  return {
    name: 'tensorflow',
    device: isUsingGpuDevice ? 'GPU' : 'CPU',
    version: binding.TF_Version,
    threads: threads(),
    ...(isUsingGpuDevice ? {} : { instructions: operations.instructions }),
  };
}

function fallback(name: 'wasm' | 'cpu', note: string | undefined): BackendInfo {
  if (note) console.warn(`Running on the slow ${name} backend: ${note}.`);
  return { name, device: 'CPU', version: tf.version.tfjs, threads: 1, ...(note ? { note } : {}) };
}

/** tfjs-node 4.22.0 calls two functions of util that Node 22 warns of, and that Node 23 removed. */
function replaceLegacyTests(): void {
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!.trim();
}
