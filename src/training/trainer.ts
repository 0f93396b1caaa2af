/** The training loop: trains a model in a compiled program, measures it as it learns, and can stop and resume at any step. */
import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { ACTIVATION_MEMORY } from '../activations/activations';
import { removeLeftovers } from '../atomic-write';
import { cellSignal } from '../cell-signal';
import { batchCount, batches, type Dataset } from '../data/dataset';
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
import {
  assertSameSettings,
  type CheckpointKind,
  type CheckpointState,
  checkpointPath,
  loadCheckpoint,
  type ResumedRun,
  saveCheckpoint,
} from './checkpoint';
import { measureSplit, type SiteActivation, type SplitResult } from './evaluation';
import type { OptimizerConfig } from './optimizers';
import type { Regularizer } from './regularizers';
import type { Schedule } from './schedules';
import { trainingProgram } from './training-program';

/** The options of {@link train}. */
export interface TrainOptions<M = unknown> {
  readonly model: Model;
  readonly data: Dataset;
  readonly optimizer: OptimizerConfig;
  readonly schedule: Schedule;
  readonly batchSize: number;
  readonly steps: number;
  /** Seed of the order of examples and of dropout. @default 0 */
  readonly seed?: number;
  /** Returns true for steps after which to measure; step 0 is the untrained network. @default never */
  readonly measureAt?: (step: number) => boolean;
  /** Weight of each class in the training loss. @default equal weights */
  readonly classWeights?: readonly number[];
  /** Terms added to the loss, which the caller disposes of. @default none */
  readonly regularizers?: readonly Regularizer[];
  /** Adds the gradient norm of each parameter to step events. @default false */
  readonly parameterNorms?: boolean;
  /** Sites whose activations are passed to `measureSite`. @default the sites of the model */
  readonly sites?: readonly string[];
  /** Computes a result from the activations of all examples of a split at one site. */
  readonly measureSite?: (activation: SiteActivation) => Promise<M>;
  /** Returns true for steps whose measurement includes `measureSite`. @default all measurements */
  readonly measureSitesAt?: (step: number) => boolean;
  /** Splits on which sites are measured. @default ['train', 'validation'] */
  readonly siteSplits?: readonly ('train' | 'validation')[];
  /** The number of training examples to measure on, from the first on. @default all */
  readonly measuredTrain?: number;
  /** Augments training examples when they are measured, differently each time. @default false */
  readonly augmentMeasured?: boolean;
  /**
   * Evaluates all validation batches except the first in training mode, as in the public code of the paper.
   * @default false
   */
  readonly validateInTrainingMode?: boolean;
  /** The number of examples that go through the network at once during measurements. @default 8192 */
  readonly evaluationBatchSize?: number;
  /**
   * Bytes that the activations of a split may take. If all sites together need more, the network runs once more
   * for each site, and the activations of only one site are held at a time.
   * @default that of {@link ACTIVATION_MEMORY}
   */
  readonly activationMemory?: number;
  /** Where `last.safetensors` and `best.safetensors` are written, and how often. @default no checkpoints */
  readonly checkpoints?: ResumedRun & {
    readonly directory: string;
    /** Steps between checkpoints. */
    readonly every: number;
    /** Resumes from `last.safetensors` if it exists, or with `'best'` from `best.safetensors`. @default false */
    readonly resume?: boolean | 'best';
    /** Called before each checkpoint is written, to flush files that must not lag behind it. @default nothing */
    readonly beforeSave?: () => void;
  };
  /** Ends the run after the current step, with a checkpoint. @default the signal of the notebook cell, which Stop aborts */
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
  /** Mean cross entropy of the batch before the step, in nats, plus the regularisers' terms. */
  readonly loss: number;
  /** Accuracy on the batch before the step, with dropout. */
  readonly accuracy: number;
  readonly learningRate: number;
  /** Euclidean norm of the gradient of the loss for all parameters, before L2. */
  readonly gradientNorm: number;
  /** The part of the loss that comes from the regularisers. */
  readonly regularization: number;
  /** The norm of the gradient for each parameter; only with the option `parameterNorms`. */
  readonly parameterNorms?: Readonly<Record<string, number>>;
}

