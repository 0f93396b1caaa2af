/** The training loop: fits a model in a compiled program, measures it as it learns, and can stop and go on at any step. */
import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { ACTIVATION_MEMORY } from '../activations/activations';
import { removeLeftovers } from '../atomic-write';
import { cellSignal } from '../cell-signal';
import { type Batch, batchCount, batches, type Dataset } from '../data/dataset';
import {
  ANYTHING,
  assertGiven,
  BYTES,
  CALLBACK,
  FLAG,
  type Kinds,
  NAMES,
  NUMBER,
  SIGNAL,
  TEXT,
} from '../given';
import type { Model } from '../models/model';
import { streamSeed } from '../random';
import { loadBackend } from '../runtime/backend';
import { compile, type Program, type Variables } from '../runtime/compile/program';
import { statelessRandom } from '../runtime/random/stateless-random';
import {
  type CheckpointKind,
  type CheckpointState,
  checkpointPath,
  loadCheckpoint,
  saveCheckpoint,
} from './checkpoint';
import { euclideanNorms } from './euclidean-norm';
import { measureSplit, type SiteActivation, type SplitResult } from './evaluation';
import { accuracy, correct, crossEntropy } from './losses';
import { createOptimizer, type OptimizerConfig } from './optimizers';
import type { Regularizer } from './regularizers';
import type { Schedule } from './schedules';

