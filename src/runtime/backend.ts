/** Chooses and loads the fastest tfjs backend of this machine. No other file imports tfjs-node. */
import { join } from 'node:path';
import util from 'node:util';
import { isMainThread } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { nearest } from '../given';
import { IS_INSTALLED } from '../installed';
import { threads } from '../threads';
import { bindingPath, TENSORFLOW_CURE } from './binding';
import { installConvolutionKernels } from './operations/convolution-kernels';

/** The backends, the fastest first. */
const BACKENDS = ['tensorflow', 'wasm', 'cpu'] as const;

/** The backend in use, its device, and the reason why no faster one is used. */
export interface BackendInfo {
  readonly name: (typeof BACKENDS)[number];
  readonly device: 'GPU' | 'CPU';
  /** Version of TensorFlow's C++ library, or of tfjs on the other backends. */
  readonly version: string;
  /** The number of threads that one operation may use. */
  readonly threads: number;
  /** The instruction set of this project's own operations, such as `avx2`; they are used with TensorFlow on a CPU. */
  readonly instructions?: string;
  /** One line that says why a faster backend is not used. */
  readonly note?: string;
}

/** The internal part of tfjs-node's backend that this project uses (pinned to 4.22.0). */
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
  /** The instruction set that they use on this processor. */
  readonly instructions: string;
  setThreads(count: number): void;
  /** Keeps signals away from the main thread and from TensorFlow's threads; see operations/native/signals.cc. */
  receiveSignalsApart(): void;
}

let loading: Promise<BackendInfo> | undefined;

/**
 * Loads the backend once: TensorFlow's C++ library (on a GPU if possible, otherwise on the CPU), or else WebAssembly, or else
 * plain JavaScript. TensorFlow is ready when this function returns, the others when its promise resolves.
 *
 * Only TensorFlow compiles programs into TensorFlow graphs. Plain JavaScript runs everything else, slowly. WebAssembly
 * lacks the gradients of convolutions and embeddings: it runs networks that have them, but cannot train them.
 *
 * `TF_ENABLE_ONEDNN_OPTS`, `TF_CPP_MIN_LOG_LEVEL` and `TF_FORCE_GPU_ALLOW_GROWTH` keep the values that the
 * environment gives them; `ID_BACKEND=wasm` or `cpu` skips the faster ones.
 *
 * @throws RangeError if ID_BACKEND is not tensorflow, wasm or cpu
 */
export function loadBackend(): Promise<BackendInfo> {
  loading ??= chooseBackend();
  return loading;
}

/**
 * Loads the backend if none has been chosen yet, for functions that cannot wait. TensorFlow is ready at once; if it is not
 * available, tfjs continues with its present backend until the other one is loaded.
 *
 * @throws RangeError like {@link loadBackend}
 */
export function requestBackend(): void {
  if (loading || !UNCHOSEN.has(tf.getBackend())) return;
  wantedBackend();
  void loadBackend();
}

/** The backends of tfjs before any choice: none, or plain JavaScript. */
const UNCHOSEN: ReadonlySet<string | undefined> = new Set([undefined, '', 'cpu']);

/** True if operations run in TensorFlow's C++ library. */
export function usesTensorFlow(): boolean {
  return tf.getBackend() === 'tensorflow';
}

/** True if operations run in TensorFlow on the CPU, for which this project has operations of its own (`native/`). */
export function hasOwnOperations(): boolean {
  return !IS_INSTALLED && usesTensorFlow() && !tensorflowBackend().isUsingGpuDevice;
}

/** The TensorFlow backend. @throws Error on any other backend */
export function tensorflowBackend(): TensorFlowBackend {
  if (!usesTensorFlow())
    throw new Error(`the TensorFlow backend is needed here, but tfjs runs on '${tf.getBackend()}'`);
  return tf.backend() as TensorFlowBackend;
}

