/**
 * Recurrent layers of tf.layers as loops of the graph. Traced step by step, two LSTMs with 100 steps are more than ten thousand
 * operations, which TensorFlow takes up to a minute to optimise. As loops, they are a few hundred, whatever their length.
 *
 * The forward loop keeps the states of all steps. The backward loop computes each step again from them, with its gradient, and
 * sums the gradients of the weights.
 */
import * as tf from '@tensorflow/tfjs';
import { withMethods } from '../patch';
import type { Recorder } from './recorder';

/** Shorter sequences are traced step by step, which runs faster. */
const SHORTEST = 24;

/** Private parts of tf.layers; tfjs is pinned, and tests train each of these layers. */
type Cell = Omit<tf.layers.Layer, 'call'> & {
  readonly stateSize: number | readonly number[];
  readonly cells?: readonly Cell[];
  readonly dropout?: number;
  readonly recurrentDropout?: number;
  dropoutMask?: Masks;
  recurrentDropoutMask?: Masks;
  call(inputs: tf.Tensor[], kwargs: object): tf.Tensor[];
};
type Masks = tf.Tensor | tf.Tensor[] | null;
type RecurrentLayer = tf.layers.Layer & {
  readonly cell: Cell;
  readonly stateful: boolean;
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
};
type Call = (inputs: tf.Tensor | tf.Tensor[], kwargs: CallArguments) => tf.Tensor | tf.Tensor[];
interface CallArguments {
  readonly mask?: tf.Tensor | null;
  readonly training?: boolean;
  readonly initialState?: tf.Tensor[] | null;
}

/** Runs `body`, which is being recorded, with long recurrent layers as loops. */
export function withLoops<R>(recorder: Recorder, body: () => R): R {
  const layer = tf.RNN.prototype as unknown as { call: Call };
  const stepByStep = layer.call;
  const call: Call = function (this: RecurrentLayer, inputs, kwargs) {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    return recorder.takesLoops && canLoop(this, x)
      ? tf.tidy(() => loop(recorder, this, x, kwargs ?? {}))
      : stepByStep.call(this, inputs, kwargs);
  } as Call;
  return withMethods(layer, { call }, body);
}

/** True for cells of tf.layers, which depend only on their inputs; a user's own cell may count its steps in JavaScript. */
function canLoop({ cell, stateful }: RecurrentLayer, x: tf.Tensor): boolean {
  const isKnown = ({ constructor: type }: Cell): boolean => knownCells().includes(type);
  const cells = cell.cells ?? [cell];
  return (
    x.rank === 3 &&
    x.shape[1]! >= SHORTEST &&
    !stateful &&
    engineState().gradientDepth <= 1 && // a loop has no gradient of second order
    cells.every(isKnown) &&
    (cells.length === 1 || !cells.some(drops)) // tf.layers never renews the masks of several
  );
}

let known: readonly unknown[] | undefined;

function knownCells(): readonly unknown[] {
  known ??= [tf.layers.lstmCell, tf.layers.gruCell, tf.layers.simpleRNNCell].map(
    (make) => (make({ units: 1 }) as object).constructor,
  );
  return known;
}

function drops({ dropout = 0, recurrentDropout = 0 }: Cell): boolean {
  return dropout > 0 || recurrentDropout > 0;
}

/** Computes the same as RNN.call. x [batch, steps, width] -> outputs [batch, steps, units] or [batch, units], and states */
function loop(
  recorder: Recorder,
  layer: RecurrentLayer,
  x: tf.Tensor,
  { mask, training, initialState }: CallArguments,
): tf.Tensor | tf.Tensor[] {
  const { cell, goBackwards, returnSequences, returnState } = layer;
  const sizes = [cell.stateSize].flat() as number[];
  const states = initialState ?? sizes.map((size) => tf.zeros([x.shape[0]!, size]));
  const inOrder = (y: tf.Tensor): tf.Tensor => {
    const byStep = tf.transpose(y, [1, 0, 2]);
    return goBackwards ? tf.reverse(byStep, 0) : byStep;
  };
  const xs = inOrder(x) as tf.Tensor3D; // [steps, batch, width]
  const masks = mask ? inOrder(maskOf(mask)) : undefined; // [steps, batch, 1]
  // The first step makes the dropout masks, which are the same in all steps.
  if (drops(cell)) cell.call([tf.squeeze(tf.slice(xs, 0, 1), [0]), ...states], { training });
  const all = scan(recorder, { layer, training: training ?? false, sizes, xs, masks, states });
  const steps = xs.shape[0];
  const last = apart(tf.squeeze(tf.slice(all, [steps - 1], [1]), [0]), sizes);
  // The output of these cells is their first state.
  const [units] = sizes as [number];
  const outputs = (): tf.Tensor => tf.transpose(tf.slice(all, [0, 0, 0], [-1, -1, units]), [1, 0, 2]);
  const output = returnSequences ? outputs() : last[0]!;
  return returnState ? [output, ...last] : output;
}

