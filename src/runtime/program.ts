/** Compiles tfjs functions into one TensorFlow graph of named entries that share variables. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { isNative, nativeBackend } from './backend';
import {
  encodeSavedModel,
  type GraphNode,
  shapeAttribute,
  stringAttribute,
  typeAttribute,
} from './graph-def';
import { type TensorFunction, type Trace, trace, variableNode } from './trace';

/** Variables by the names under which a program reads and loads them. */
export type Variables = Readonly<Record<string, tf.Variable>>;

/** Functions of tensors by name. */
export type Entries = Readonly<Record<string, TensorFunction>>;

/** What {@link compile} takes. */
export interface CompileOptions<E extends Entries> {
  /** All variables that any entry reads or assigns. */
  readonly variables: Variables;
  /** The functions to compile. They are traced when first run, once for each set of input shapes. */
  readonly entries: E;
  /**
   * How many sets of input shapes an entry may be traced for; more is taken for a mistake.
   * @default 16
   */
  readonly maxTraces?: number;
}

/** Entries compiled into one graph. The graph holds the variables' values from the first run on. */
export interface Program<E extends Entries> {
  /** Runs an entry, and waits until its outputs are there. The caller disposes the outputs. */
  run<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): Promise<ReturnType<E[K]>>;
  /** The same without a promise. */
  runSync<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): ReturnType<E[K]>;
  /** Traces an entry for inputs like these without running it, so that the first run is as fast as any. */
  prepare<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): void;
  /** The variables' values now, by name. The caller disposes them. */
  read(): Record<string, tf.Tensor>;
  /** Sets variables by name. */
  load(values: Readonly<Record<string, tf.Tensor>>): void;
  /** Frees the graph and its copy of the variables; the tf.Variables get the last values. */
  dispose(): void;
}

/**
 * Compiles functions of tensors as `tf.function` or `jax.jit` do: each entry is run once to record its
 * operations, and from then on TensorFlow runs the recorded graph as a whole, which saves most of the cost of
 * calling operations one by one from JavaScript and lets TensorFlow fuse them.
 *
 * What is frozen when an entry is traced: JavaScript numbers, branches and loops, and tensors captured from
 * outside. What changes from run to run belongs in variables or inputs.
 *
 * On the wasm and cpu backends the entries run eagerly, with the same results.
 *
 * @example
 * const program = compile({ variables: { w }, entries: { step: (x: tf.Tensor) => { w.assign(w.add(x)); return w.sum(); } } });
 * const total = program.runSync('step', tf.ones([3]));
 */
export function compile<E extends Entries>({
  variables,
  entries,
  maxTraces = 16,
}: CompileOptions<E>): Program<E> {
  const list = Object.values(variables);
  const twice = list.find((variable, i) => list.indexOf(variable) !== i);
  if (twice) throw new Error(`variable '${twice.name}' is given twice to compile; name it once`);
  return isNative() ? new GraphProgram(variables, entries, maxTraces) : new EagerProgram(variables, entries);
}

class GraphProgram<E extends Entries> implements Program<E> {
  readonly #variables: Variables;
  readonly #list: readonly tf.Variable[];
  readonly #entries: E;
  readonly #maxTraces: number;
  readonly #traces = new Map<string, Trace>();
  #session: number | undefined;
  #disposed = false;

  constructor(variables: Variables, entries: E, maxTraces: number) {
    this.#variables = variables;
    this.#list = Object.values(variables);
    this.#entries = entries;
    this.#maxTraces = maxTraces;
  }

