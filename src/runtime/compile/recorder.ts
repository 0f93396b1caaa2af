/** Records the operations that tfjs executes as nodes of a graph. Tensors are identified by their data. */
import * as tf from '@tensorflow/tfjs';
import { type OpAttribute, type TensorFlowBackend, tensorflowBackend } from '../backend';
import { withMethods } from '../patch';
import { constantValue, GraphBuilder, typeOf } from './graph-builder';
import { type ConstantValue, type TypeCode, typeAttribute } from './graph-def';
import { LoopNodes } from './loop-nodes';
import { TraceError } from './outputs';
import { learningRateOf } from './tfjs-optimizers';

/** After this number of operations, a trace prints a message; the networks of this project have far fewer. */
export const LONG_TRACE = 5000;

/** A tensor in a graph. */
export interface GraphTensor {
  /** The name of the node, followed by `:1`, `:2` .. for its further outputs. */
  readonly name: string;
  readonly type: TypeCode;
  readonly shape: readonly number[];
}

/** A JavaScript number that is read at every run. */
export interface GraphNumber {
  readonly name: string;
  readonly read: () => number;
}

/** An operand of an in-place update: a variable by reference, or a tensor by value. */
export type Operand = { readonly variable: tf.Variable } | tf.Tensor;

/** The results of an iteration: the values for the next one, and values to collect at positions, int32 [] each. */
export interface Turn {
  readonly carried: readonly tf.Tensor[];
  readonly collected: readonly { readonly place: tf.Tensor; readonly value: tf.Tensor }[];
}

/** The name under which the graph of a program holds a variable. */
export function variableNode(index: number): string {
  return `variable_${index}`;
}

export class Recorder {
  readonly graph: GraphBuilder;
  readonly #entry: string;
  readonly #variables: tf.Variable[];
  readonly #adopt: ((variable: tf.Variable) => void) | undefined;
  /** The nodes by the dataIds of their tensors. */
  readonly #names = new Map<object, string>();
  /** The indices of variables by their dataIds at the start. */
  readonly #atTop: Map<object, number>;
  /** The data of each variable that need not be written any more. */
  readonly #current: tf.Variable['dataId'][];
  readonly #reads: string[] = [];
  readonly #updates: string[] = [];
  readonly #writes = new Set<number>();
  readonly #numbers = new Map<tf.Optimizer, GraphNumber & { readonly sentinel: number }>();
  /** The loop whose body is being recorded, and the nodes in it by the dataIds of tensors. */
  #loop: { readonly nodes: LoopNodes; readonly names: Map<object, string> } | undefined;
  #loops = 0;
  #toldLong = false;
  /** False while something runs that belongs to no graph. */
  #listening = true;

  /**
   * @param variables with data that no other tensor has
   * @param adopt called for each other variable that is read. @default such a variable is an error
   */
  constructor(
    entry: string,
    scope: string,
    variables: readonly tf.Variable[],
    adopt: ((variable: tf.Variable) => void) | undefined,
  ) {
    this.graph = new GraphBuilder(scope);
    this.#entry = entry;
    this.#variables = [...variables];
    this.#adopt = adopt;
    this.#atTop = new Map(variables.map((variable, i) => [variable.dataId, i]));
    this.#current = variables.map((variable) => variable.dataId);
  }

  /** Adds a variable, with data that no other tensor has, after the others. */
  add(variable: tf.Variable): void {
    this.#atTop.set(variable.dataId, this.#variables.length);
    this.#current.push(variable.dataId);
    this.#variables.push(variable);
  }