/** Splits states that are side by side; tfjs has no gradient of a split into one part. */
function apart(states: tf.Tensor, sizes: readonly number[]): tf.Tensor[] {
  return sizes.length === 1 ? [states] : tf.split(states, [...sizes], 1);
}

function maskOf(mask: tf.Tensor): tf.Tensor {
  const numbers = tf.cast(tf.cast(mask, 'bool'), 'float32');
  return numbers.rank === 2 ? tf.expandDims(numbers, -1) : numbers;
}

interface Scan {
  readonly layer: RecurrentLayer;
  readonly training: boolean;
  readonly sizes: readonly number[];
  readonly xs: tf.Tensor3D;
  readonly masks: tf.Tensor | undefined;
  readonly states: readonly tf.Tensor[];
}

/** The states after each step, side by side: [steps, batch, sum of sizes] */
function scan(recorder: Recorder, { layer, training, sizes, xs, masks, states }: Scan): tf.Tensor {
  const { cell } = layer;
  const [steps] = xs.shape;
  const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
  const { dropoutMask = null, recurrentDropoutMask = null } = cell;
  const dropped = [dropoutMask, recurrentDropoutMask].flatMap((mask) => mask ?? []);
  /** x [batch, width], states side by side -> states side by side. `kept` holds the masks of dropout, then those of steps. */
  const step = (x: tf.Tensor, before: tf.Tensor, at: tf.Scalar, kept: readonly tf.Tensor[]): tf.Tensor =>
    withMethods(cell, dropoutOf(dropoutMask, recurrentDropoutMask, kept), () => {
      const [, ...after] = cell.call([x, ...apart(before, sizes)], { training });
      const now = tf.concat(after, 1);
      if (!masks) return now;
      const here = tf.gather(kept.at(-1)!, at);
      return tf.add(tf.mul(now, here), tf.mul(before, tf.sub(tf.onesLike(here), here)));
    });
  const run = tf.customGrad((...from) => {
    const save = from.pop() as unknown as (tensors: tf.Tensor[]) => void;
    const [xs, first, ...kept] = from as [tf.Tensor3D, tf.Tensor2D, ...tf.Tensor[]];
    kept.splice(0, weights.length);
    const forwards = recorder.loop(steps, [first], (turn, [before]) => {
      const after = step(tf.gather(xs, turn), before!, turn, kept);
      return { carried: [after], collected: [{ place: turn, value: after }] };
    });
    const all = forwards.collected[0] as tf.Tensor3D;
    save([xs, first, all, ...kept]);
    const gradFunc = (dAll: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [xs, first, all, ...kept] = saved as [tf.Tensor3D, tf.Tensor2D, tf.Tensor3D, ...tf.Tensor[]];
      const befores = tf.concat([tf.expandDims(first, 0), tf.slice(all, 0, steps - 1)], 0);
      const zeros = [tf.zerosLike(first), ...weights.map((weight) => tf.zeros(weight.shape))];
      const backwards = recorder.loop(steps, zeros, (turn, [dAfter, ...dWeights]) => {
        const at = tf.sub(tf.scalar(steps - 1, 'int32'), turn) as tf.Scalar;
        const gradients = tf.grads((x, before) => step(x!, before!, at, kept));
        const [dx, dBefore, ...more] = onTapeOfItsOwn(() =>
          gradients(
            [tf.gather(xs, at), tf.gather(befores, at), ...weights],
            tf.add(tf.gather(dAll, at), dAfter!),
          ),
        );
        return {
          carried: [dBefore!, ...dWeights.map((sum, i) => tf.add(sum, more[i]!))],
          collected: [{ place: at, value: dx! }],
        };
      });
      const [dFirst, ...dWeights] = backwards.carried;
      return [backwards.collected[0]!, dFirst!, ...dWeights, ...kept.map((mask) => tf.zerosLike(mask))];
    };
    return { value: all, gradFunc };
  });
  return run(xs, tf.concat([...states], 1), ...weights, ...dropped, ...(masks ? [masks] : []));
}

/** Runs `body` on its own tape, since tfjs ends its tape with the first finished gradient, even a nested one. */
function onTapeOfItsOwn<R>(body: () => R): R {
  return withMethods(engineState(), { gradientDepth: 1, activeTape: [] }, body);
}

function engineState(): { gradientDepth: number; activeTape: readonly unknown[] } {
  return (tf.engine() as unknown as { state: ReturnType<typeof engineState> }).state;
}

/** The dropout masks in the order of a cell's. */
function dropoutOf(
  dropoutMask: Masks,
  recurrentDropoutMask: Masks,
  kept: readonly tf.Tensor[],
): { dropoutMask: Masks; recurrentDropoutMask: Masks } {
  const left = [...kept];
  const like = (masks: Masks): Masks => {
    if (masks === null) return null;
    return Array.isArray(masks) ? left.splice(0, masks.length) : left.shift()!;
  };
  return { dropoutMask: like(dropoutMask), recurrentDropoutMask: like(recurrentDropoutMask) };
}
