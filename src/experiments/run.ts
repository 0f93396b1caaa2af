/** One run: from settings to a record, with checkpoints beside it, and on from there after a stop. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { Dataset } from '../data/dataset';
import { modularArithmetic } from '../data/modular-arithmetic';
import { permutationGroup } from '../data/permutation-group';
import { intrinsicDimension } from '../intrinsic-dimension/intrinsic-dimension';
import { gpt2 } from '../models/gpt2';
import type { Model } from '../models/model';
import { environment } from '../records/environment';
import { type Measurement, openRun, type RunWriter } from '../records/run-record';
import { loadBackend } from '../runtime/backend';
import { loadCheckpoint } from '../training/checkpoint';
import type { SiteActivation } from '../training/evaluation';
import type { OptimizerConfig } from '../training/optimizers';
import { constant, cosine, multiStep, type Schedule, warmup } from '../training/schedules';
import { type MeasurementEvent, type TrainEvent, train } from '../training/trainer';
import { type GrokkingConfig, grokkingConfig } from './config';

/** Dimensions by site, as a record keeps them. */
export type SiteIds = Measurement['train']['id'];

/** Where and how to run. */
export interface RunOptions {
  /** The record, `<name>.jsonl`; checkpoints go to the folder `<name>` beside it. @default no record, no checkpoints */
  readonly path?: string;
  /** Go on from the last checkpoint, if there is one. @default false */
  readonly resume?: boolean;
  /** Ends the run after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** The data set that the settings describe. */
export function grokkingData(config: GrokkingConfig): Dataset {
  const { task, prime, degree, trainFraction, validationFraction, dataSeed: seed } = config;
  const split = { trainFraction, seed, ...(validationFraction === undefined ? {} : { validationFraction }) };
  return task === 'permutation'
    ? permutationGroup({ degree, ...split })
    : modularArithmetic({ operation: task, prime, ...split });
}

/** The untrained network that the settings describe. The vocabulary ends with the paper's unused padding token. */
export function grokkingModel(config: GrokkingConfig, data: Dataset): Model {
  const { nLayer, nHead, nEmbd, dropoutRate, seed } = config;
  const vocabularySize = Math.max(data.classes + 2, config.task === 'permutation' ? 0 : config.prime + 4);
  return gpt2({ vocabularySize, classes: data.classes, nLayer, nHead, nEmbd, dropoutRate, seed });
}

/**
 * Runs an experiment: trains, measures the dimension of every site on train and validation, writes the record.
 * The same settings give the same record, whether the run was stopped and resumed or not.
 *
 * @throws RangeError for bad settings; Error for what cannot be written, read or resumed, before training starts
 */
export async function* runExperiment(
  settings: Readonly<Partial<GrokkingConfig>>,
  { path, resume = false, signal }: RunOptions = {},
): AsyncGenerator<TrainEvent<SiteIds>, void, void> {
  const config = grokkingConfig(settings);
  const backend = await loadBackend();
  const data = grokkingData(config);
  if (config.batchSize > data.train.size) {
    throw new RangeError(
      `batchSize=${config.batchSize} is larger than the ${data.train.size} training examples: give at most that`,
    );
  }
  const directory = path?.replace(/\.jsonl$/, '');
  const record =
    path === undefined ? undefined : openRecord(path, directory!, config, resume, environment(backend));
  const model = grokkingModel(config, data);
  const due = measurementSteps(config);
  const events = train<SiteIds[string]>({
    model,
    data,
    optimizer: optimizerOf(config),
    schedule: scheduleOf(config),
    batchSize: config.batchSize,
    steps: config.steps,
    seed: config.seed,
    measureAt: (step) => due.has(step),
    measureSite: (activation) => siteId(activation, config),
    ...(directory === undefined
      ? {}
      : { checkpoints: { directory, every: config.checkpointEvery, config: { ...config }, resume } }),
    ...(signal ? { signal } : {}),
  });
  try {
    for await (const event of events) {
      if (event.type === 'measurement') record?.append(withoutClasses(event));
      if (event.type === 'done' && !event.interrupted) record?.done({ step: event.step });
      yield event;
    }
  } finally {
    record?.close();
    model.dispose();
  }
}

/** The steps after which a run measures: 0, some log-spaced ones, every `measureEvery`, and the last. */
export function measurementSteps({ steps, measureEvery, earlyMeasurements }: GrokkingConfig): Set<number> {
  const due = new Set([0, steps]);
  for (let i = 0; i < earlyMeasurements; i++) {
    due.add(Math.min(steps, Math.round(measureEvery ** (i / earlyMeasurements))));
  }
  for (let step = measureEvery; step < steps; step += measureEvery) due.add(step);
  return due;
}

/** The record of a task with a hundred classes of a few examples each has no use for their accuracies. */
function withoutClasses(event: MeasurementEvent<SiteIds>): Measurement {
  const { classAccuracy: _train, ...train } = event.train;
  const { classAccuracy: _validation, ...validation } = event.validation;
  return { ...event, train, validation };
}

function openRecord(
  path: string,
  directory: string,
  config: GrokkingConfig,
  resume: boolean,
  at: ReturnType<typeof environment>,
): RunWriter {
  const last = join(directory, 'last.safetensors');
  const options = { config: { ...config }, environment: at };
  if (!resume && existsSync(last)) {
    throw new Error(
      `${last} is the checkpoint of an earlier run: resume it, choose another place, or delete it`,
    );
  }
  // A run may be prolonged, except where the learning rate depends on its length.
  const mayChange = config.schedule === 'cosine' ? [] : ['steps', 'checkpointEvery'];
  const writer = openRun(path, resume ? { ...options, mayChange, resumeFrom: lastStep(last) } : options);
  mkdirSync(directory, { recursive: true });
  return writer;
}

/** The step of a checkpoint, -1 without one. */
function lastStep(path: string): number {
  if (!existsSync(path)) return -1;
  const { tensors, state } = loadCheckpoint(path);
  tf.dispose(tensors);
  return state.step;
}

async function siteId({ data, shape }: SiteActivation, config: GrokkingConfig): Promise<SiteIds[string]> {
  const { idSubsamples: count, idFraction: fraction, discardFraction, seed } = config;
  const { subsamples } = await intrinsicDimension(
    { data, shape },
    { discardFraction, subsamples: { count, fraction, seed } },
  );
  return { value: subsamples!.mean, std: subsamples!.standardDeviation };
}

function optimizerOf(config: GrokkingConfig): OptimizerConfig {
  const { beta1, beta2, epsilon, momentum, weightDecay } = config;
  return config.optimizer === 'adam'
    ? { kind: 'adam', beta1, beta2, epsilon, weightDecay }
    : { kind: 'sgd', momentum, weightDecay };
}

function scheduleOf({
  schedule,
  learningRate,
  warmupSteps,
  steps,
  milestones,
  gamma,
}: GrokkingConfig): Schedule {
  switch (schedule) {
    case 'constant':
      return constant(learningRate);
    case 'warmup':
      return warmup(learningRate, warmupSteps);
    case 'cosine':
      return cosine(learningRate, steps);
    case 'multi-step':
      return multiStep(learningRate, milestones, gamma);
  }
}
