/** What is compiled for a training: a step of the optimiser, the evaluation of examples, and the norms of the parameters. */
import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../data/dataset';
import type { Model } from '../models/model';
import { compile, type Program, type Variables } from '../runtime/compile/program';
import { statelessRandom } from '../runtime/random/stateless-random';
import { euclideanNorms } from './euclidean-norm';
import type { Evaluator } from './evaluation';
import { accuracy, correct, crossEntropy } from './losses';
import { createOptimizer, type Optimizer, type OptimizerConfig } from './optimizers';
import type { Regularizer } from './regularizers';

/** What is trained, and how. */
export interface TrainingParts {
  readonly model: Model;
  readonly optimizer: OptimizerConfig;
  /** Batches in an epoch, in which burn-ins are counted. */
  readonly perEpoch: number;
  readonly regularizers: readonly Regularizer[];
  /** @default all the same */
  readonly classWeights?: readonly number[];
  /** Sites that may be measured. */
  readonly sites: readonly string[];
}

/** What a step tells of the batch before it. */
export interface StepNumbers {
  readonly loss: number;
  readonly accuracy: number;
  readonly regularization: number;
  readonly gradientNorm: number;
  /** The norm of the gradient by each parameter. */
  readonly parameterNorms: Readonly<Record<string, number>>;
}

/** A model in training. */
export interface TrainingProgram {
  readonly evaluator: Evaluator;
  /** Takes one step; the random numbers of dropout follow from the seed and the number of the step. */
  step(batch: Batch, learningRate: number, seed: number, step: number): StepNumbers;
  /** The Euclidean norm of all parameters of the model. */
  weightNorm(): number;
  /** All variables by name, those of the optimiser included; the caller disposes of them. */
  read(): Readonly<Record<string, tf.Tensor>>;
  load(tensors: Readonly<Record<string, tf.Tensor>>): void;
  dispose(): void;
}

/** Compiles the training of a model. */
export function trainingProgram(parts: TrainingParts): TrainingProgram {
  const parameters = trainedVariables(parts);
  const names = Object.keys(parameters);
  const optimizer = createOptimizer(parts.optimizer, parameters);
  const program: Compiled = compile({
    variables: { ...parts.model.variables, ...parameters, ...optimizer.variables },
    entries: trainingEntries(parts, parameters, optimizer),
  });
  return {
    evaluator: program,
    step: (batch, learningRate, seed, step) => runStep(program, batch, learningRate, seed, step, names),
    weightNorm: () => weightNorm(program),
    read: () => program.read(),
    load: (tensors) => program.load(tensors),
    dispose: () => {
      program.dispose();
      optimizer.dispose();
    },
  };
}

type Compiled = Program<ReturnType<typeof trainingEntries>>;

/** The model's parameters and those of the regularisers. */
function trainedVariables({ model, regularizers }: TrainingParts): Variables {
  return Object.assign(
    {},
    model.trainable ?? model.variables,
    ...regularizers.map(({ variables }) => variables),
  );
}

