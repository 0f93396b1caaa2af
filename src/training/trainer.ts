/** The training loop: fits a model in a compiled program, measures it as it learns, and can stop and go on at any step. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { type Batch, batchCount, batches, type Dataset, type Examples, toBatch } from '../data/dataset';
import type { Model } from '../models/model';
import { loadBackend } from '../runtime/backend';
import { compile, type Program } from '../runtime/program';
import { statelessRandom } from '../runtime/random';
import { type CheckpointState, loadCheckpoint, saveCheckpoint } from './checkpoint';
import { accuracy, crossEntropy } from './losses';
import { createOptimizer, type OptimizerConfig } from './optimizers';
import type { Schedule } from './schedules';

/** What {@link train} takes. */
export interface TrainOptions<M = unknown> {
  readonly model: Model;
  readonly data: Dataset;
  readonly optimizer: OptimizerConfig;
  readonly schedule: Schedule;
  readonly batchSize: number;
  readonly steps: number;
  /** Of the order of examples and of dropout. @default 0 */
  readonly seed?: number;
  /** Whether to measure after this step; step 0 is the untrained network. @default never */
  readonly measureAt?: (step: number) => boolean;
  /** Sites whose activations `measureActivations` gets. @default the model's */
  readonly sites?: readonly string[];
  /** What to compute from the activations of all examples of a split, [examples, ...] by site. */
  readonly measureActivations?: (activations: Readonly<Record<string, tf.Tensor>>) => Promise<M>;
  /** Examples that go through the network at once when measuring. @default 8192 */
  readonly evaluationBatchSize?: number;
  /** Where to keep `last.safetensors` and `best.safetensors`, and how often. @default nowhere */
  readonly checkpoints?: {
    readonly directory: string;
    /** Steps between checkpoints. */
    readonly every: number;
    /** The run's settings: a checkpoint of other settings is refused. */
    readonly config: Readonly<Record<string, unknown>>;
    /** Go on from `last.safetensors` if there is one. @default false */
    readonly resume?: boolean;
  };
  /** Ends the run after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** After each step. */
export interface StepEvent {
  readonly type: 'step';
  /** Counted from 1. */
  readonly step: number;
  /** Counted from 0. */
  readonly epoch: number;
  /** Mean cross entropy of the batch before the step, in nats. */
  readonly loss: number;
  /** Of the batch before the step, with dropout. */
  readonly accuracy: number;
  readonly learningRate: number;
}

/** Loss and accuracy over all examples of a split, and what was computed from its activations. */
export interface SplitResult<M> {
  readonly loss: number;
  readonly accuracy: number;
  readonly id: M;
}

/** After the steps that `measureAt` chose. */
export interface MeasurementEvent<M = unknown> {
  readonly type: 'measurement';
  readonly step: number;
  readonly epoch: number;
  readonly train: SplitResult<M>;
  readonly validation: SplitResult<M>;
}

/** A checkpoint was written. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly step: number;
  readonly kind: 'last' | 'best';
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
export type TrainEvent<M = unknown> = StepEvent | MeasurementEvent<M> | CheckpointEvent | DoneEvent;

/**
 * Trains a model. The order of examples, the dropout masks and the learning rate are functions of the seed and the
 * step, so a run that was interrupted and resumed equals one that was not.
 *
 * Leaving the loop early, or aborting the signal, writes a checkpoint first. The model's variables hold the trained
 * weights when the loop ends.
 *
 * @throws Error when the loss is no longer finite (the last good checkpoint is kept), when a checkpoint is of other
 *   settings, and what the data set and the optimiser refuse
 */
export async function* train<M = unknown>(
  options: TrainOptions<M>,
): AsyncGenerator<TrainEvent<M>, void, void> {
  await loadBackend();
  const { model, data, batchSize, steps, schedule, seed = 0, checkpoints, signal } = options;
  const { measureAt = () => false } = options;
  const perEpoch = batchCount(data.train, batchSize);
  const optimizer = createOptimizer(options.optimizer, model.variables);
  const program = compileTraining(options, optimizer);
  const pathOf = (kind: 'last' | 'best'): string =>
    join(checkpoints?.directory ?? '.', `${kind}.safetensors`);
  let step = 0;
  let saved = 0;
  let best: CheckpointState['best'];
  let failed = false;

  const save = (kind: 'last' | 'best'): CheckpointEvent => {
    const tensors = program.read();
    saveCheckpoint(pathOf(kind), tensors, { step, config: checkpoints!.config, ...(best ? { best } : {}) });
    tf.dispose(tensors);
    if (kind === 'last') saved = step;
    return { type: 'checkpoint', step, kind, path: pathOf(kind) };
  };
  const measure = async (): Promise<MeasurementEvent<M>> => ({
    type: 'measurement',
    step,
    epoch: Math.floor(Math.max(0, step - 1) / perEpoch),
    train: await evaluate(program, data.train, options),
    validation: await evaluate(program, data.validation, options),
  });

  try {
    if (checkpoints?.resume && existsSync(pathOf('last'))) {
      const { tensors, state } = loadCheckpoint(pathOf('last'));
      try {
        checkSameSettings(pathOf('last'), state.config, checkpoints.config);
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
        const { loss, accuracy } = runStep(program, batch, learningRate, seed, step);
        batch.dispose();
        if (!Number.isFinite(loss)) {
          failed = true;
          throw new Error(
            `the loss became ${loss} at step ${step} (learning rate ${learningRate}): lower the learning rate or the ` +
              `weight decay; ${saved > 0 ? `the checkpoint of step ${saved} is kept in ${pathOf('last')}` : 'no checkpoint was due yet'}`,
          );
        }
        yield { type: 'step', step, epoch, loss, accuracy, learningRate };
        if (measureAt(step)) {
          const measurement = await measure();
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

function compileTraining(
  options: TrainOptions,
  optimizer: ReturnType<typeof createOptimizer>,
): TrainingProgram {
  const variables = { ...options.model.variables, ...optimizer.variables };
  return compile({ variables, entries: trainingEntries(options, optimizer) });
}

/** The functions that the program holds. */
function trainingEntries(
  { model, sites = model.sites, measureActivations }: TrainOptions,
  optimizer: ReturnType<typeof createOptimizer>,
) {
  return {
    /** inputs [batch, ...], labels [batch], learning rate [], [seed, step] -> loss and accuracy before the step */
    step: (
      inputs: tf.Tensor,
      labels: tf.Tensor1D,
      learningRate: tf.Scalar,
      seedAndStep: tf.Tensor1D,
    ): { loss: tf.Tensor; accuracy: tf.Tensor } => {
      let hits: tf.Tensor | undefined;
      const { value: loss, grads } = tf.variableGrads(() => {
        const { logits } = model.apply(inputs, { training: true, random: statelessRandom(seedAndStep) });
        hits = tf.keep(accuracy(logits, labels));
        return crossEntropy(logits, labels);
      }, Object.values(model.variables));
      const gradients = Object.fromEntries(
        Object.entries(model.variables).map(([name, variable]) => [name, grads[variable.name]!]),
      );
      const step = tf.cast(tf.reshape(tf.slice(seedAndStep, [1], [1]), []), 'float32') as tf.Scalar;
      optimizer.apply(gradients, learningRate, step);
      const kept = hits!.clone();
      hits!.dispose();
      return { loss, accuracy: kept };
    },
    /** inputs [batch, ...], labels [batch] -> loss, accuracy, and activations by site */
    evaluate: (inputs: tf.Tensor, labels: tf.Tensor1D): Record<string, tf.Tensor> => {
      const { logits, activations } = model.apply(inputs, measureActivations ? { activations: sites } : {});
      return { loss: crossEntropy(logits, labels), accuracy: accuracy(logits, labels), ...activations };
    },
  };
}

function runStep(
  program: TrainingProgram,
  { inputs, labels }: Batch,
  learningRate: number,
  seed: number,
  step: number,
): { loss: number; accuracy: number } {
  const rate = tf.scalar(learningRate);
  const seedAndStep = tf.tensor1d([seed, step], 'int32');
  const outputs = program.runSync('step', inputs, labels, rate, seedAndStep);
  const result = { loss: outputs.loss.dataSync()[0]!, accuracy: outputs.accuracy.dataSync()[0]! };
  tf.dispose([rate, seedAndStep, outputs.loss, outputs.accuracy]);
  return result;
}

/** Loss, accuracy and activations over all examples, in chunks of at most `evaluationBatchSize`. */
async function evaluate<M>(
  program: TrainingProgram,
  examples: Examples,
  options: TrainOptions<M>,
): Promise<SplitResult<M>> {
  const { evaluationBatchSize = 8192, measureActivations } = options;
  const chunks: Record<string, tf.Tensor[]> = {};
  let loss = 0;
  let hits = 0;
  for (let start = 0; start < examples.size; start += evaluationBatchSize) {
    const size = Math.min(evaluationBatchSize, examples.size - start);
    const batch = toBatch(
      examples,
      Int32Array.from({ length: size }, (_, i) => start + i),
    );
    const { loss: mean, accuracy, ...activations } = program.runSync('evaluate', batch.inputs, batch.labels);
    batch.dispose();
    loss += (mean!.dataSync()[0]! * size) / examples.size;
    hits += (accuracy!.dataSync()[0]! * size) / examples.size;
    tf.dispose([mean!, accuracy!]);
    for (const [site, activation] of Object.entries(activations)) {
      chunks[site] ??= [];
      chunks[site].push(activation);
    }
  }
  const activations = Object.fromEntries(
    Object.entries(chunks).map(([site, parts]) => {
      if (parts.length === 1) return [site, parts[0]!];
      const whole = tf.concat(parts);
      tf.dispose(parts);
      return [site, whole];
    }),
  );
  try {
    return { loss, accuracy: hits, id: (await measureActivations?.(activations)) as M };
  } finally {
    tf.dispose(activations);
  }
}

/** More steps may be asked of a run, and other places and rhythms of keeping it; all else must be as it was. */
const MAY_CHANGE = new Set(['steps', 'checkpointEvery']);

function checkSameSettings(
  path: string,
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): void {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const fixed = now['schedule'] === 'cosine' ? keys : keys.filter((key) => !MAY_CHANGE.has(key));
  const differing = fixed.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]));
  if (differing.length === 0) return;
  const list = differing.map(
    (key) => `${key} was ${JSON.stringify(before[key])}, is ${JSON.stringify(now[key])}`,
  );
  throw new Error(
    `checkpoint ${path} is of other settings (${list.join('; ')}): use another place, or these settings`,
  );
}
