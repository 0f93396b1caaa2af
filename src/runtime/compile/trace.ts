/** Runs a tfjs function once, eagerly, to make a graph of it. */
import * as tf from '@tensorflow/tfjs';
import type { OpAttribute } from '../backend';
import { withStatelessRandom } from '../random/traced-random';
import { EntryRules } from './entry-rules';
import type { GraphNode } from './graph-def';
import { flatten, type Outputs, type TensorFunction, TraceError } from './outputs';
import { type GraphNumber, type GraphTensor, type Operand, Recorder } from './recorder';
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
}

/** A trace, or the optimisers' variables without which it cannot be made. */
export type TraceResult =
  | { readonly trace: Trace }
  | { readonly missing: Readonly<Record<string, tf.Variable>> };

/** Set while a function is being traced. */
let recorder: Recorder | undefined;

/**
 * Updates variables by one TensorFlow operation on resources, such as `ResourceApplyAdam`, where a
 * graph is being traced. `eagerly` computes the same update with ordinary operations: it is what runs outside
 * of a trace, and it keeps the values meaningful while tracing.
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
 * Traces `body` for inputs of these shapes and types. Variables and optimisers stay as they were; in the graph each
 * variable that `body` reads is read once at the top, and written at the end if `body` assigned it.
 */
export function trace({ entry, scope, body, inputs, variables, random }: TraceOptions): TraceResult {
  if (recorder) throw new TraceError(`'${entry}' is run while another entry is traced: programs do not nest`);
  // A tensor is known by its data, so inputs and variables get data of their own while tracing.
  const before = new Map<tf.Variable, tf.Tensor>(
    variables.map((variable) => [variable, tf.keep(variable.clone())]),
  );
  const handles = inputs.map((tensor) => tf.keep(copyOf(tensor)));
  for (const variable of variables) tf.tidy(() => variable.assign(copyOf(variable)));

  const recording = new Recorder(entry, scope, variables);
  const placeholders = handles.map((tensor, i) => recording.input(tensor, i));
  const state = new Set<tf.Variable>(); // of optimisers
  const rules = new EntryRules(entry, (variable) => variables.includes(variable) || state.has(variable));
  const missing: Record<string, tf.Variable> = {};
  const hooks: OptimizerHooks = {
    learningRate: (optimizer) => recording.learningRate(optimizer),
    aside: (run) => {
      const { length } = rules.kept;
      recording.aside(run);
      rules.kept.length = length; // what is kept aside stays
    },
    // They bring variables that no one can list beforehand: these are reported, and the trace is made again.
    state: (found) => {
      for (const [name, variable] of Object.entries(found)) {
        state.add(variable);
        if (variables.includes(variable) || Object.values(missing).includes(variable)) continue;
        missing[name in missing ? `${name}#${variable.id}` : name] = variable;
        recording.stop();
        if (!rules.created.has(variable)) hooks.aside(() => before.set(variable, tf.keep(variable.clone())));
      }
    },
  };
  const run = (): TraceResult => {
    const { result, uses } = withOptimizers(hooks, () => withStatelessRandom(random, () => body(...handles)));
    const { leaves, places, restore } = flatten(entry, result);
    assertNoStrangers(entry, rules, state);
    leaves.forEach((tensor, i) => {
      if (tensor.isDisposed) throw new TraceError(`'${entry}' disposes ${places[i]}; return it undisposed`);
    });
    if (Object.keys(missing).length > 0) return { missing };
    const outputs = recording.outputs(leaves);
    const { graph, numbers, writes } = recording;
    const { nodes } = graph;
    return { trace: { nodes, inputs: placeholders, numbers, outputs, writes, optimizers: uses, restore } };
  };

  recorder = recording;
  const engine = tf.engine();
  engine.startScope(scope);
  try {
    return recording.record(
      () => rules.refuseRead(),
      () => rules.enforce(() => withTracedKernels(run)),
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

function assertNoStrangers(
  entry: string,
  { created }: EntryRules,
  optimizerState: ReadonlySet<tf.Variable>,
): void {
  const strangers = [...created.keys()].filter((variable) => !optimizerState.has(variable));
  if (strangers.length === 0) return;
  throw new TraceError(
    `'${entry}' creates ${strangers.length} variable(s) while it is compiled (the first of shape ` +
      `[${strangers[0]!.shape}]); create them before, and add them to the program's variables`,
  );
}

/** tfjs's own message for a disposed tensor names neither. */
function explained(entry: string, error: unknown): unknown {
  if (!(error instanceof TypeError && /reading 'backend'/.test(error.message))) return error;
  return new TraceError(`'${entry}' uses a tensor that is disposed; dispose it after its last use`, {
    cause: error,
  });
}

/** A tensor with data of its own, so that its dataId names nothing else. */
function copyOf(tensor: tf.Tensor): tf.Tensor {
  return tf.tensor(tensor.dataSync().slice(), tensor.shape, tensor.dtype);
}