/** The functions of the program. */
function trainingEntries(
  { model, perEpoch, regularizers, classWeights, sites }: TrainingParts,
  parameters: Variables,
  optimizer: Optimizer,
) {
  /** The sum of the regularisers' terms in this step, which are 0 during their burn-in. -> [] */
  const penalty = (
    activations: Readonly<Record<string, tf.Tensor>>,
    labels: tf.Tensor1D,
    step: tf.Scalar,
  ): tf.Scalar =>
    regularizers.reduce<tf.Scalar>((sum, { site, burnIn, loss }) => {
      const active = tf.cast(tf.greater(step, burnIn * perEpoch), 'float32');
      return tf.add(sum, tf.mul(loss(activations[site]!, labels), active));
    }, tf.scalar(0));
  const regularized = [...new Set(regularizers.map(({ site }) => site))];
  /** The scores of examples: -> mean loss [], right or not [batch], regularisers' terms [regularisers] */
  const scores = (
    { logits, activations }: ReturnType<Model['apply']>,
    labels: tf.Tensor1D,
  ): Record<string, tf.Tensor> => ({
    loss: crossEntropy(logits, labels),
    correct: correct(logits, labels),
    ...(regularizers.length > 0
      ? { terms: tf.stack(regularizers.map(({ site, loss }) => loss(activations[site]!, labels))) }
      : {}),
  });
  return {
    /** inputs [batch, ...], labels [batch], learning rate [], [seed, step] -> numbers [] of the batch before the step, norms [parameters] */
    step: (
      inputs: tf.Tensor,
      labels: tf.Tensor1D,
      learningRate: tf.Scalar,
      seedAndStep: tf.Tensor1D,
    ): { loss: tf.Tensor; accuracy: tf.Tensor; norms: tf.Tensor; regularization: tf.Tensor } => {
      const step = tf.cast(tf.reshape(tf.slice(seedAndStep, [1], [1]), []), 'float32') as tf.Scalar;
      let [hits, terms]: tf.Tensor[] = [];
      const { value: loss, grads } = tf.variableGrads(() => {
        const { logits, activations } = model.apply(inputs, {
          training: true,
          random: statelessRandom(seedAndStep),
          activations: regularized,
        });
        hits = tf.keep(accuracy(logits, labels));
        const loss = crossEntropy(logits, labels, classWeights);
        if (regularizers.length === 0) return loss;
        const penalties = penalty(activations, labels, step);
        terms = tf.keep(penalties);
        return tf.add(loss, penalties);
      }, Object.values(parameters));
      const gradients = Object.fromEntries(
        Object.entries(parameters).map(([name, variable]) => [name, grads[variable.name]!]),
      );
      optimizer.apply(gradients, learningRate, step);
      const kept = { accuracy: hits!.clone(), regularization: terms?.clone() ?? tf.scalar(0) };
      tf.dispose([hits!, terms ?? []]);
      return { loss, norms: euclideanNorms(Object.values(gradients)), ...kept };
    },
    /** -> the norm of each parameter of the model */
    weightNorms: (): tf.Tensor => euclideanNorms(Object.values(model.trainable ?? model.variables)),
    /** inputs [batch, ...], labels [batch] -> their scores */
    evaluate: (inputs: tf.Tensor, labels: tf.Tensor1D): Record<string, tf.Tensor> =>
      scores(model.apply(inputs, { activations: regularized }), labels),
    /** The same with dropout and with the statistics of the batch, which change the running ones. */
    evaluateInTrainingMode: (
      inputs: tf.Tensor,
      labels: tf.Tensor1D,
      seedAndStep: tf.Tensor1D,
    ): Record<string, tf.Tensor> => {
      const random = statelessRandom(seedAndStep);
      return scores(model.apply(inputs, { training: true, random, activations: regularized }), labels);
    },
    /** The scores of `evaluate`, and the activations by site. */
    evaluateSites: (inputs: tf.Tensor, labels: tf.Tensor1D): Record<string, tf.Tensor> => {
      const output = model.apply(inputs, { activations: [...new Set([...sites, ...regularized])] });
      const measured = sites.map((site) => [site, output.activations[site]!] as const);
      return { ...scores(output, labels), ...Object.fromEntries(measured) };
    },
    ...siteEntries(model, sites),
  };
}

/** One entry for each site, which gives only its activation, so that TensorFlow computes no later layers. */
function siteEntries(
  model: Model,
  sites: readonly string[],
): Readonly<Record<`site.${string}`, (inputs: tf.Tensor) => tf.Tensor>> {
  return Object.fromEntries(
    sites.map((site) => [
      `site.${site}`,
      (inputs: tf.Tensor) => model.apply(inputs, { activations: [site] }).activations[site]!,
    ]),
  );
}

function runStep(
  program: Compiled,
  { inputs, labels }: Batch,
  learningRate: number,
  seed: number,
  step: number,
  names: readonly string[],
): StepNumbers {
  const rate = tf.scalar(learningRate);
  const seedAndStep = tf.tensor1d([seed, step], 'int32');
  const outputs = program.runSync('step', inputs, labels, rate, seedAndStep);
  const [loss, accuracy, regularization] = [outputs.loss, outputs.accuracy, outputs.regularization].map(
    (scalar) => scalar.dataSync()[0]!,
  ) as [number, number, number];
  const norms = outputs.norms.dataSync();
  tf.dispose([rate, seedAndStep, ...Object.values(outputs)]);
  return {
    loss,
    accuracy,
    gradientNorm: Math.hypot(...norms),
    regularization,
    parameterNorms: Object.fromEntries(names.map((name, i) => [name, norms[i]!])),
  };
}

function weightNorm(program: Compiled): number {
  const norms = program.runSync('weightNorms');
  const values = norms.dataSync();
  norms.dispose();
  return Math.hypot(...values);
}