/** What {@link train} takes. */
export interface TrainOptions<M = unknown> {
  readonly model: Model;
  readonly data: Dataset;
  readonly optimizer: OptimizerConfig;
  readonly schedule: Schedule;
  readonly batchSize: number;
  readonly steps: number;
  /** Seed of the order of examples and of dropout. @default 0 */
  readonly seed?: number;
  /** Whether to measure after this step; step 0 is the untrained network. @default never */
  readonly measureAt?: (step: number) => boolean;
  /** Weight of each class in the loss of training. @default all the same */
  readonly classWeights?: readonly number[];
  /** Terms added to the loss; they belong to the caller, who disposes of them. @default none */
  readonly regularizers?: readonly Regularizer[];
  /** Whether step events tell the norm of the gradient by each parameter. @default false */
  readonly parameterNorms?: boolean;
  /** Sites whose activations `measureSite` gets. @default the model's */
  readonly sites?: readonly string[];
  /** What to compute from one site's activations of all examples of a split. */
  readonly measureSite?: (activation: SiteActivation) => Promise<M>;
  /** Whether `measureSite` gets its sites in the measurement after this step. @default in each measurement */
  readonly measureSitesAt?: (step: number) => boolean;
  /** Splits on which sites are measured. @default ['train', 'validation'] */
  readonly siteSplits?: readonly ('train' | 'validation')[];
  /** Training examples to measure on, the first ones. @default all */
  readonly measuredTrain?: number;
  /** Whether training examples are augmented when they are measured, anew each time. @default false */
  readonly augmentMeasured?: boolean;
  /**
   * Whether all validation batches but the first are evaluated in training mode, as in the public code of the paper.
   * @default false
   */
  readonly validateInTrainingMode?: boolean;
  /** Examples that go through the network at once when measuring. @default 8192 */
  readonly evaluationBatchSize?: number;
  /**
   * Bytes that the activations of a split may take. When all sites together need more, the network runs once more
   * for each, and no two are held at a time.
   * @default that of {@link ACTIVATION_MEMORY}
   */
  readonly activationMemory?: number;
  /** Where to keep `last.safetensors` and `best.safetensors`, and how often. @default nowhere */
  readonly checkpoints?: {
    readonly directory: string;
    /** Steps between checkpoints. */
    readonly every: number;
    /** The run's settings: a checkpoint of other settings is an error. */
    readonly config: Readonly<Record<string, unknown>>;
    /** Settings with which a run may go on when they have changed, such as its number of steps. @default none */
    readonly mayChange?: readonly string[];
    /** Gives the config of an older checkpoint the settings that it does not have yet. @default it stays as it is */
    readonly complete?: (config: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
    /** Go on from `last.safetensors` if there is one, or with `'best'` from `best.safetensors`. @default false */
    readonly resume?: boolean | 'best';
    /** Called before each checkpoint is written: what must not be missing beside it goes to the disk first. @default nothing */
    readonly beforeSave?: () => void;
  };
  /** Ends the run after the current step, with a checkpoint. @default that of the notebook cell, which Stop aborts */
  readonly signal?: AbortSignal;
}

const TRAIN_KINDS: Kinds<TrainOptions> = {
  model: ANYTHING,
  data: ANYTHING,
  optimizer: ANYTHING,
  schedule: CALLBACK,
  batchSize: NUMBER,
  steps: NUMBER,
  seed: NUMBER,
  measureAt: CALLBACK,
  classWeights: ANYTHING,
  regularizers: ANYTHING,
  parameterNorms: FLAG,
  sites: NAMES,
  measureSite: CALLBACK,
  measureSitesAt: CALLBACK,
  siteSplits: NAMES,
  measuredTrain: NUMBER,
  augmentMeasured: FLAG,
  validateInTrainingMode: FLAG,
  evaluationBatchSize: NUMBER,
  activationMemory: BYTES,
  checkpoints: ANYTHING,
  signal: SIGNAL,
};
const CHECKPOINT_KINDS: Kinds<NonNullable<TrainOptions['checkpoints']>> = {
  directory: TEXT,
  every: NUMBER,
  config: ANYTHING,
  mayChange: NAMES,
  complete: CALLBACK,
  resume: ANYTHING,
  beforeSave: CALLBACK,
};

/** After each step. */
export interface StepEvent {
  readonly type: 'step';
  /** Counted from 1. */
  readonly step: number;
  /** Counted from 0. */
  readonly epoch: number;
  /** Mean cross entropy of the batch before the step, in nats, and the regularisers' terms. */
  readonly loss: number;
  /** Accuracy on the batch before the step, with dropout. */
  readonly accuracy: number;
  readonly learningRate: number;
  /** Euclidean norm of the loss's gradient by all parameters, before L2. */
  readonly gradientNorm: number;
  /** Part of the loss that the regularisers are. */
  readonly regularization: number;
  /** The norm of the gradient by each parameter alone; only with the option `parameterNorms`. */
  readonly parameterNorms?: Readonly<Record<string, number>>;
}

/** After the steps that `measureAt` chose. */
export interface MeasurementEvent<M = Readonly<Record<string, unknown>>> {
  readonly type: 'measurement';
  readonly step: number;
  readonly epoch: number;
  /** Euclidean norm of all parameters of the model. */
  readonly weightNorm: number;
  /** That of the loss's gradient on the batch of this step, before L2; missing at step 0. */
  readonly gradientNorm?: number;
  readonly train: SplitResult<M>;
  readonly validation: SplitResult<M>;
}

/** A checkpoint was written. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly step: number;
  readonly kind: CheckpointKind;
  readonly path: string;
}

/** The run ended. */
export interface DoneEvent {
  readonly type: 'done';
  readonly step: number;
  /** True when the signal ended it before its last step. */
  readonly interrupted: boolean;
}

/** What happens in a run, in order. */
export type TrainEvent<M = Readonly<Record<string, unknown>>> =
  | StepEvent
  | MeasurementEvent<M>
  | CheckpointEvent
  | DoneEvent;

/**
 * Trains a model. The order of examples, the dropout masks and the learning rate are functions of the seed and the
 * step, so a run that was interrupted and resumed equals one that was not.
 *
 * Leaving the loop early, or aborting the signal, writes a checkpoint first. The model's variables hold the trained
 * weights when the loop ends.
 *
 * @throws RangeError for an option that is not read; Error when the loss is no longer finite (the last good checkpoint is kept), when a checkpoint is of other
 *   settings, and what the data set and the optimiser refuse
 */
export async function* train<M = unknown>(
  options: TrainOptions<M>,
): AsyncGenerator<TrainEvent<Record<string, M>>, void, void> {
  assertGiven('train', options, TRAIN_KINDS);
  if (options.checkpoints) assertGiven('checkpoints', options.checkpoints, CHECKPOINT_KINDS);
  await loadBackend();
  const { model, data, batchSize, steps, schedule, seed = 0, checkpoints, signal = cellSignal() } = options;
  const { measureAt = () => false, parameterNorms = false, regularizers = [] } = options;
  if (options.validateInTrainingMode && data.validation.size <= batchSize)
    throw new RangeError(
      `validateInTrainingMode has no effect: the ${data.validation.size} validation examples are a single batch of at most ${batchSize}; leave it out, or choose a smaller batchSize`,
    );
  const perEpoch = batchCount(data.train, batchSize);
  const parameters = trainedVariables(options);
  const names = parameterNorms ? Object.keys(parameters) : undefined;
  const optimizer = createOptimizer(options.optimizer, parameters);
  const program = compileTraining(options, parameters, optimizer);
  const pathOf = (kind: CheckpointKind): string => checkpointPath(checkpoints?.directory ?? '.', kind);
  let step = 0;
  /** The epoch of the last step; the untrained network is in the first. */
  const epochOfStep = (): number => Math.floor(Math.max(0, step - 1) / perEpoch);
  let saved = 0;
  let best: CheckpointState['best'];
  let failed = false;

  const save = (kind: CheckpointKind): CheckpointEvent => {
    checkpoints!.beforeSave?.();
    const tensors = program.read();
    saveCheckpoint(pathOf(kind), tensors, { step, config: checkpoints!.config, ...(best ? { best } : {}) });
    tf.dispose(tensors);
    if (kind === 'last') saved = step;
    return { type: 'checkpoint', step, kind, path: pathOf(kind) };
  };
  const assertFinite = (loss: number, what: string, learningRate: number): void => {
    if (Number.isFinite(loss)) return;
    failed = true;
    throw new Error(
      `${what} became ${loss} at step ${step} (learning rate ${learningRate}): lower the learning rate or the ` +
        `weight decay; ${saved > 0 ? `the checkpoint of step ${saved} is kept in ${pathOf('last')}` : 'no checkpoint was due yet'}`,
    );
  };
  const { sites = model.sites, measureSite, siteSplits = ['train', 'validation'] } = options;
  const {
    measureSitesAt = () => true,
    measuredTrain = data.train.size,
    augmentMeasured = false,
    validateInTrainingMode = false,
    evaluationBatchSize = 8192,
    activationMemory = ACTIVATION_MEMORY,
  } = options;
  const measureOn = (split: 'train' | 'validation'): Promise<SplitResult<Record<string, M>>> =>
    measureSplit(program, {
      model,
      examples: data[split],
      split,
      step,
      count: Math.min(data[split].size, split === 'train' ? measuredTrain : Number.POSITIVE_INFINITY),
      // No epoch of training has the number -1, so these are other views than those that are trained on.
      ...(augmentMeasured && split === 'train' ? { draw: { seed: streamSeed(seed, -1), epoch: step } } : {}),
      ...(validateInTrainingMode && split === 'validation'
        ? { trainingMode: { batchSize, seed: streamSeed(seed, -2) } }
        : {}),
      classes: data.classes,
      activeTerms: regularizers.map(({ burnIn }) => epochOfStep() >= burnIn),
      sites: measureSite && siteSplits.includes(split) && measureSitesAt(step) ? sites : [],
      measureSite: measureSite ?? (async () => undefined as M),
      batchSize: evaluationBatchSize,
      memory: activationMemory,
    });
  const measure = async (
    norms: Pick<StepEvent, 'gradientNorm'> | Record<never, never> = {},
  ): Promise<MeasurementEvent<Record<string, M>>> => ({
    type: 'measurement',
    step,
    epoch: epochOfStep(),
    weightNorm: weightNorm(program),
    ...norms,
    train: await measureOn('train'),
    validation: await measureOn('validation'),
  });

  try {
    for (const kind of ['last', 'best'] as const) if (checkpoints) removeLeftovers(pathOf(kind));
    const from = pathOf(checkpoints?.resume === 'best' ? 'best' : 'last');
    if (checkpoints?.resume && existsSync(from)) {
      const { tensors, state } = loadCheckpoint(from);
      try {
        checkSameSettings(from, state.config, checkpoints);
        program.load(tensors);
      } finally {
        tf.dispose(tensors);
      }
      ({ step, best } = { best: undefined, ...state });
      saved = step;
    } else if (measureAt(0)) {
      yield await measure();
    }
    while (step < steps && !signal?.aborted) {
      const epoch = Math.floor(step / perEpoch);
      for (const batch of batches(data.train, { batchSize, seed, epoch, skip: step % perEpoch })) {
        step += 1;
        const learningRate = schedule(step);
        const { loss, ...rest } = runStep(program, batch, learningRate, seed, step, names);
        batch.dispose();
        assertFinite(loss, 'the loss', learningRate);
        yield { type: 'step', step, epoch, loss, learningRate, ...rest };
        if (measureAt(step)) {
          const measurement = await measure({ gradientNorm: rest.gradientNorm });
          assertFinite(measurement.train.loss, 'the loss on the training examples', learningRate);
          assertFinite(measurement.validation.loss, 'the loss on the validation examples', learningRate);
          yield measurement;
          const { accuracy, loss } = measurement.validation;
          if (!best || accuracy > best.accuracy || (accuracy === best.accuracy && loss < best.loss)) {
            best = { step, accuracy, loss };
            if (checkpoints) yield save('best');
          }
        }
        if (checkpoints && (step % checkpoints.every === 0 || step === steps)) yield save('last');
        // Let timers, signals and output through.
        await new Promise((resolve) => setImmediate(resolve));
        if (step === steps || signal?.aborted) break;
      }
    }
    if (checkpoints && saved < step) yield save('last');
    yield { type: 'done', step, interrupted: step < steps };
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    // Reached without `done` when the consumer leaves the loop.
    if (checkpoints && !failed && saved < step) save('last');
    program.dispose();
    optimizer.dispose();
  }
}

type TrainingProgram = Program<ReturnType<typeof trainingEntries>>;

/** The model's parameters and those of the regularisers. */
function trainedVariables({ model, regularizers = [] }: TrainOptions<unknown>): Variables {
  return Object.assign(
    {},
    model.trainable ?? model.variables,
    ...regularizers.map(({ variables }) => variables),
  );
}

function compileTraining(
  options: TrainOptions<unknown>,
  parameters: Variables,
  optimizer: ReturnType<typeof createOptimizer>,
): TrainingProgram {
  const variables = { ...options.model.variables, ...parameters, ...optimizer.variables };
  return compile({ variables, entries: trainingEntries(options, parameters, optimizer) });
}

/** The functions that the program holds. */
function trainingEntries(
  { model, data, batchSize, regularizers = [], classWeights, sites = model.sites }: TrainOptions<unknown>,
  parameters: Variables,
  optimizer: ReturnType<typeof createOptimizer>,
) {
  const perEpoch = batchCount(data.train, batchSize);
  /** The regularisers' terms in this step, 0 during a burn-in. -> [] */
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
    /** The same, with dropout and with the statistics of the batch, which move the running ones. */
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

/** For each site its activation alone: TensorFlow then computes nothing behind it. */
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
  program: TrainingProgram,
  { inputs, labels }: Batch,
  learningRate: number,
  seed: number,
  step: number,
  names: readonly string[] | undefined,
): Omit<StepEvent, 'type' | 'step' | 'epoch' | 'learningRate'> {
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
    ...(names ? { parameterNorms: Object.fromEntries(names.map((name, i) => [name, norms[i]!])) } : {}),
  };
}

function weightNorm(program: TrainingProgram): number {
  const norms = program.runSync('weightNorms');
  const values = norms.dataSync();
  norms.dispose();
  return Math.hypot(...values);
}

function checkSameSettings(
  path: string,
  saved: Readonly<Record<string, unknown>>,
  { config: now, mayChange = [], complete = (older) => older }: NonNullable<TrainOptions['checkpoints']>,
): void {
  const before = complete(saved);
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const fixed = keys.filter((key) => !mayChange.includes(key));
  const differing = fixed.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]));
  if (differing.length === 0) return;
  const list = differing.map(
    (key) => `${key} was ${JSON.stringify(before[key])}, is ${JSON.stringify(now[key])}`,
  );
  throw new Error(
    `checkpoint ${path} is of other settings (${list.join('; ')}): use another place, or these settings`,
  );
}
