/** Compiles tfjs functions into one TensorFlow graph of named entries that share variables. */
import * as tf from '@tensorflow/tfjs';
import { ANYTHING, assertGiven, FLAG, type Kinds, NUMBER } from '../../given';
import { requestBackend, usesTensorFlow } from '../backend';
import { EagerProgram } from './eager-program';
import { GraphProgram } from './graph-program';
import type { TensorFunction } from './outputs';

/** Variables by the names under which a program reads and loads them. */
export type Variables = Readonly<Record<string, tf.Variable>>;

/** Functions of tensors by name. */
export type Entries = Readonly<Record<string, TensorFunction>>;

/** What {@link compile} takes. */
export interface CompileOptions<E extends Entries, V extends Variables = Variables> {
  /** All variables that any entry reads or assigns. The state of tfjs's optimisers is added by itself. */
  readonly variables: V;
  /** The functions to compile. They are traced when first run, once for each set of input shapes. */
  readonly entries: E;
  /**
   * Seed of tf.randomUniform, tf.dropout and the like inside entries: the same seed gives the same numbers.
   * @default 0
   */
  readonly seed?: number;
  /**
   * How many sets of input shapes an entry is traced for. For any further ones it runs uncompiled, and a warning says so.
   * @default 16
   */
  readonly maxTraces?: number;
  /**
   * Traces each entry again before its 2nd, 4th, 8th, 16th .. run, and throws if a number, a captured tensor or a
   * branch is another than the one that the graph has frozen. An entry of more than 10,000 operations, which takes seconds
   * to trace, is traced again before its 2nd run only.
   * @default true
   */
  readonly audit?: boolean;
  /**
   * Runs each entry eagerly as well, from the same state, and throws where the two differ. Slow, for tests: `true`, or
   * the error to allow, as a share of the largest value in a tensor (1e-3).
   * @default false
   */
  readonly check?: boolean | { readonly tolerance: number };
}

/** What a program of functions and one of a model can both be told. */
export const PROGRAM_KINDS: Kinds<Omit<CompileOptions<Entries>, 'variables' | 'entries'>> = {
  seed: NUMBER,
  maxTraces: NUMBER,
  audit: FLAG,
  check: ANYTHING,
};

/** Options with their defaults, and what {@link compileModel} needs besides. */
export interface ProgramOptions<E extends Entries, V extends Variables>
  extends Required<CompileOptions<E, V>> {
  /**
   * Variables that entries use without being listed are added. Called once with an entry's inputs where a function makes
   * variables while it is traced, to have them made before.
   */
  readonly build?: (inputs: readonly tf.Tensor[]) => void;
}

/** The values of variables: those given to {@link compile}, and what the entries added to them. */
export type Values<V extends Variables> = { readonly [K in keyof V]: ValueOf<V[K]> } & Readonly<
  Record<string, tf.Tensor>
>;
type ValueOf<W> = W extends tf.Variable<infer R> ? tf.Tensor<R> : never;

/**
 * Entries compiled into one graph. The graph has copies of the variables; reading a tf.Variable of the program
 * gives its newest value, and the next run uses what was assigned to it from outside.
 */
export interface Program<E extends Entries, V extends Variables = Variables> {
  /** Runs an entry, and waits until its outputs are there. The caller disposes the outputs. */
  run<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): Promise<ReturnType<E[K]>>;
  /** The same without a promise. */
  runSync<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): ReturnType<E[K]>;
  /** Traces an entry for inputs like these without running it, so that the first run is as fast as any. */
  prepare<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): void;
  /**
   * The variables' values now, by name; also `random`, int32 [seed, step], if an entry draws random numbers, and the
   * state of tfjs's optimisers (`Adam/accBeta1`), if entries apply them. The caller disposes them.
   */
  read(): Values<V>;
  /** Sets variables by name. An optimiser's state has its names once an entry that applies it was prepared. */
  load(values: { readonly [K in keyof V]?: tf.Tensor }): void;
  /** Frees the graph and its copy of the variables; the tf.Variables have the last values. */
  dispose(): void;
}

/**
 * Compiles functions of tensors as `tf.function` or `jax.jit` do: each entry is run once to record its
 * operations, and from then on TensorFlow runs the recorded graph as a whole, which saves most of the cost of
 * calling operations one by one from JavaScript and lets TensorFlow fuse them.
 *
 * What is frozen when an entry is traced: JavaScript numbers, branches and loops, and tensors captured from
 * outside. What changes from run to run belongs in variables or inputs. The learning rates of tfjs's optimisers and
 * tfjs's random functions are not frozen. `docs/compile.md` has the details.
 *
 * Loads the backend if no one has chosen one. On the wasm and cpu backends the entries run eagerly, with the same results but for the random numbers.
 *
 * @throws RangeError for an option that is not read; TypeError for what is not a variable
 * @example
 * const program = compile({ variables: { w }, entries: { step: (x: tf.Tensor) => { w.assign(w.add(x)); return w.sum(); } } });
 * const total = program.runSync('step', tf.ones([3]));
 */
export function compile<E extends Entries, V extends Variables>(
  options: CompileOptions<E, V>,
): Program<E, V> {
  assertGiven('compile', options, { variables: ANYTHING, entries: ANYTHING, ...PROGRAM_KINDS });
  return programOf(options);
}

/** {@link compile} with what only this project's own callers may ask for. */
export function programOf<E extends Entries, V extends Variables>(
  options: CompileOptions<E, V> & Pick<ProgramOptions<E, V>, 'build'>,
): Program<E, V> {
  const { variables } = options;
  if (Array.isArray(variables))
    throw new TypeError(
      'variables must be an object that gives each variable a name, such as { w }. Those of a tf.LayersModel are ' +
        'Object.fromEntries(model.weights.map((weight) => [weight.name, weight.read()])); compileModel(model) needs none',
    );
  requestBackend();
  const list = Object.values(variables);
  for (const [name, variable] of Object.entries(variables)) {
    if (!(variable instanceof tf.Variable))
      throw new TypeError(
        `'${name}' must be a variable: ${
          isLayerVariable(variable)
            ? 'give the `read()` of this weight'
            : 'make it one by tf.variable, or pass it as an input'
        }`,
      );
  }
  const twice = list.find((variable, i) => list.indexOf(variable) !== i);
  if (twice) throw new Error(`variable '${twice.name}' is given twice to compile; name it once`);
  if ('random' in variables)
    throw new Error("'random' is the name of a program's own random state; give the variable another");
  const { seed = 0, maxTraces = 16, audit = true, check = false } = options;
  if (typeof check === 'object') assertGiven('check', check, { tolerance: NUMBER });
  const complete = { ...options, seed, maxTraces, audit, check };
  return usesTensorFlow() ? new GraphProgram(complete) : new EagerProgram(complete);
}

/** A weight of tf.layers, which has the variable inside. */
function isLayerVariable(value: unknown): boolean {
  return (value as tf.LayerVariable | undefined)?.read instanceof Function;
}
