/** Runs a tfjs function once, eagerly, and writes down every TensorFlow operation that it executes. */
import * as tf from '@tensorflow/tfjs';
import { nativeBackend, type OpAttribute } from './backend';
import {
  type ConstantValue,
  type GraphNode,
  shapeAttribute,
  type TypeCode,
  typeAttribute,
} from './graph-def';
import { flatten, type Outputs, type TensorFunction, TraceError } from './outputs';
import { withMethods } from './patch';
import { RANDOM_SCOPES, withStatelessRandom } from './random-ops';
import { learningRateOf, type OptimizerUse, withOptimizers } from './tfjs-optimizers';
import { withUncheckedGather } from './unchecked-gather';

/** A tensor in a graph. */
export interface GraphTensor {
  /** The name of the node, with `:1`, `:2` .. for its further outputs. */
  readonly name: string;
  readonly type: TypeCode;
  readonly shape: readonly number[];
}

/** A JavaScript number that is looked up at every run. */
export interface GraphNumber {
  readonly name: string;
  readonly read: () => number;
}

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

type UpdateInPlace = (
  op: string,
  attributes: readonly OpAttribute[],
  operands: readonly Operand[],
  eagerly: () => void,
) => void;

/** An operand of an update in place: a variable by reference, or a tensor by value. */
export type Operand = { readonly variable: tf.Variable } | tf.Tensor;

/** Set while a function is being traced. */
let recordUpdate: UpdateInPlace | undefined;

/**
 * Updates variables in place by one TensorFlow operation on resources, such as `ResourceApplyAdam`, where a
 * graph is being traced. `eagerly` computes the same update with ordinary operations: it is what runs outside
 * of a trace, and it keeps the values meaningful while tracing.
 */
export function updateInPlace(
  op: string,
  attributes: readonly OpAttribute[],
  operands: readonly Operand[],
  eagerly: () => void,
): void {
  if (recordUpdate) recordUpdate(op, attributes, operands, eagerly);
  else eagerly();
}

/** The name under which the graph of a program holds a variable. */
export function variableNode(index: number): string {
  return `variable_${index}`;
}

/**
 * Traces `body` for inputs of these shapes and types. Variables and optimisers stay as they were; in the graph each
 * variable that `body` reads is read once at the top, and written at the end if `body` assigned it.
 */