  get numbers(): readonly GraphNumber[] {
    return [...this.#numbers.values()];
  }

  get writes(): readonly number[] {
    return [...this.#writes];
  }

  /** Makes a tensor an input of the graph. */
  input(tensor: tf.Tensor, i: number): GraphTensor {
    const type = typeOf(tensor);
    const name = this.graph.placeholder(`input_${i}`, type, tensor.shape);
    this.#names.set(tensor.dataId, name);
    return { name, type, shape: tensor.shape };
  }

  /**
   * A learning rate that stands for the optimiser's own at each run: an unusual float32 number, by which the constants made from
   * it are recognised.
   */
  learningRate(optimizer: tf.Optimizer): number {
    const known = this.#numbers.get(optimizer);
    if (known) return known.sentinel;
    const n = this.#numbers.size;
    const sentinel = new Float32Array(Uint32Array.of(0x3a5e7a1d + n * 0x2b59).buffer)[0]!;
    const name = this.graph.placeholder(`learning_rate_${n}`, tensorflowBackend().binding.TF_FLOAT, []);
    this.#numbers.set(optimizer, { name, read: () => learningRateOf(optimizer), sentinel });
    return sentinel;
  }

  /** Runs `body` and records its operations; `refuseRead` is called if a kernel reads data that a graph computes. */
  record<R>(refuseRead: () => never, body: () => R): R {
    const backend = tensorflowBackend();
    const { executeSingleOutput, executeMultipleOutputs, readSync } = backend;
    const recording: Partial<TensorFlowBackend> = {
      executeSingleOutput: (op, attributes, from) => {
        const output = executeSingleOutput.call(backend, op, attributes, from);
        this.#operation(op, attributes, from, [output]);
        return output;
      },
      executeMultipleOutputs: (op, attributes, from, count) => {
        const outputs = executeMultipleOutputs.call(backend, op, attributes, from, count);
        this.#operation(op, attributes, from, outputs);
        return outputs;
      },
      readSync: (dataId) => {
        if (this.#listening && this.#isComputed(dataId)) return refuseRead();
        return readSync.call(backend, dataId);
      },
    };
    return withMethods(backend, recording, body);
  }

  /** True if a loop can be recorded: no other loop is being recorded, and recording is not suspended. */
  get takesLoops(): boolean {
    return this.#listening && this.#loop === undefined;
  }

  /**
   * Records a loop. `body` runs once, for an iteration whose number is unknown; everything that it reads besides its arguments is
   * the same in each iteration. The returned tensors have the right shapes, but contain zeros.
   *
   * @returns the carried values after the last iteration, and the collected ones, [turns, ...] each
   */
  loop(
    turns: number,
    initial: readonly tf.Tensor[],
    body: (turn: tf.Scalar, carried: tf.Tensor[]) => Turn,
  ): { readonly carried: tf.Tensor[]; readonly collected: tf.Tensor[] } {
    const types = initial.map(typeOf);
    const from = initial.map((tensor) => this.#nameOf(tensor));
    const nodes = new LoopNodes(this.graph, `loop_${this.#loops++}`, turns);
    const names = new Map<object, string>();
    const inside = <T extends tf.Tensor>(name: string, tensor: T): T => {
      names.set(tensor.dataId, name);
      return tensor;
    };
    const turn = inside(nodes.index, this.#blank([], 'int32') as tf.Scalar);
    const carries = from.map((name, i) => nodes.carry(name, types[i]!));
    const values = carries.map(({ value }, i) =>
      inside(value, this.#blank(initial[i]!.shape, initial[i]!.dtype)),
    );
    const found: { next: string[]; collected: { place: string; value: string }[] } = {
      next: [],
      collected: [],
    };
    this.#loop = { nodes, names };
    let result: Turn;
    try {
      result = body(turn, values);
      found.next = result.carried.map((tensor) => this.#nameOf(tensor));
      found.collected = result.collected.map(({ place, value }) => ({
        place: this.#nameOf(place),
        value: this.#nameOf(value),
      }));
    } finally {
      this.#loop = undefined;
    }
    found.next.forEach((name, i) => {
      nodes.next(carries[i]!.index, name, types[i]!);
    });
    const outside = (name: string, shape: readonly number[], dtype: tf.DataType): tf.Tensor => {
      const tensor = this.#blank(shape, dtype);
      this.#names.set(tensor.dataId, name);
      return tensor;
    };
    return {
      carried: initial.map(({ shape, dtype }, i) => outside(nodes.result(carries[i]!.index), shape, dtype)),
      collected: result.collected.map(({ value }, i) => {
        const stack = nodes.stack(typeOf(value), value.shape);
        stack.write(found.collected[i]!.place, found.collected[i]!.value);
        return outside(stack.read(), [turns, ...value.shape], value.dtype);
      }),
    };
  }

  /** Zeros that belong to no graph, with data of their own. */
  #blank(shape: readonly number[], dtype: tf.DataType): tf.Tensor {
    let tensor: tf.Tensor | undefined;
    this.aside(() => {
      tensor = tf.zeros([...shape], dtype);
    });
    return tensor!;
  }

  /** Runs `body` unrecorded. */
  aside(body: () => void): void {
    const was = this.#listening;
    this.#listening = false;
    try {
      body();
    } finally {
      this.#listening = was;
    }
  }

  /** Stops recording, since the trace is of no use and will be made again. */
  stop(): void {
    this.#listening = false;
  }

  /** Records an update of variables by an operation on resources; `eagerly` computes the same update. */
  update(
    op: string,
    attributes: readonly OpAttribute[],
    operands: readonly Operand[],
    eagerly: () => void,
  ): void {
    if (!this.#listening) {
      eagerly();
      return;
    }
    const touched = operands.flatMap((operand) =>
      operand instanceof tf.Tensor ? [] : [this.#indexOf(operand.variable)],
    );
    const names = operands.map((operand) =>
      operand instanceof tf.Tensor ? this.#nameOf(operand) : variableNode(this.#indexOf(operand.variable)),
    );
    const node = this.graph.add(op, [...names, ...this.#reads, ...this.#updates], attributes);
    this.aside(eagerly);
    for (const i of touched) {
      // From here on, reads of the variable give the value that the update wrote.
      const { dataId } = this.#variables[i]!;
      this.#writes.add(i);
      this.#current[i] = dataId;
      const reread = this.graph.add('ReadVariableOp', [variableNode(i), `^${node}`], this.#dtype(i));
      this.#names.set(dataId, reread);
    }
    this.#updates.push(`^${node}`);
  }

  /** Ends the graph, in which the outputs follow after the variables are written. */
  outputs(leaves: readonly tf.Tensor[]): GraphTensor[] {
    const changed = this.#variables.flatMap((variable, i) =>
      variable.dataId === this.#current[i] ? [] : [{ i, value: this.#nameOf(variable) }],
    );
    const results = leaves.map((tensor) => this.#nameOf(tensor));
    // All reads are known at this point.
    const assigns = changed.map(({ i, value }) => {
      this.#writes.add(i);
      const from = [variableNode(i), value, ...this.#reads, ...this.#updates];
      return `^${this.graph.add('AssignVariableOp', from, this.#dtype(i), `assign_${i}`)}`;
    });
    return leaves.map((tensor, i) => {
      const type = typeOf(tensor);
      // Outputs wait for the updates, since a session fetches tensors, not operations.
      const from = [results[i]!, ...this.#updates, ...assigns];
      const name = this.graph.add('Identity', from, [typeAttribute('T', type)], `output_${i}`);
      return { name, type, shape: tensor.shape };
    });
  }

  /** Prints a message if a trace is long, since tracing can be neither stopped nor watched. */
  #tellIfLong(): void {
    const { length } = this.graph.nodes;
    if (this.#toldLong || length < LONG_TRACE) return;
    this.#toldLong = true;
    console.warn(
      `Compiling '${this.#entry}': ${length.toLocaleString('en')} operations so far. A long loop in JavaScript is ` +
        'recorded turn by turn, and its first run takes several times as long.',
    );
  }

  #operation(op: string, attributes: readonly OpAttribute[], from: tf.Tensor[], to: tf.Tensor[]): void {
    if (!this.#listening) return;
    this.#tellIfLong();
    const inputs = from.map((tensor) => this.#nameOf(tensor));
    const name = this.graph.operation(op, from, inputs, attributes);
    const names = this.#loop?.names ?? this.#names;
    to.forEach(({ dataId }, i) => {
      names.set(dataId, i === 0 ? name : `${name}:${i}`);
    });
  }

  /** True if the graph computes this at each run. */
  #isComputed(dataId: object): boolean {
    return [this.#names, this.#atTop, this.#loop?.names].some((known) => known?.has(dataId));
  }

  #nameOf(tensor: tf.Tensor): string {
    if (!this.#loop) return this.#nameOutside(tensor);
    const { nodes, names } = this.#loop;
    const known = names.get(tensor.dataId);
    if (known !== undefined) return known;
    const name = nodes.enter(this.#nameOutside(tensor), typeOf(tensor));
    names.set(tensor.dataId, name);
    return name;
  }

  #nameOutside(tensor: tf.Tensor): string {
    const { dataId } = tensor;
    const known = this.#names.get(dataId);
    if (known !== undefined) return known;
    const name = this.#read(dataId) ?? this.#constant(tensor);
    this.#names.set(dataId, name);
    return name;
  }

  #read(dataId: object): string | undefined {
    const i = this.#atTop.get(dataId);
    if (i === undefined) return undefined;
    const name = this.graph.add('ReadVariableOp', [variableNode(i)], this.#dtype(i), `read_${i}`);
    this.#reads.push(`^${name}`);
    return name;
  }

  #constant(tensor: tf.Tensor): string {
    const registered = Object.values(tf.engine().registeredVariables);
    const outside = registered.find(({ dataId }) => dataId === tensor.dataId);
    if (outside && this.#adopt) this.#adopt(outside);
    else if (outside) {
      throw new TraceError(
        `'${this.#entry}' uses variable '${outside.name}' of shape [${outside.shape}], which is not one of the ` +
          "program's variables: its value would be frozen; add it to `variables`, or pass its value as an input",
      );
    }
    const constant = constantValue(tensor);
    return this.#number(tensor, constant) ?? this.graph.constant(constant);
  }

  /** The learning rate, or minus the learning rate, that a constant stands for. */
  #number(tensor: tf.Tensor, { type, bytes }: ConstantValue): string | undefined {
    if (tensor.size !== 1 || tensor.dtype !== 'float32' || this.#numbers.size === 0) return undefined;
    const value = new Float32Array((bytes as Uint8Array).slice().buffer)[0]!;
    const number = [...this.#numbers.values()].find(({ sentinel }) => Math.abs(value) === sentinel);
    if (!number || value > 0) return number?.name;
    return this.graph.add('Neg', [number.name], [typeAttribute('T', type)]);
  }

  #indexOf(variable: tf.Variable): number {
    const index = this.#variables.indexOf(variable);
    if (index >= 0) return index;
    throw new TraceError(
      `'${this.#entry}' updates variable '${variable.name}': add it to the program's variables`,
    );
  }

  #dtype(i: number): OpAttribute[] {
    return [typeAttribute('dtype', typeOf(this.#variables[i]!))];
  }
}
