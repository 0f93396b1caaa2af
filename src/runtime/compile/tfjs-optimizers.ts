/**
 * tfjs's own optimisers inside compiled functions. They keep their learning rate as a JavaScript number, which a graph would
 * freeze, and create their state when first used. Both are found here and passed to the trace.
 */
import * as tf from '@tensorflow/tfjs';
import { withMethods } from '../patch';
import { TraceError } from './outputs';

/** An optimiser that an entry applied, and the numbers that must not change from run to run. */
export interface OptimizerUse {
  readonly optimizer: tf.Optimizer;
  /** The number of times that the entry applies it. */
  readonly times: number;
  /** Its numbers when the entry was traced, apart from the learning rate. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** The actions of a trace when an entry applies an optimiser. */
export interface OptimizerHooks {
  /** The learning rate that replaces the optimiser's own. */
  learningRate(optimizer: tf.Optimizer): number;
  /** Called before and after each update with the optimiser's state, by names that are the same in every process. */
  state(variables: Readonly<Record<string, tf.Variable>>): void;
  /** Runs an update, which may create the optimiser's state. */
  update(run: () => void): void;
  /** Runs code that belongs to no graph. */
  aside(body: () => void): void;
}

const CLASSES = [
  tf.SGDOptimizer,
  tf.MomentumOptimizer,
  tf.RMSPropOptimizer,
  tf.AdamOptimizer,
  tf.AdamaxOptimizer,
  tf.AdagradOptimizer,
  tf.AdadeltaOptimizer,
];

/** Runs `body`, which may apply optimisers, without changing their counts of iterations. */
export function withOptimizers<R>(
  hooks: OptimizerHooks,
  body: () => R,
): { readonly result: R; readonly uses: readonly OptimizerUse[] } {
  const times = new Map<tf.Optimizer, number>();
  let applying: tf.Optimizer | undefined;

  const watched = (original: tf.Optimizer['applyGradients']): tf.Optimizer['applyGradients'] =>
    function (this: tf.Optimizer, gradients) {
      if (applying === this) return original.call(this, gradients); // by super.applyGradients
      const own = learningRateOf(this);
      hooks.state(stateOf(this));
      const outermost = applying;
      applying = this;
      try {
        createState(this, gradients, (run) => hooks.update(() => hooks.aside(run)), original);
      } finally {
        applying = outermost;
      }
      hooks.state(stateOf(this));
      hooks.aside(() => setLearningRate(this, hooks.learningRate(this)));
      const outer = applying;
      applying = this;
      const { iterations } = this;
      try {
        hooks.update(() => original.call(this, gradients));
      } finally {
        applying = outer;
        hooks.aside(() => setLearningRate(this, own));
        hooks.state(stateOf(this));
        addIterations(this, iterations - this.iterations);
      }
      times.set(this, (times.get(this) ?? 0) + 1);
    };
  const refuseUnknown = function (this: tf.Optimizer): void {
    if (applying === this) {
      addIterations(this, 1);
      return;
    }
    throw new TraceError(
      `the optimiser ${this.getClassName()} is not one of tfjs's own: its JavaScript numbers would be frozen; extend ` +
        'one of tf.train, or write the update with tensors and variables',
    );
  };

  const nested = CLASSES.reduce<() => R>((inner, { prototype }) => {
    const { applyGradients } = prototype;
    return () => withMethods(prototype, { applyGradients: watched(applyGradients) }, inner);
  }, body);
  const base = tf.Optimizer.prototype as tf.Optimizer & { incrementIterations(): void };
  const result = withMethods(base, { incrementIterations: refuseUnknown }, nested);
  const uses = [...times].map(([optimizer, count]) => ({
    optimizer,
    times: count,
    numbers: numbersOf(optimizer),
  }));
  return { result, uses };
}

/** The present learning rate, which schedules change between steps. */
export function learningRateOf(optimizer: tf.Optimizer): number {
  return (optimizer as unknown as { learningRate: number }).learningRate;
}

/** Counts the iterations that a graph ran. */
export function addIterations(optimizer: tf.Optimizer, count: number): void {
  (optimizer as unknown as { iterations_: number }).iterations_ = optimizer.iterations + count;
}

/** @throws TraceError if a number that the graph has frozen has changed */
export function assertSameNumbers(entry: string, { optimizer, numbers }: OptimizerUse): void {
  const now = numbersOf(optimizer);
  for (const [name, value] of Object.entries(numbers)) {
    if (Object.is(now[name], value)) continue;
    throw new TraceError(
      `${name} of the optimiser ${optimizer.getClassName()} was ${value} when '${entry}' was compiled and is ` +
        `${now[name]} now: only learningRate may change from step to step; compile again after changing ${name}`,
    );
  }
}

/** The optimisers that have their state, with the variables that it belongs to. */
const complete = new WeakMap<tf.Optimizer, Set<string>>();

/**
 * Creates the state of an optimiser, which tfjs creates in the first update. A first update is made in advance and undone, except
 * for the new state, which gets its initial values; so the state is known before the update that counts.
 */
function createState(
  optimizer: tf.Optimizer,
  gradients: Parameters<tf.Optimizer['applyGradients']>[0],
  aside: (run: () => void) => void,
  apply: tf.Optimizer['applyGradients'],
): void {
  const names = Array.isArray(gradients) ? gradients.map(({ name }) => name) : Object.keys(gradients);
  const known = complete.get(optimizer) ?? new Set();
  if (names.every((name) => known.has(name))) return;
  aside(() =>
    tf.tidy(() => {
      const registered = tf.engine().registeredVariables;
      const before = new Map(
        [...names.flatMap((name) => registered[name] ?? []), ...Object.values(stateOf(optimizer))].map(
          (variable) => [variable, variable.clone()],
        ),
      );
      const engine = tf.engine();
      const { makeVariable } = engine;
      const creating: typeof makeVariable = (initial, ...rest) => {
        const variable = makeVariable.call(engine, initial, ...rest);
        before.set(variable, variable.clone());
        return variable;
      };
      const { iterations } = optimizer;
      withMethods(engine, { makeVariable: creating }, () => apply.call(optimizer, gradients));
      addIterations(optimizer, iterations - optimizer.iterations);
      for (const [variable, value] of before) variable.assign(value);
    }),
  );
  complete.set(optimizer, new Set([...known, ...names]));
}

function numbersOf(optimizer: tf.Optimizer): Record<string, number> {
  const numbers = Object.entries(optimizer).filter(
    ([name, value]) => typeof value === 'number' && name !== 'learningRate' && name !== 'iterations_',
  );
  return Object.fromEntries(numbers);
}

/** Sets the learning rate; SGD and Momentum also keep it as a tensor. (tfjs's `instanceof` accepts any optimiser as SGD.) */
function setLearningRate(optimizer: tf.Optimizer, value: number): void {
  if ('setLearningRate' in optimizer) (optimizer as tf.SGDOptimizer).setLearningRate(value);
  else Object.assign(optimizer, { learningRate: value });
}

/** The variables among an optimiser's properties: single ones, and lists with one for each weight. */
function stateOf(optimizer: tf.Optimizer): Record<string, tf.Variable> {
  const state: Record<string, tf.Variable> = {};
  for (const [property, value] of Object.entries(optimizer)) {
    const name = `${optimizer.getClassName()}/${property}`;
    if (value instanceof tf.Variable) state[name] = value;
    if (!Array.isArray(value)) continue;
    value.forEach((slot: { variable?: tf.Variable } | undefined, i) => {
      if (slot?.variable instanceof tf.Variable) state[`${name}/${i}`] = slot.variable;
    });
  }
  return state;
}
