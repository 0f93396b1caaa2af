/** A program that runs as a TensorFlow graph. */
import * as tf from '@tensorflow/tfjs';
import { assertSame, type EagerRun, runEagerly } from './check';
import { runBody } from './eager-program';
import { NewVariableError } from './entry-rules';
import { assertTensors, assignAll, bodyOf, RANDOM, randomState } from './named-variables';
import type { Entries, Program, ProgramOptions, Values, Variables } from './program';
import { Session } from './session';
import { type Holder, handBack, holderOf, setHolder, share, unshare } from './shared-variables';
import { addIterations, assertSameNumbers } from './tfjs-optimizers';
import { type Trace, trace } from './trace';
import { assertSameTrace } from './trace-audit';

/** With more operations, tracing takes seconds, so that the entry is audited only once. */
const LARGE = 10_000;

/** An entry traced for one set of input shapes. */
interface Compiled {
  readonly entry: string;
  readonly scope: string;
  readonly trace: Trace;
  runs: number;
}

export class GraphProgram<E extends Entries, V extends Variables> implements Program<E, V>, Holder {
  /** The variables by name, in the order of their indices in the graph. */
  readonly #variables: Map<string, tf.Variable>;
  readonly #random: tf.Variable;
  readonly #entries: E;
  readonly #options: ProgramOptions<E, V> & { readonly tolerance?: number };
  readonly #compiled = new Map<string, Compiled>();
  /** The entries for which a warning has said that they run eagerly for some shapes. */
  readonly #overflowing = new Set<string>();
  #session: Session | undefined;
  /** The data of each variable when the session last read or wrote it. */
  #known: (tf.Variable['dataId'] | undefined)[] = [];
  #disposed = false;

  constructor(options: ProgramOptions<E, V>) {
    const { variables, entries, seed, check } = options;
    this.#random = randomState(seed);
    this.#variables = new Map([...Object.entries(variables), [RANDOM, this.#random]]);
    for (const variable of this.#variables.values()) share(variable);
    this.#entries = entries;
    const tolerance = check === true ? 1e-3 : check === false ? undefined : check.tolerance;
    this.#options = { ...options, ...(tolerance === undefined ? {} : { tolerance }) };
  }

  run<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): Promise<ReturnType<E[K]>> {
    return Promise.resolve().then(() => this.runSync(entry, ...inputs));
  }

