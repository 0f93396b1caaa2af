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

/** The options of {@link compile}. */
export interface CompileOptions<E extends Entries, V extends Variables = Variables> {
  /** All variables that any entry reads or assigns. The state of tfjs's optimisers is added automatically. */
  readonly variables: V;
  /** The functions to compile. They are traced when first run, once for each set of input shapes. */
  readonly entries: E;
  /**
   * Seed of tf.randomUniform, tf.dropout and the like inside entries: the same seed gives the same numbers.
   * @default 0
   */
  readonly seed?: number;
  /**
   * The number of sets of input shapes for which an entry is traced. For any others, it runs uncompiled, and a warning says so.
   * @default 16
   */
  readonly maxTraces?: number;
  /**
   * Traces each entry again before its 2nd, 4th, 8th, 16th .. run, and throws if a number, a captured tensor or a branch differs
   * from the one that the graph has frozen. An entry with more than 10,000 operations, which takes seconds to trace, is traced
   * again only before its 2nd run.
   * @default true
   */
  readonly audit?: boolean;
  /**
   * Also runs each entry eagerly, from the same state, and throws if the results differ. This is slow and meant for tests. Give
   * `true`, or the largest difference allowed as a share of the largest value in a tensor (1e-3).
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

/** The options with their defaults, and those that only {@link compileModel} uses. */
export interface ProgramOptions<E extends Entries, V extends Variables>
  extends Required<CompileOptions<E, V>> {
  /**
   * If given, unlisted variables that entries use are added. It is called once with the inputs of an entry that makes variables
   * while it is traced, so that they are made before.
   */
  readonly build?: (inputs: readonly tf.Tensor[]) => void;
}

/** The values of variables: those given to {@link compile}, and those that the entries added. */
export type Values<V extends Variables> = { readonly [K in keyof V]: ValueOf<V[K]> } & Readonly<
  Record<string, tf.Tensor>
>;
type ValueOf<W> = W extends tf.Variable<infer R> ? tf.Tensor<R> : never;

/**
 * Entries compiled into one graph. The graph has copies of the variables. Reading a tf.Variable of the program gives its latest
 * value, and the next run uses values that were assigned to it from outside.
 */
export interface Program<E extends Entries, V extends Variables = Variables> {
  /** Runs an entry, and waits for its outputs, which the caller disposes. */
  run<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): Promise<ReturnType<E[K]>>;
  /** The same without a promise. */
  runSync<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): ReturnType<E[K]>;
  /** Traces an entry for inputs like these without running it, so that the first run is as fast as any. */
  prepare<K extends keyof E & string>(entry: K, ...inputs: Parameters<E[K]>): void;
  /**
   * The present values of the variables by name, including `random`, int32 [seed, step], if an entry draws random numbers, and
   * the state of tfjs's optimisers (`Adam/accBeta1`), if entries apply them. The caller disposes them.
   */
  read(): Values<V>;
  /** Sets variables by name. The state of an optimiser has names once an entry that applies it was prepared. */
  load(values: { readonly [K in keyof V]?: tf.Tensor }): void;
  /** Frees the graph and its copies of the variables; the tf.Variables keep the last values. */
  dispose(): void;
}

/**
 * Compiles functions of tensors, like `tf.function` or `jax.jit`: each entry is run once to record its operations, and from then
 * on TensorFlow runs the recorded graph as a whole. This saves most of the cost of calling operations one by one from JavaScript
 * and lets TensorFlow fuse them.
 *
 * Tracing freezes JavaScript numbers, branches and loops, and tensors captured from outside. Anything that changes from run to
 * run belongs in variables or inputs. The learning rates of tfjs's optimisers and tfjs's random functions are not frozen. See
 * `docs/compile.md` for details.
 *
 * Loads the backend if none has been chosen. On the wasm and cpu backends, the entries run eagerly, with the same results except
 * for the random numbers.
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

/** {@link compile} with further options for internal callers. */
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
  if (twice) throw new Error(`variable '${twice.name}' is given to compile twice; name it once`);
  if ('random' in variables)
    throw new Error("'random' is the name of a program's own random state; give the variable another");
  const { seed = 0, maxTraces = 16, audit = true, check = false } = options;
  if (typeof check === 'object') assertGiven('check', check, { tolerance: NUMBER });
  const complete = { ...options, seed, maxTraces, audit, check };
  return usesTensorFlow() ? new GraphProgram(complete) : new EagerProgram(complete);
}

/** True for a weight of tf.layers, which contains the variable. */
function isLayerVariable(value: unknown): boolean {
  return (value as tf.LayerVariable | undefined)?.read instanceof Function;
}