export function trace({ entry, scope, body, inputs, variables, random }: TraceOptions): TraceResult {
  if (recordUpdate)
    throw new TraceError(`'${entry}' is run while another entry is traced: programs do not nest`);
  const backend = nativeBackend();
  const engine = tf.engine();
  const graph = new GraphBuilder(scope);
  const names = new Map<object, string>();
  const writes = new Set<number>();

  const placeholders = inputs.map((tensor, i): GraphTensor => {
    const type = typeOf(tensor);
    return { name: graph.placeholder(`input_${i}`, type, tensor.shape), type, shape: tensor.shape };
  });

  // A tensor is known by its data, so inputs and variables get data of their own while tracing.
  const before = new Map<tf.Variable, tf.Tensor>(
    variables.map((variable) => [variable, tf.keep(variable.clone())]),
  );
  const handles = inputs.map((tensor) => tf.keep(copyOf(tensor)));
  handles.forEach((tensor, i) => {
    names.set(tensor.dataId, placeholders[i]!.name);
  });
  for (const variable of variables) tf.tidy(() => variable.assign(copyOf(variable)));
  const atTop = new Map<object, number>(variables.map((variable, i) => [variable.dataId, i]));
  const current = variables.map((variable) => variable.dataId);

  const reads: string[] = [];
  const updates: string[] = [];
  const dtypeOf = (i: number): OpAttribute[] => [typeAttribute('dtype', typeOf(variables[i]!))];
  const numbers = new Map<tf.Optimizer, GraphNumber & { readonly sentinel: number }>();

  const nameOf = (tensor: tf.Tensor): string => {
    const { dataId } = tensor;
    const known = names.get(dataId);
    if (known !== undefined) return known;
    const name = readNode(dataId) ?? constantNode(tensor);
    names.set(dataId, name);
    return name;
  };
  const readNode = (dataId: object): string | undefined => {
    const i = atTop.get(dataId);
    if (i === undefined) return undefined;
    const name = graph.add('ReadVariableOp', `read_${i}`, [variableNode(i)], dtypeOf(i));
    reads.push(`^${name}`);
    return name;
  };
  const constantNode = (tensor: tf.Tensor): string => {
    const outside = Object.values(engine.registeredVariables).find((v) => v.dataId === tensor.dataId);
    if (outside) {
      throw new TraceError(
        `'${entry}' uses variable '${outside.name}' of shape [${outside.shape}], which is not one of the program's ` +
          'variables: its value would be frozen; add it to `variables`, or pass its value as an input',
      );
    }
    const type = typeOf(tensor);
    const constant = constantValue(tensor, type);
    return numberNode(tensor, constant) ?? graph.constant(type, constant);
  };
  const numberNode = (tensor: tf.Tensor, { bytes }: ConstantValue): string | undefined => {
    if (tensor.size !== 1 || tensor.dtype !== 'float32' || numbers.size === 0) return undefined;
    const value = new Float32Array((bytes as Uint8Array).slice().buffer)[0]!;
    const number = [...numbers.values()].find(({ sentinel }) => Math.abs(value) === sentinel);
    if (!number || value > 0) return number?.name;
    return graph.add('Neg', `minus_${graph.size}`, [number.name], [typeAttribute('T', typeOf(tensor))]);
  };

  let inVain = false; // set when the trace has to be made again
  let isAside = false;
  const listening = (): boolean => !inVain && !isAside;
  const aside = (body: () => void): void => {
    const was = isAside;
    isAside = true;
    try {
      body();
    } finally {
      isAside = was;
    }
  };
  const record = (
    op: string,
    attributes: readonly OpAttribute[],
    from: tf.Tensor[],
    to: tf.Tensor[],
  ): void => {
    const complete = UNTYPED.has(op) ? withTypeOf(attributes, from[0]!) : attributes;
    const name = graph.add(op, `${op}_${graph.size}`, from.map(nameOf), complete);
    to.forEach((tensor, i) => {
      names.set(tensor.dataId, i === 0 ? name : `${name}:${i}`);
    });
  };
  const { executeSingleOutput, executeMultipleOutputs, readSync } = backend;
  const recording: Partial<typeof backend> = {
    executeSingleOutput(op, attributes, from) {
      const output = executeSingleOutput.call(backend, op, attributes, from);
      if (listening()) record(op, attributes, from, [output]);
      return output;
    },
    executeMultipleOutputs(op, attributes, from, count) {
      const outputs = executeMultipleOutputs.call(backend, op, attributes, from, count);
      if (listening()) record(op, attributes, from, outputs);
      return outputs;
    },
    // Some of tfjs's kernels read their inputs.
    readSync: (dataId) => {
      if (listening() && (names.has(dataId) || atTop.has(dataId))) return refuseRead();
      return readSync.call(backend, dataId);
    },
  };
  const update: UpdateInPlace = (op, attributes, operands, eagerly) => {
    if (!listening()) return eagerly();
    const touched: number[] = [];
    const operandNames = operands.map((operand) => {
      if (operand instanceof tf.Tensor) return nameOf(operand);
      const { variable } = operand;
      const index = variables.indexOf(variable);
      if (index < 0) {
        throw new TraceError(
          `'${entry}' updates variable '${variable.name}': add it to the program's variables`,
        );
      }
      touched.push(index);
      return variableNode(index);
    });
    const node = graph.add(
      op,
      `${op}_${graph.size}`,
      [...operandNames, ...new Set([...reads, ...updates])],
      attributes,
    );
    aside(eagerly);
    for (const i of touched) {
      // Whoever reads the variable from here on reads what the update wrote.
      writes.add(i);
      current[i] = variables[i]!.dataId;
      const reread = [variableNode(i), `^${node}`];
      names.set(current[i]!, graph.add('ReadVariableOp', `reread_${graph.size}`, reread, dtypeOf(i)));
    }
    updates.push(`^${node}`);
  };

  // What an entry must not do: it is refused at once, or at the end where it happens inside a promise.
  let refusal: TraceError | undefined;
  const refuseRead = (): never => {
    refusal ??= new TraceError(
      `'${entry}' reads a tensor's data (dataSync, data, array or print) while it is compiled; a graph has no ` +
        'data yet: return the tensor as an output, and read what run gives',
    );
    throw refusal;
  };
  const created = new Map<tf.Variable, tf.Tensor>();
  const kept: tf.Tensor[] = [];
  const { startScope, makeVariable, keep } = engine;
  const watching: Partial<typeof engine> = {
    readSync: refuseRead,
    read: () => {
      try {
        return refuseRead();
      } catch {
        return new Promise(() => {}); // no one awaits it: the refusal is thrown when the entry returns
      }
    },
    startScope(name) {
      if (name !== undefined && RANDOM_SCOPES.has(name)) {
        throw new TraceError(
          `'${entry}' calls tf.${name.slice(0, -4)} by a reference of its own, and the numbers would be frozen; call ` +
            'it as a property of tf',
        );
      }
      startScope.call(engine, name);
    },
    makeVariable(...from) {
      const variable = makeVariable.apply(engine, from);
      created.set(variable, keep.call(engine, variable.clone()) as tf.Tensor);
      return variable;
    },
    keep(tensor) {
      if (!isAside) kept.push(tensor);
      return keep.call(engine, tensor) as never;
    },
  };
  const refuseMathRandom = (): number => {
    throw new TraceError(
      `'${entry}' calls Math.random while it is compiled, and a graph would repeat the number at every step; use ` +
        'tf.randomUniform, or pass the number as an input',
    );
  };

  // Optimisers bring variables that no one can list beforehand: they are reported, and the trace is made again.
  const missing: Record<string, tf.Variable> = {};
  const optimizerState = new Set<tf.Variable>();
  const hooks = {
    aside,
    learningRate: (optimizer: tf.Optimizer): number => {
      let number = numbers.get(optimizer);
      if (!number) {
        const name = graph.placeholder(`learning_rate_${numbers.size}`, backend.binding.TF_FLOAT, []);
        number = { name, read: () => learningRateOf(optimizer), sentinel: sentinel(numbers.size) };
        numbers.set(optimizer, number);
      }
      return number.sentinel;
    },
    state: (state: Readonly<Record<string, tf.Variable>>): void => {
      for (const [name, variable] of Object.entries(state)) {
        optimizerState.add(variable);
        if (variables.includes(variable) || Object.values(missing).includes(variable)) continue;
        missing[name in missing ? `${name}#${variable.id}` : name] = variable;
        inVain = true;
        if (!created.has(variable) && !before.has(variable))
          before.set(variable, keep.call(engine, variable.clone()) as tf.Tensor);
      }
    },
  };

  const run = (): TraceResult => {
    const { result, uses } = withOptimizers(hooks, () => withStatelessRandom(random, () => body(...handles)));
    if (refusal) throw refusal;
    const { leaves, places, restore } = flatten(entry, result);
    const strangers = [...created.keys()].filter((variable) => !optimizerState.has(variable));
    if (strangers.length > 0) {
      throw new TraceError(
        `'${entry}' creates ${strangers.length} variable(s) while it is compiled (the first of shape ` +
          `[${strangers[0]!.shape}]); create them before, and add them to the program's variables`,
      );
    }
    leaves.forEach((tensor, i) => {
      if (tensor.isDisposed) throw new TraceError(`'${entry}' disposes ${places[i]}; return it undisposed`);
    });
    if (Object.keys(missing).length > 0) return { missing };

    const values = variables.map((variable, i) =>
      variable.dataId === current[i] ? undefined : nameOf(variable),
    );
    const results = leaves.map(nameOf);
    const after = [...reads, ...updates]; // all reads are known by now
    const assigns = values.flatMap((value, i) => {
      if (value === undefined) return [];
      writes.add(i);
      return [
        `^${graph.add('AssignVariableOp', `assign_${i}`, [variableNode(i), value, ...after], dtypeOf(i))}`,
      ];
    });
    const outputs = leaves.map((tensor, i): GraphTensor => {
      const type = typeOf(tensor);
      // Outputs wait for the updates: a session fetches tensors, not operations.
      const from = [results[i]!, ...updates, ...assigns];
      return {
        name: graph.add('Identity', `output_${i}`, from, [typeAttribute('T', type)]),
        type,
        shape: tensor.shape,
      };
    });
    const trace: Trace = {
      nodes: graph.nodes,
      inputs: placeholders,
      numbers: [...numbers.values()],
      outputs,
      writes: [...writes],
      optimizers: uses,
      restore,
    };
    return { trace };
  };

  recordUpdate = update;
  engine.startScope(scope);
  try {
    return withMethods(backend, recording, () =>
      withMethods(engine, watching, () =>
        withMethods(Math, { random: refuseMathRandom }, () => withUncheckedGather(run)),
      ),
    );
  } finally {
    recordUpdate = undefined;
    tf.dispose(kept);
    engine.endScope();
    for (const [variable, value] of [...before, ...created]) {
      if (optimizerState.has(variable) || before.has(variable)) variable.assign(value);
      else variable.dispose();
      value.dispose();
    }
    tf.dispose(handles);
  }
}

