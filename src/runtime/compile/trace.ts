/** Runs a tfjs function once, eagerly, to turn it into a graph. */
import * as tf from '@tensorflow/tfjs';
import { type OpAttribute, tensorflowBackend } from '../backend';
import { withStatelessRandom } from '../random/traced-random';
import { EntryRules } from './entry-rules';
import type { GraphNode } from './graph-def';
import { withLayerNames } from './layer-names';
import { flatten, type Outputs, type TensorFunction, TraceError } from './outputs';
import { type GraphNumber, type GraphTensor, type Operand, Recorder } from './recorder';
import { withLoops } from './recurrent-layers';
import { type OptimizerHooks, type OptimizerUse, withOptimizers } from './tfjs-optimizers';
import { withTracedKernels } from './traced-kernels';

export type { Operand } from './recorder';

/** The operations of one function at one set of input shapes. */
export interface Trace {
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly GraphTensor[];
  readonly numbers: readonly GraphNumber[];
  readonly outputs: readonly GraphTensor[];
  /** Indices of the variables that the function writes. */
  readonly writes: readonly number[];
  readonly optimizers: readonly OptimizerUse[];
  /** Puts fetched tensors, one for each of `outputs`, into the structure that the function returned. */
  restore(tensors: tf.Tensor[]): Outputs;
}

/** What to trace. */
export interface TraceOptions {
  /** The entry's name, for messages. */
  readonly entry: string;
  /** Prefix of all node names, ending in `/`. */
  readonly scope: string;
  readonly body: TensorFunction;
  readonly inputs: readonly tf.Tensor[];
  readonly variables: readonly tf.Variable[];
  /** One of the variables: int32 [seed, step]. */
  readonly random: tf.Variable;
  /** Reports other variables that `body` uses as missing ones, instead of rejecting them. */
  readonly adopts: boolean;
}

/** A trace, with the optimisers' variables that follow the given ones; or the variables that are missing for it. */
export type TraceResult =
  | { readonly trace: Trace; readonly added: Readonly<Record<string, tf.Variable>> }
  | { readonly missing: Readonly<Record<string, tf.Variable>> };

/** Set while a function is being traced. */
let recorder: Recorder | undefined;

/**
 * While a graph is traced, updates variables by one TensorFlow operation on resources, such as `ResourceApplyAdam`. `eagerly`
 * computes the same update with ordinary operations. It runs outside a trace, and keeps the values meaningful during tracing.
 */
export function updateVariables(
  op: string,
  attributes: readonly OpAttribute[],
  operands: readonly Operand[],
  eagerly: () => void,
): void {
  if (recorder) recorder.update(op, attributes, operands, eagerly);
  else eagerly();
}

/**
 * Traces `body` for inputs of these shapes and types. Variables and optimisers do not change. In the graph, each variable that
 * `body` reads is read once at the start, and written at the end if `body` assigned it.
 */
export function trace(options: TraceOptions): TraceResult {
  const { entry, scope, body, inputs, variables, random, adopts } = options;
  if (recorder)
    throw new TraceError(
      `'${entry}' is run while another entry is traced: programs do not nest; after a trace that Stop cut off, restart the kernel`,
    );
  // Tensors are identified by their data, so inputs and variables get data of their own during tracing.
  const before = new Map<tf.Variable, tf.Tensor>();
  const save = (variable: tf.Variable): void => {
    before.set(variable, tf.keep(variable.clone()));
  };
  const setApart = (variable: tf.Variable): void => tf.tidy(() => variable.assign(copyOf(variable)));
  variables.forEach(save);
  const handles = inputs.map((tensor) => tf.keep(copyOf(tensor)));
  variables.forEach(setApart);

  const state = new Set<tf.Variable>(); // of optimisers
  const [missing, added]: Record<string, tf.Variable>[] = [{}, {}];
  const adopt = (variable: tf.Variable): void => {
    if (Object.values(missing!).includes(variable)) return;
    missing![unused(missing!, variable.name, variable)] = variable;
    if (!before.has(variable)) hooks.aside(() => save(variable));
  };
  const recording = new Recorder(entry, scope, variables, adopts ? adopt : undefined);
  const placeholders = handles.map((tensor, i) => recording.input(tensor, i));
  const rules = new EntryRules(entry, (variable) => {
    if (variables.includes(variable) || state.has(variable)) return true;
    if (adopts) adopt(variable);
    return adopts;
  });
  const hooks: OptimizerHooks = {
    learningRate: (optimizer) => recording.learningRate(optimizer),
    aside: (run) => {
      const { length } = rules.kept;
      try {
        recording.aside(run);
      } finally {
        rules.kept.length = length; // what is kept aside stays
      }
    },
    update: (run) => rules.update(run),
    // Optimisers bring variables that cannot be listed beforehand.
    state: (found) => {
      for (const [name, variable] of Object.entries(found)) {
        if (variables.includes(variable) || state.has(variable)) continue;
        state.add(variable);
        hooks.aside(() => {
          if (!rules.created.has(variable)) save(variable);
          setApart(variable);
        });
        added![unused(added!, name, variable)] = variable;
        recording.add(variable);
      }
    },
  };
  const run = (): TraceResult => {
    const { result, uses } = withOptimizers(hooks, () => withStatelessRandom(random, () => body(...handles)));
    const { leaves, places, restore } = flatten(entry, result);
    leaves.forEach((tensor, i) => {
      if (tensor.isDisposed) throw new TraceError(`'${entry}' disposes ${places[i]}; return it undisposed`);
    });
    rules.assertOnly(state);
    if (Object.keys(missing!).length > 0) return { missing: missing! };
    const outputs = recording.outputs(leaves);
    const { graph, numbers, writes } = recording;
    const { nodes } = graph;
    const trace = { nodes, inputs: placeholders, numbers, outputs, writes, optimizers: uses, restore };
    return { trace, added: added! };
  };

  recorder = recording;
  const engine = tf.engine();
  engine.startScope(scope);
  try {
    return recording.record(
      () => rules.refuseRead(),
      () => rules.enforce(() => withTracedKernels(() => withLayerNames(() => withLoops(recording, run)))),
    );
  } catch (error) {
    throw explained(entry, error);
  } finally {
    recorder = undefined;
    tf.dispose(rules.kept);
    engine.endScope();
    for (const [variable, value] of [...before, ...rules.created]) {
      if (before.has(variable) || state.has(variable)) variable.assign(value);
      else variable.dispose();
      value.dispose();
    }
    tf.dispose(handles);
  }
}

/** The name, or another one if it already belongs to another variable. */
function unused(names: object, name: string, { id }: tf.Variable): string {
  return name in names ? `${name}#${id}` : name;
}

/** The error with a better message, since tfjs's own one for a disposed tensor names neither the entry nor the tensor. */
function explained(entry: string, error: unknown): unknown {
  if (!(error instanceof TypeError && /reading 'backend'/.test(error.message))) return error;
  return new TraceError(`'${entry}' uses a tensor that is disposed; dispose it after its last use`, {
    cause: error,
  });
}

/** A copy of a tensor with data of its own, so that its dataId is unique. */
function copyOf(tensor: tf.Tensor): tf.Tensor {
  const { dataId, shape, dtype } = tensor;
  // dataSync is not used, since entries may not call it, but the new state of an optimiser must be read.
  const data = dtype === 'string' ? tensor.dataSync() : tensorflowBackend().readSync(dataId);
  return tf.tensor((data as Float32Array).slice(), shape, dtype);
}