/** After the steps that `measureAt` chose. */
export interface MeasurementEvent<M = Readonly<Record<string, unknown>>> {
  readonly type: 'measurement';
  readonly step: number;
  readonly epoch: number;
  /** Euclidean norm of all parameters of the model. */
  readonly weightNorm: number;
  /** Euclidean norm of the gradient of the loss on the batch of this step, before L2; missing at step 0. */
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

/** The events of a run, in order. */
export type TrainEvent<M = Readonly<Record<string, unknown>>> =
  | StepEvent
  | MeasurementEvent<M>
  | CheckpointEvent
  | DoneEvent;

/**
 * Trains a model. The order of examples, the dropout masks and the learning rate are functions of the seed and the
 * step, so a run that was interrupted and resumed is the same as one that was not.
 *
 * If the loop is left early or the signal is aborted, a checkpoint is written first. When the loop ends, the model's variables
 * hold the trained weights.
 *
 * @throws RangeError for an option that is not read; Error when the loss is no longer finite (the last good checkpoint is
 *   kept), when a checkpoint is of other settings, and what the data set and the optimiser refuse
 */
export async function* train<M = unknown>(
  options: TrainOptions<M>,
): AsyncGenerator<TrainEvent<Record<string, M>>, void, void> {
  assertGiven('train', options, TRAIN_KINDS);
  if (options.checkpoints) assertGiven('checkpoints', options.checkpoints, CHECKPOINT_KINDS);
  await loadBackend();
  const {
    model,
    data,
    batchSize,
    steps,
    schedule,
    seed = 0,
    checkpoints,
    signal = cellSignal({ orderly: true }),
  } = options;
  const { measureAt = () => false, regularizers = [] } = options;
  if (options.validateInTrainingMode && data.validation.size <= batchSize)
    throw new RangeError(
      `validateInTrainingMode has no effect: the ${data.validation.size} validation examples are a single batch of at most ${batchSize}; leave it out, or choose a smaller batchSize`,
    );
  const perEpoch = batchCount(data.train, batchSize);
  const { sites = model.sites, measureSite, siteSplits = ['train', 'validation'] } = options;
  const program = trainingProgram({
    model,
    optimizer: options.optimizer,
    perEpoch,
    regularizers,
    sites,
    ...(options.classWeights ? { classWeights: options.classWeights } : {}),
  });
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
  const {
    measureSitesAt = () => true,
    measuredTrain = data.train.size,
    augmentMeasured = false,
    validateInTrainingMode = false,
    evaluationBatchSize = 8192,
    activationMemory = ACTIVATION_MEMORY,
  } = options;
  const measureOn = (split: 'train' | 'validation'): Promise<SplitResult<Record<string, M>>> =>
    measureSplit(program.evaluator, {
      model,
      examples: data[split],
      split,
      step,
      count: Math.min(data[split].size, split === 'train' ? measuredTrain : Number.POSITIVE_INFINITY),
      // No epoch of training has the number -1, so these augmentations differ from those in training.
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
    weightNorm: program.weightNorm(),
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
        assertSameSettings(from, state.config, checkpoints);
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
        const { parameterNorms, ...numbers } = program.step(batch, learningRate, seed, step);
        batch.dispose();
        assertFinite(numbers.loss, 'the loss', learningRate);
        const norms = options.parameterNorms ? { parameterNorms } : {};
        yield { type: 'step', step, epoch, learningRate, ...numbers, ...norms };
        if (measureAt(step)) {
          const measurement = await measure({ gradientNorm: numbers.gradientNorm });
          assertFinite(measurement.train.loss, 'the loss on the training examples', learningRate);
          assertFinite(measurement.validation.loss, 'the loss on the validation examples', learningRate);
          yield measurement;
          const { accuracy, loss } = measurement.validation;
          if (!best || accuracy > best.accuracy || (accuracy === best.accuracy && loss < best.loss)) {
            best = { step, accuracy, loss };
            if (checkpoints) {
              // First, so that a run that is killed can always be resumed from where its best checkpoint was written.
              yield save('last');
              yield save('best');
            }
          }
        }
        const due = step % (checkpoints?.every ?? 1) === 0 || step === steps;
        if (checkpoints && due && saved < step) yield save('last');
        // Lets timers, signals and output proceed.
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
    // This is reached without `done` if the consumer leaves the loop.
    if (checkpoints && !failed && saved < step) save('last');
    program.dispose();
  }
}
