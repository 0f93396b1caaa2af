/** Adam and SGD as PyTorch computes them, with the learning rate and the step as tensors. */
import * as tf from '@tensorflow/tfjs';
import { assertGiven, type Kinds, NUMBER, TEXT } from '../given';
import { type OpAttribute, tensorflowBackend, usesTensorFlow } from '../runtime/backend';
import { typeAttribute } from '../runtime/compile/graph-def';
import type { Variables } from '../runtime/compile/program';
import { type Operand, updateVariables } from '../runtime/compile/trace';
import { ADAM } from './adam-defaults';

/** Adam (Kingma & Ba 2015). */
export interface AdamConfig {
  readonly kind: 'adam';
  /** @default that of {@link ADAM} */
  readonly beta1?: number;
  /** @default that of {@link ADAM} */
  readonly beta2?: number;
  /** @default that of {@link ADAM} */
  readonly epsilon?: number;
  /** L2 regularisation: this factor times the weights is added to the gradient of every parameter (not AdamW). @default 0 */
  readonly weightDecay?: number;
}

/** Stochastic gradient descent with momentum. */
export interface SgdConfig {
  readonly kind: 'sgd';
  /** @default 0 */
  readonly momentum?: number;
  /** L2 regularisation: this factor times the weights is added to the gradient of every parameter. @default 0 */
  readonly weightDecay?: number;
}

const ADAM_KINDS: Kinds<AdamConfig> = {
  kind: TEXT,
  beta1: NUMBER,
  beta2: NUMBER,
  epsilon: NUMBER,
  weightDecay: NUMBER,
};
const SGD_KINDS: Kinds<SgdConfig> = { kind: TEXT, momentum: NUMBER, weightDecay: NUMBER };

/** The optimiser and its settings, which are fixed for the whole run. */
export type OptimizerConfig = AdamConfig | SgdConfig;

/** Updates parameters from gradients. */
export interface Optimizer {
  /** The state between steps, by the names of the parameters with a suffix. */
  readonly variables: Variables;
  /**
   * One step. The learning rate and the step (counted from 1) are tensors, since a compiled program would freeze numbers.
   */
  apply(gradients: Readonly<Record<string, tf.Tensor>>, learningRate: tf.Scalar, step: tf.Scalar): void;
  dispose(): void;
}

/** Makes an optimiser for some parameters. `apply` takes the gradients by the same names. */
export function createOptimizer(config: OptimizerConfig, parameters: Variables): Optimizer {
  assertGiven(`the optimizer ${config.kind}`, config, config.kind === 'adam' ? ADAM_KINDS : SGD_KINDS);
  return config.kind === 'adam' ? adam(config, parameters) : sgd(config, parameters);
}

/**
 * Adam with epsilon added as in PyTorch: w -= lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon).
 * TensorFlow's fused operation adds epsilon to sqrt(v) instead, so it gets epsilon * sqrt(1 - beta2^t).
 */
function adam(config: AdamConfig, parameters: Variables): Optimizer {
  const { beta1 = ADAM.beta1, beta2 = ADAM.beta2, epsilon = ADAM.epsilon, weightDecay = 0 } = config;
  checkRange('beta1', beta1, 0, 1);
  checkRange('beta2', beta2, 0, 1);
  checkRange('weightDecay', weightDecay, 0, Number.POSITIVE_INFINITY);
  const first = slots(parameters);
  const second = slots(parameters);
  return {
    variables: { ...suffixed(first, 'exp_avg'), ...suffixed(second, 'exp_avg_sq') },
    dispose: () => tf.dispose([...Object.values(first), ...Object.values(second)]),
    apply: (gradients, learningRate, step) =>
      tf.tidy(() => {
        const power1 = tf.pow(beta1, step);
        const power2 = tf.pow(beta2, step);
        const correction = tf.sqrt(tf.sub(1, power2));
        const scaledEpsilon = tf.mul(epsilon, correction);
        const alpha = tf.div(tf.mul(learningRate, correction), tf.sub(1, power1));
        const [b1, b2] = [tf.scalar(beta1), tf.scalar(beta2)];
        for (const [name, w] of Object.entries(parameters)) {
          const gradient = withDecay(gradients[name], name, w, weightDecay);
          const m = first[name]!;
          const v = second[name]!;
          const operands = [
            { variable: w },
            { variable: m },
            { variable: v },
            power1,
            power2,
            learningRate,
            b1,
            b2,
            scaledEpsilon,
            gradient,
          ];
          update('ResourceApplyAdam', operands, () => {
            m.assign(tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1)));
            v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
            w.assign(tf.sub(w, tf.div(tf.mul(m, alpha), tf.add(tf.sqrt(v), scaledEpsilon))));
          });
        }
      }),
  };
}

/** Momentum as in PyTorch: v = momentum * v + g, w -= lr * v. */
function sgd(config: SgdConfig, parameters: Variables): Optimizer {
  const { momentum = 0, weightDecay = 0 } = config;
  checkRange('momentum', momentum, 0, 1);
  checkRange('weightDecay', weightDecay, 0, Number.POSITIVE_INFINITY);
  const velocity = momentum > 0 ? slots(parameters) : {};
  return {
    variables: suffixed(velocity, 'momentum_buffer'),
    dispose: () => tf.dispose(Object.values(velocity)),
    apply: (gradients, learningRate) =>
      tf.tidy(() => {
        for (const [name, w] of Object.entries(parameters)) {
          const gradient = withDecay(gradients[name], name, w, weightDecay);
          const v = velocity[name];
          if (v) {
            const operands = [{ variable: w }, { variable: v }, learningRate, gradient, tf.scalar(momentum)];
            update('ResourceApplyMomentum', operands, () => {
              v.assign(tf.add(tf.mul(v, momentum), gradient));
              w.assign(tf.sub(w, tf.mul(v, learningRate)));
            });
          } else {
            update('ResourceApplyGradientDescent', [{ variable: w }, learningRate, gradient], () =>
              w.assign(tf.sub(w, tf.mul(gradient, learningRate))),
            );
          }
        }
      }),
  };
}

function update(op: string, operands: readonly Operand[], eagerly: () => void): void {
  updateVariables(op, usesTensorFlow() ? floatAttributes() : [], operands, eagerly);
}

function floatAttributes(): OpAttribute[] {
  return [typeAttribute('T', tensorflowBackend().binding.TF_FLOAT)];
}

function withDecay(
  gradient: tf.Tensor | undefined,
  name: string,
  w: tf.Variable,
  weightDecay: number,
): tf.Tensor {
  if (!gradient)
    throw new Error(`no gradient for parameter '${name}'; the loss must depend on every parameter`);
  return weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(w, weightDecay));
}

function slots(parameters: Variables): Record<string, tf.Variable> {
  const zeros = (w: tf.Variable): tf.Variable => tf.tidy(() => tf.variable(tf.zeros(w.shape)));
  return Object.fromEntries(Object.entries(parameters).map(([name, w]) => [name, zeros(w)]));
}

/** True if the name of a tensor in a checkpoint belongs to the state of an optimiser, such as `fc.weight.exp_avg`. */
export function isOptimizerState(name: string): boolean {
  return /\.(exp_avg|exp_avg_sq|momentum_buffer)$/.test(name);
}

function suffixed(variables: Variables, suffix: string): Variables {
  return Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [`${name}.${suffix}`, variable]),
  );
}

function checkRange(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value < high))
    throw new RangeError(`${name} must be in [${low}, ${high}), got ${value}`);
}