async function chooseBackend(): Promise<BackendInfo> {
  const wanted = wantedBackend();
  let note: string | undefined;
  if (wanted === undefined || wanted === 'tensorflow') {
    try {
      return loadTensorFlow();
    } catch (error) {
      note = `TensorFlow is not available (${firstLine(error)}); ${TENSORFLOW_CURE}`;
    }
  }
  if (wanted !== 'cpu') {
    try {
      await import('@tensorflow/tfjs-backend-wasm');
      if (await startWasm()) return fallback('wasm', note);
    } catch (error) {
      note = `${note ? `${note}; ` : ''}WebAssembly is not available (${firstLine(error)})`;
    }
  }
  await tf.setBackend('cpu');
  return fallback('cpu', note);
}

/** Starts WebAssembly without its module's listeners: they throw each error again, and Node then prints the module's one long line. */
async function startWasm(): Promise<boolean> {
  const emitter: NodeJS.EventEmitter = process;
  const before = ['uncaughtException', 'unhandledRejection'].map((event) => ({
    event,
    listeners: new Set(emitter.listeners(event)),
  }));
  const started = await tf.setBackend('wasm');
  for (const { event, listeners } of before)
    for (const listener of emitter.listeners(event) as ((...given: unknown[]) => void)[])
      if (!listeners.has(listener)) emitter.off(event, listener);
  return started;
}

/** The backend that ID_BACKEND names, if it is set. */
function wantedBackend(): BackendInfo['name'] | undefined {
  const wanted = process.env['ID_BACKEND'];
  if (wanted === undefined) return undefined;
  const known = BACKENDS.find((name) => name === wanted);
  if (known) return known;
  throw new RangeError(
    `ID_BACKEND is '${wanted}': did you mean '${nearest(wanted, BACKENDS)}'? It must be one of ${BACKENDS.join(', ')}`,
  );
}

function loadTensorFlow(): BackendInfo {
  // Read by TensorFlow's library while it loads. Without oneDNN its convolutions are up to twice slower on AMD.
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  replaceLegacyTests();
  const operations = IS_INSTALLED ? undefined : ownAddons();
  if (isMainThread) operations?.receiveSignalsApart();
  require(bindingPath());
  assertOneCopy();
  leaveOutProgressBars();
  operations?.setThreads(threads());
  installConvolutionKernels();
  const { binding, isUsingGpuDevice } = tensorflowBackend();
  return {
    name: 'tensorflow',
    device: isUsingGpuDevice ? 'GPU' : 'CPU',
    version: binding.TF_Version,
    threads: threads(),
    ...(isUsingGpuDevice || !operations ? {} : { instructions: operations.instructions }),
  };
}

/** Loads TensorFlow's library, and the operations that set-up has compiled; an installed package has none. */
function ownAddons(): Operations {
  const addon = (name: string): unknown => require(join(__dirname, '..', '..', '.cache', `${name}.node`));
  (addon('library') as { load(): void }).load();
  return addon('operations') as Operations;
}

/** Rejects a binding of another release, which brings its own copy of tfjs and registers TensorFlow there. */
function assertOneCopy(): void {
  if (tf.findBackend('tensorflow')) return;
  throw new Error(
    `@tensorflow/tfjs-node uses another copy of tfjs than this package: install its release ${tf.version.tfjs}`,
  );
}

/** tfjs-node's bar over the batches of an epoch needs a terminal; elsewhere all that it draws is an empty line of standard error. */
function leaveOutProgressBars(): void {
  if (process.stderr.isTTY) return;
  const { progressBarHelper } = require(bindingPath('/dist/callbacks.js')) as {
    progressBarHelper: { ProgressBar: unknown };
  };
  progressBarHelper.ProgressBar = class {
    readonly tick = (): void => undefined;
  };
}

function fallback(name: 'wasm' | 'cpu', note: string | undefined): BackendInfo {
  if (note) console.warn(`Running on the slow ${name} backend: ${note}.`);
  return { name, device: 'CPU', version: tf.version.tfjs, threads: 1, ...(note ? { note } : {}) };
}

/** Replaces two functions of util that tfjs-node 4.22.0 calls. Node 22 warns of them, and Node 23 has removed them. */
function replaceLegacyTests(): void {
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!.trim();
}
