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

/** What a function of tensors may return: a tensor, a list, or a record of tensors. */
export type Outputs = tf.Tensor | readonly tf.Tensor[] | Readonly<Record<string, tf.Tensor>>;

/** A function of tensors that can be traced. */
// biome-ignore lint/suspicious/noExplicitAny: the only way to accept functions of any tensor arguments
export type TensorFunction = (...inputs: any[]) => Outputs;

/** A tensor in a graph. */
export interface GraphTensor {
  /** The name of the node, with `:1`, `:2` .. for its further outputs. */
  readonly name: string;
  readonly type: TypeCode;
  readonly shape: readonly number[];
}

/** The operations of one function at one set of input shapes. */
export interface Trace {
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
  /** Puts fetched tensors, one for each of `outputs`, into the structure that the function returned. */
  restore(tensors: tf.Tensor[]): Outputs;
}

/** Thrown where a function does something that a graph cannot repeat. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

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
 * Traces `body` for inputs of these shapes and types. Variables keep the values they had; each is read once at
 * the top of the graph, and written at its end if `body` assigned it.
 *
 * @param scope prefix of all node names, ending in `/`
 */
export function trace(
  scope: string,
  body: TensorFunction,
  inputs: readonly tf.Tensor[],
  variables: readonly tf.Variable[],
): Trace {
  if (recordUpdate)
    throw new TraceError(`${scope} is run while another entry is traced: programs do not nest`);
  const backend = nativeBackend();
  const engine = tf.engine();
  const nodes: GraphNode[] = [];
  const names = new Map<object, string>();
  const typeOf = (tensor: tf.Tensor): TypeCode => backend.tensorMap.get(tensor.dataId).dtype;
  const add = (
    op: string,
    name: string,
    nodeInputs: readonly string[],
    attributes: readonly OpAttribute[],
    constant?: ConstantValue,
  ): string => {
    nodes.push({ name: scope + name, op, inputs: nodeInputs, attributes, ...(constant ? { constant } : {}) });
    return scope + name;
  };

  const placeholders = inputs.map((tensor, i): GraphTensor => {
    const type = typeOf(tensor);
    const attributes = [typeAttribute('dtype', type), shapeAttribute('shape', tensor.shape)];
    return { name: add('Placeholder', `input_${i}`, [], attributes), type, shape: tensor.shape };
  });
  const readAttributes = variables.map((variable) => [typeAttribute('dtype', typeOf(variable))]);
  const reads = variables.map((_, i) =>
    add('ReadVariableOp', `read_${i}`, [variableNode(i)], readAttributes[i]!),
  );
  const afterReads = reads.map((name) => `^${name}`);

  // A tensor is known by its data, so inputs and variables get data of their own while tracing.
  const before = variables.map((variable) => tf.keep(variable.clone()));
  const handles = inputs.map((tensor) => tf.keep(copyOf(tensor)));
  handles.forEach((tensor, i) => {
    names.set(tensor.dataId, placeholders[i]!.name);
  });
  variables.forEach((variable, i) => {
    tf.tidy(() => variable.assign(copyOf(variable)));
    names.set(variable.dataId, reads[i]!);
  });
  const current = variables.map((variable) => variable.dataId);
  const updates: string[] = [];

  const nameOf = (tensor: tf.Tensor): string => {
    const known = names.get(tensor.dataId);
    if (known !== undefined) return known;
    const outside = Object.values(engine.registeredVariables).find((v) => v.dataId === tensor.dataId);
    if (outside) {
      throw new TraceError(
        `${scope} uses variable '${outside.name}' of shape [${outside.shape}], which is not one of the program's ` +
          'variables: its value would be frozen; add it to `variables`, or pass its value as an input',
      );
    }
    const type = typeOf(tensor);
    const constant = constantValue(tensor, type);
    const name = add('Const', `constant_${nodes.length}`, [], [typeAttribute('dtype', type)], constant);
    names.set(tensor.dataId, name);
    return name;
  };
  const record = (
    op: string,
    attributes: readonly OpAttribute[],
    from: tf.Tensor[],
    to: tf.Tensor[],
  ): void => {
    // The kernel of expandDims leaves its type out, which eager TensorFlow infers and a graph does not.
    const complete = op === 'ExpandDims' ? [typeAttribute('T', typeOf(from[0]!))] : attributes;
    const name = add(op, `${op}_${nodes.length}`, from.map(nameOf), complete);
    to.forEach((tensor, i) => {
      names.set(tensor.dataId, i === 0 ? name : `${name}:${i}`);
    });
  };

  const { executeSingleOutput, executeMultipleOutputs } = backend;
  let listening = true;
  Object.assign(backend, {
    executeSingleOutput(op: string, attributes: OpAttribute[], from: tf.Tensor[]): tf.Tensor {
      const output = executeSingleOutput.call(backend, op, attributes, from);
      if (listening) record(op, attributes, from, [output]);
      return output;
    },
    executeMultipleOutputs(
      op: string,
      attributes: OpAttribute[],
      from: tf.Tensor[],
      count: number,
    ): tf.Tensor[] {
      const outputs = executeMultipleOutputs.call(backend, op, attributes, from, count);
      if (listening) record(op, attributes, from, outputs);
      return outputs;
    },
  });
  recordUpdate = (op, attributes, operands, eagerly) => {
    const touched: number[] = [];
    const operandNames = operands.map((operand) => {
      if (operand instanceof tf.Tensor) return nameOf(operand);
      const { variable } = operand;
      const index = variables.indexOf(variable);
      if (index < 0) {
        throw new TraceError(
          `${scope} updates variable '${variable.name}': add it to the program's variables`,
        );
      }
      touched.push(index);
      return variableNode(index);
    });
    const update = `^${add(op, `${op}_${nodes.length}`, [...operandNames, ...afterReads, ...updates], attributes)}`;
    listening = false;
    eagerly();
    listening = true;
    for (const i of touched) {
      // Whoever reads the variable from here on reads what the update wrote.
      current[i] = variables[i]!.dataId;
      names.set(
        current[i]!,
        add('ReadVariableOp', `reread_${nodes.length}`, [variableNode(i), update], readAttributes[i]!),
      );
    }
    updates.push(update);
  };
  const refuseRead = (): never => {
    throw new TraceError(
      `${scope} reads a tensor's data (dataSync, data, array or print) while it is compiled; a graph has no ` +
        'data yet: return the tensor as an output, and read what run gives',
    );
  };
  Object.assign(engine, { readSync: refuseRead, read: refuseRead });
  const existing = new Set(Object.values(engine.registeredVariables));

  engine.startScope(scope);
  try {
    const { leaves, restore } = flatten(scope, body(...handles));
    const created = Object.values(engine.registeredVariables).filter((variable) => !existing.has(variable));
    if (created.length > 0) {
      for (const variable of created) variable.dispose();
      throw new TraceError(
        `${scope} creates ${created.length} variable(s) while it is compiled (the first of shape ` +
          `[${created[0]!.shape}]); create them before, and add them to the program's variables`,
      );
    }
    const assigns = variables.flatMap((variable, i) => {
      if (variable.dataId === current[i]) return [];
      const from = [variableNode(i), nameOf(variable), ...afterReads, ...updates];
      return [`^${add('AssignVariableOp', `assign_${i}`, from, readAttributes[i]!)}`];
    });
    const outputs = leaves.map((tensor, i): GraphTensor => {
      if (tensor.isDisposed) {
        throw new TraceError(`${scope} disposes its output ${i}; return it undisposed`);
      }
      const type = typeOf(tensor);
      // Outputs wait for the updates: a session fetches tensors, not operations.
      const from = [nameOf(tensor), ...updates, ...assigns];
      return {
        name: add('Identity', `output_${i}`, from, [typeAttribute('T', type)]),
        type,
        shape: tensor.shape,
      };
    });
    if (outputs.length === 0)
      throw new TraceError(`${scope} returns no tensor; return at least one, such as the loss`);
    return { nodes, inputs: placeholders, outputs, restore };
  } finally {
    for (const patched of ['readSync', 'read']) Reflect.deleteProperty(engine, patched);
    for (const patched of ['executeSingleOutput', 'executeMultipleOutputs'])
      Reflect.deleteProperty(backend, patched);
    recordUpdate = undefined;
    engine.endScope();
    variables.forEach((variable, i) => {
      variable.assign(before[i]!);
    });
    tf.dispose([...before, ...handles]);
  }
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

function flatten(scope: string, result: Outputs): { leaves: tf.Tensor[]; restore: Trace['restore'] } {
  const check = (value: unknown, where: string): tf.Tensor => {
    if (value instanceof tf.Tensor) return value;
    const got = value instanceof Promise ? 'a promise (entries are synchronous functions)' : typeof value;
    throw new TraceError(`${scope} must return tensors, but ${where} is ${got}`);
  };
  if (result instanceof tf.Tensor) return { leaves: [result], restore: (tensors) => tensors[0]! };
  if (Array.isArray(result)) {
    return {
      leaves: result.map((value, i) => check(value, `element ${i} of its result`)),
      restore: (tensors) => tensors,
    };
  }
  if (result === null || typeof result !== 'object' || result instanceof Promise) check(result, 'its result');
  const keys = Object.keys(result);
  const record = result as Readonly<Record<string, tf.Tensor>>;
  return {
    leaves: keys.map((key) => check(record[key], `'${key}' of its result`)),
    restore: (tensors) => Object.fromEntries(keys.map((key, i) => [key, tensors[i]!])),
  };
}