  runSync<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): ReturnType<E[K]> {
    const compiled = this.#trace(entry, inputs);
    if (!compiled) return runBody(this.#entries, entry, inputs, this.#random);
    compiled.runs++;
    for (const use of compiled.trace.optimizers) assertSameNumbers(entry, use);
    if (this.#isAudited(compiled)) this.#audit(compiled, inputs);
    const { tolerance } = this.#options;
    const result =
      tolerance === undefined
        ? this.#execute(compiled, inputs)
        : this.#executeChecked(compiled, inputs, tolerance);
    return result as ReturnType<E[K]>;
  }

  prepare<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): void {
    this.#trace(entry, inputs);
  }

  read(): Values<V> {
    this.#assertAlive();
    const draws = [...this.#compiled.values()].some(({ trace }) => trace.writes.includes(this.#randomIndex));
    const names = [...this.#variables.keys()].filter((name) => name !== RANDOM || draws);
    return Object.fromEntries(
      names.map((name) => [name, tf.clone(this.#variables.get(name)!)]),
    ) as unknown as Values<V>;
  }

  load(values: { readonly [K in keyof V]?: tf.Tensor }): void {
    this.#assertAlive();
    assignAll(this.#variables, values as Record<string, tf.Tensor>);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.flush();
    this.#session?.dispose();
    this.#compiled.clear();
    for (const variable of this.#variables.values()) unshare(variable);
    this.#random.dispose();
    this.#disposed = true;
  }

  flush(): void {
    const list = this.#list;
    const held = list.flatMap((variable, i) => (holderOf(variable) === this ? [{ variable, i }] : []));
    for (const { variable } of held) setHolder(variable, undefined);
    const values = this.#session?.read(held.map(({ i }) => i)) ?? [];
    held.forEach(({ variable, i }, k) => {
      handBack(variable, values[k]!);
      this.#known[i] = variable.dataId;
    });
    tf.dispose(values);
  }

  get #list(): tf.Variable[] {
    return [...this.#variables.values()];
  }

  get #randomIndex(): number {
    return this.#list.indexOf(this.#random);
  }

  /** The entry traced for these inputs; undefined if it has already been traced for too many shapes. */
  #trace(entry: string, inputs: readonly tf.Tensor[]): Compiled | undefined {
    this.#assertAlive();
    bodyOf(this.#entries, entry);
    assertTensors(entry, inputs);
    const shapes = inputs.map((input) => `${input.dtype}[${input.shape}]`).join(', ');
    const key = `${entry}(${shapes})${this.#untrained()}`;
    const known = this.#compiled.get(key);
    if (known) return known;
    const { maxTraces } = this.#options;
    const siblings = [...this.#compiled.values()].filter((other) => other.entry === entry);
    if (siblings.length >= maxTraces) {
      if (!this.#overflowing.has(entry))
        console.warn(
          `'${entry}' has been compiled for ${maxTraces} sets of input shapes (maxTraces): it runs uncompiled for ` +
            `${entry}(${shapes}) and any further ones. Pad the inputs to few shapes, or raise maxTraces.`,
        );
      this.#overflowing.add(entry);
      return undefined;
    }
    const scope = `${entry.replace(/[^A-Za-z0-9_]/g, '_')}_${this.#compiled.size}/`;
    const compiled = { entry, scope, trace: this.#traceOnce(entry, scope, inputs), runs: 0 };
    this.#compiled.set(key, compiled);
    this.#reload();
    return compiled;
  }

  /** A key for the variables that optimisers must not update, since a trace contains the updates of the others. */
  #untrained(): string {
    const { variables } = this.#options;
    let names = '';
    for (const name in variables) if (!variables[name]!.trainable) names += ` without ${name}`;
    return names;
  }

  /** Traces an entry. Variables that are found only by tracing are added, and the trace is repeated if it lacks them. */
  #traceOnce(entry: string, scope: string, inputs: readonly tf.Tensor[]): Trace {
    const body = this.#entries[entry]!;
    const { build } = this.#options;
    let built = build === undefined;
    for (;;) {
      this.#assertVariablesAlive();
      const variables = this.#list;
      try {
        const options = { entry, scope, body, inputs, variables, random: this.#random };
        const result = trace({ ...options, adopts: build !== undefined });
        this.#add('trace' in result ? result.added : result.missing);
        if ('trace' in result) return result.trace;
      } catch (error) {
        if (built || !(error instanceof NewVariableError)) throw error;
        built = true;
        build!(inputs);
      }
    }
  }

  #add(found: Readonly<Record<string, tf.Variable>>): void {
    for (const [name, variable] of Object.entries(found)) {
      this.#variables.set(this.#variables.has(name) ? `${name}#${this.#variables.size}` : name, variable);
      share(variable);
    }
  }

  /** Loads a new session with all traces, and transfers the variables, since the graph of a session cannot grow. */
  #reload(): void {
    this.flush();
    this.#session?.dispose();
    this.#known = [];
    const nodes = [...this.#compiled.values()].flatMap(({ trace }) => trace.nodes);
    this.#session = new Session(this.#list, nodes);
  }

  /** Passes to the session the values that were assigned to variables from outside. */
  #refresh(): void {
    this.#assertVariablesAlive();
    const changed = this.#list.flatMap((variable, i) => {
      if (holderOf(variable) === this || variable.dataId === this.#known[i]) return [];
      return [{ i, tensor: variable as tf.Tensor }];
    });
    this.#session!.write(changed);
    for (const { i, tensor } of changed) this.#known[i] = tensor.dataId;
  }

  #execute({ entry, trace }: Compiled, inputs: readonly tf.Tensor[]): ReturnType<Trace['restore']> {
    this.#refresh();
    const numbers = trace.numbers.map(({ name, read }) => ({ name, tensor: tf.scalar(read()) as tf.Tensor }));
    const feeds = trace.inputs.map(({ name }, i) => ({ name, tensor: inputs[i]! }));
    const names = trace.outputs.map(({ name }) => name);
    try {
      const outputs = this.#fetch(entry, trace, [...feeds, ...numbers], names);
      for (const { optimizer, times } of trace.optimizers) addIterations(optimizer, times);
      return trace.restore(outputs);
    } finally {
      const list = this.#list;
      for (const i of trace.writes) setHolder(list[i]!, this);
      for (const { tensor } of numbers) tensor.dispose();
    }
  }

  /** Fetches outputs; an error names the entry, and the layer whose operation failed, if any. */
  #fetch(entry: string, trace: Trace, feeds: Parameters<Session['fetch']>[0], names: string[]): tf.Tensor[] {
    try {
      return this.#session!.fetch(feeds, names);
    } catch (error) {
      const { message } = error as Error;
      const failed = /\{\{node ([^}]+)\}\}/.exec(message)?.[1];
      const { op, layer } = trace.nodes.find(({ name }) => name === failed) ?? {};
      const reason = message.replace(/^Session fail to run with error: /, '').replace(/\s*\[\[.*/s, '');
      const where = op === undefined ? '' : ` in ${op}${layer === undefined ? '' : ` of layer '${layer}'`}`;
      throw new Error(`'${entry}' fails${where}: ${reason}`, { cause: error });
    }
  }

  #executeChecked(
    compiled: Compiled,
    inputs: readonly tf.Tensor[],
    tolerance: number,
  ): ReturnType<Trace['restore']> {
    const { entry } = compiled;
    const before = new Map([...this.#variables].map(([name, variable]) => [name, tf.clone(variable)]));
    let eager: EagerRun | undefined;
    try {
      eager = runEagerly(entry, this.#entries[entry]!, inputs, this.#variables, this.#random);
      const result = this.#execute(compiled, inputs);
      assertSame(entry, eager, result, this.#variables, before, tolerance);
      return result;
    } finally {
      eager?.dispose();
      tf.dispose([...before.values()]);
    }
  }

  #isAudited({ runs, trace }: Compiled): boolean {
    if (!this.#options.audit || runs < 2) return false;
    return trace.nodes.length > LARGE ? runs === 2 : isPowerOfTwo(runs);
  }

  #audit({ entry, scope, trace: frozen }: Compiled, inputs: readonly tf.Tensor[]): void {
    assertSameTrace(entry, frozen, this.#traceOnce(entry, scope, inputs));
  }

  #assertVariablesAlive(): void {
    for (const [name, variable] of this.#variables) {
      if (variable.isDisposed)
        throw new Error(`variable '${name}' of this program was disposed; dispose the program first`);
    }
  }

  #assertAlive(): void {
    if (this.#disposed) throw new Error('this program was disposed; compile it again');
  }
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n));
}