/** Collects nodes. */
class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly #scope: string;

  constructor(scope: string) {
    this.#scope = scope;
  }

  get size(): number {
    return this.nodes.length;
  }

  add(
    op: string,
    name: string,
    inputs: readonly string[],
    attributes: readonly OpAttribute[],
    constant?: ConstantValue,
  ): string {
    this.nodes.push({
      name: this.#scope + name,
      op,
      inputs,
      attributes,
      ...(constant ? { constant } : {}),
    });
    return this.#scope + name;
  }

  placeholder(name: string, type: TypeCode, shape: readonly number[]): string {
    return this.add('Placeholder', name, [], [typeAttribute('dtype', type), shapeAttribute('shape', shape)]);
  }

  constant(type: TypeCode, value: ConstantValue): string {
    return this.add('Const', `constant_${this.size}`, [], [typeAttribute('dtype', type)], value);
  }
}

/**
 * A learning rate that stands for a number to be looked up at each run: a float32 that no one writes by hand, by
 * which the constants made from it are recognised.
 */
function sentinel(n: number): number {
  return new Float32Array(Uint32Array.of(0x3a5e7a1d + n * 0x2b59).buffer)[0]!;
}

/** Operations whose kernels leave their type out or give a wrong one; eager TensorFlow infers it, a graph does not. */
const UNTYPED: ReadonlySet<string> = new Set(['ExpandDims', 'Mean']);

function withTypeOf(attributes: readonly OpAttribute[], input: tf.Tensor): OpAttribute[] {
  return [...attributes.filter(({ name }) => name !== 'T'), typeAttribute('T', typeOf(input))];
}

function typeOf(tensor: tf.Tensor): TypeCode {
  return nativeBackend().tensorMap.get(tensor.dataId).dtype;
}

/** A tensor with data of its own, so that its dataId names nothing else. */
function copyOf(tensor: tf.Tensor): tf.Tensor {
  return tf.tensor(tensor.dataSync().slice(), tensor.shape, tensor.dtype);
}

function constantValue(tensor: tf.Tensor, type: TypeCode): ConstantValue {
  const data = nativeBackend().readSync(tensor.dataId) as
    | Float32Array
    | Int32Array
    | Uint8Array
    | Uint8Array[];
  if (Array.isArray(data)) return { type, shape: tensor.shape, bytes: data };
  const bytes =
    tensor.dtype === 'bool'
      ? Uint8Array.from(data)
      : new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  return { type, shape: tensor.shape, bytes };
}