  run<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): Promise<ReturnType<E[K]>> {
    return Promise.resolve().then(() => this.runSync(entry, ...inputs));
  }

  runSync<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): ReturnType<E[K]> {
    const traced = this.#traced(entry, inputs);
    const feeds = traced.inputs.map(({ name }, i) => ({ name, tensor: inputs[i] as tf.Tensor }));
    return traced.restore(
      this.#fetch(
        feeds,
        traced.outputs.map(({ name }) => name),
      ),
    ) as ReturnType<E[K]>;
  }

  prepare<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): void {
    this.#traced(entry, inputs);
  }

  read(): Record<string, tf.Tensor> {
    this.#assertAlive();
    const names = Object.keys(this.#variables);
    if (this.#list.length === 0) return {};
    const values =
      this.#session === undefined
        ? this.#list.map((variable) => tf.clone(variable))
        : this.#fetch(
            [],
            names.map((_, i) => `read_${i}`),
          );
    return Object.fromEntries(names.map((name, i) => [name, values[i]!]));
  }

  load(values: Readonly<Record<string, tf.Tensor>>): void {
    this.#assertAlive();
    for (const [name, value] of Object.entries(values)) checkValue(this.#variables, name, value);
    if (this.#session === undefined) assignAll(this.#variables, values);
    else this.#feed(values);
  }

  dispose(): void {
    if (this.#disposed) return;
    if (this.#session !== undefined) {
      const values = this.read();
      assignAll(this.#variables, values);
      tf.dispose(values);
      this.#unload();
    }
    this.#traces.clear();
    this.#disposed = true;
  }

  #traced(entry: string, inputs: readonly tf.Tensor[]): Trace {
    this.#assertAlive();
    const body = this.#entries[entry];
    if (!body)
      throw new Error(`no entry '${entry}'; this program has ${Object.keys(this.#entries).join(', ')}`);
    inputs.forEach((input, i) => {
      if (!(input instanceof tf.Tensor)) {
        throw new Error(
          `input ${i} of '${entry}' must be a tensor, got ${typeof input}; wrap numbers in tf.scalar`,
        );
      }
    });
    const key = `${entry}(${inputs.map((input) => `${input.dtype}[${input.shape}]`).join(', ')})`;
    const known = this.#traces.get(key);
    if (known) return known;
    const siblings = [...this.#traces.keys()].filter((other) => other.startsWith(`${entry}(`));
    if (siblings.length >= this.#maxTraces) {
      throw new Error(
        `'${entry}' would be traced for the ${siblings.length + 1}th set of input shapes, ${key}; pad the inputs to ` +
          `few shapes, or raise maxTraces (${this.#maxTraces})`,
      );
    }
    const fresh = trace(`${entry}_${this.#traces.size}/`, body, inputs, this.#list);
    this.#traces.set(key, fresh);
    this.#reload();
    return fresh;
  }

  /** A session's graph cannot grow: load a new one with all traces, and carry the variables over. */
  #reload(): void {
    const values = this.read();
    this.#unload();
    const nodes = [
      ...this.#list.flatMap(variableNodes),
      ...[...this.#traces.values()].flatMap((traced) => traced.nodes),
    ];
    const directory = mkdtempSync(join(tmpdir(), 'tfjs-program-'));
    try {
      writeFileSync(join(directory, 'saved_model.pb'), encodeSavedModel(nodes));
      this.#session = nativeBackend().binding.loadSavedModel(directory, 'serve');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    this.#feed(values);
    tf.dispose(values);
  }

  #feed(values: Readonly<Record<string, tf.Tensor>>): void {
    const names = Object.keys(this.#variables);
    const given = Object.entries(values).map(([name, tensor]) => ({ i: names.indexOf(name), tensor }));
    if (given.length === 0) return;
    const done = this.#fetch(
      given.map(({ i, tensor }) => ({ name: `initial_${i}`, tensor })),
      given.map(({ i }) => `initialise_${i}`),
    );
    tf.dispose(done);
  }

  #fetch(feeds: readonly { name: string; tensor: tf.Tensor }[], outputs: readonly string[]): tf.Tensor[] {
    this.#assertAlive();
    return nativeBackend().runSavedModel(
      this.#session!,
      feeds.map(({ tensor }) => tensor),
      feeds.map(({ name }) => ({ name: `${name}:0` })),
      outputs.map((name) => `${name}:0`),
    );
  }

  #unload(): void {
    if (this.#session !== undefined) nativeBackend().binding.deleteSavedModel(this.#session);
    this.#session = undefined;
  }

  #assertAlive(): void {
    if (this.#disposed) throw new Error('this program was disposed; compile it again');
  }
}

class EagerProgram<E extends Entries> implements Program<E> {
  readonly #variables: Variables;
  readonly #entries: E;

  constructor(variables: Variables, entries: E) {
    this.#variables = variables;
    this.#entries = entries;
  }

  run<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): Promise<ReturnType<E[K]>> {
    return Promise.resolve().then(() => this.runSync(entry, ...inputs));
  }

  runSync<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): ReturnType<E[K]> {
    const body = this.#entries[entry];
    if (!body)
      throw new Error(`no entry '${entry}'; this program has ${Object.keys(this.#entries).join(', ')}`);
    return tf.tidy(() => body(...inputs) as tf.TensorContainer) as ReturnType<E[K]>;
  }

  prepare(): void {}

  read(): Record<string, tf.Tensor> {
    return Object.fromEntries(
      Object.entries(this.#variables).map(([name, variable]) => [name, tf.clone(variable)]),
    );
  }

  load(values: Readonly<Record<string, tf.Tensor>>): void {
    for (const [name, value] of Object.entries(values)) checkValue(this.#variables, name, value);
    assignAll(this.#variables, values);
  }

  dispose(): void {}
}

/** A variable's own nodes: the resource, a read, and an assignment from a placeholder. */
function variableNodes(variable: tf.Variable, i: number): GraphNode[] {
  const type = nativeBackend().tensorMap.get(variable.dataId).dtype;
  const dtype = typeAttribute('dtype', type);
  const shape = shapeAttribute('shape', variable.shape);
  const resource = variableNode(i);
  return [
    {
      name: resource,
      op: 'VarHandleOp',
      inputs: [],
      attributes: [dtype, shape, stringAttribute('shared_name', resource)],
    },
    { name: `read_${i}`, op: 'ReadVariableOp', inputs: [resource], attributes: [dtype] },
    { name: `initial_${i}`, op: 'Placeholder', inputs: [], attributes: [dtype, shape] },
    { name: `assign_${i}`, op: 'AssignVariableOp', inputs: [resource, `initial_${i}`], attributes: [dtype] },
    {
      name: `initialise_${i}`,
      op: 'Shape',
      inputs: [`initial_${i}`, `^assign_${i}`],
      attributes: [typeAttribute('T', type), typeAttribute('out_type', nativeBackend().binding.TF_INT32)],
    },
  ];
}

function checkValue(variables: Variables, name: string, value: tf.Tensor): void {
  const variable = variables[name];
  if (!variable)
    throw new Error(`no variable '${name}' in this program; it has ${Object.keys(variables).join(', ')}`);
  if (variable.dtype !== value.dtype || String(variable.shape) !== String(value.shape)) {
    throw new Error(
      `variable '${name}' is ${variable.dtype}[${variable.shape}], the value given ${value.dtype}[${value.shape}]`,
    );
  }
}

function assignAll(variables: Variables, values: Readonly<Record<string, tf.Tensor>>): void {
  for (const [name, value] of Object.entries(values)) variables[name]!.assign(value);
}
