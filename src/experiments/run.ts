/** One run: from settings to a record, with checkpoints beside it, and on from there after a stop. */
import { existsSync, mkdirSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { type CurvesWriter, openCurves } from '../records/curves';
import { measurementSteps } from '../records/due-steps';
import { environment } from '../records/environment';
import { openRun, type RunWriter, readRun } from '../records/run-record';
import { loadBackend } from '../runtime/backend';
import { checkpointPath, loadCheckpoint } from '../training/checkpoint';
import { type TrainEvent, train } from '../training/trainer';
import type { SiteIds } from './experiment';
import {
  changeableSettings,
  completeConfig,
  experimentNamed,
  type RunConfig,
  type RunSettings,
  withDefaults,
} from './registry';

/** Where and how to run. */
export interface RunOptions {
  /** The record, `<name>.jsonl`; checkpoints go to the folder `<name>` beside it. @default no record, no checkpoints */
  readonly path?: string;
  /**
   * Go on from the last checkpoint, if there is one; `'best'` goes on from the one that validated best, for a last one
   * that is damaged. @default false
   */
  readonly resume?: boolean | 'best';
  /** Ends the run after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/**
 * Runs an experiment: trains, measures the dimension of every site on train and validation, writes the record.
 * The same settings give the same record, whether the run was stopped and resumed or not.
 *
 * @throws RangeError for bad settings; Error for what cannot be written, read or resumed, before training starts
 */
export async function* runExperiment(
  settings: RunSettings,
  { path, resume = false, signal }: RunOptions = {},
): AsyncGenerator<TrainEvent<SiteIds>, void, void> {
  const config = completeConfig(settings);
  const backend = await loadBackend();
  const {
    data,
    model: makeModel,
    training,
    measurement,
  } = await experimentNamed(config.experiment).setup(config);
  if (config.batchSize > data.train.size) {
    throw new RangeError(
      `batchSize=${config.batchSize} is larger than the ${data.train.size} training examples: give at most that`,
    );
  }
  const directory = path?.replace(/\.jsonl$/, '');
  const output =
    path === undefined ? undefined : openRecord(path, directory!, config, resume, environment(backend));
  const model = makeModel();
  const due = measurementSteps(config);
  const events = train<SiteIds[string]>({
    model,
    data,
    batchSize: config.batchSize,
    steps: config.steps,
    seed: config.seed,
    measureAt: (step) => due.has(step),
    parameterNorms: config.parameterNorms,
    ...training,
    ...(directory === undefined
      ? {}
      : {
          checkpoints: {
            directory,
            every: config.checkpointEvery,
            config: { ...config },
            mayChange: changeableSettings(config),
            complete: withDefaults,
            resume,
            beforeSave: () => output!.curves.flush(),
          },
        }),
    ...(signal ? { signal } : {}),
  });
  try {
    for await (const event of events) {
      if (event.type === 'step') output?.curves.append(event);
      if (event.type === 'measurement') output?.record.append(await measurement(event));
      if (event.type === 'done' && !event.interrupted) output?.record.done({ step: event.step });
      yield event;
    }
  } finally {
    output?.close();
    model.dispose();
    for (const regularizer of training.regularizers ?? []) regularizer.dispose();
  }
}

/** What a run writes besides its checkpoints. */
interface Output {
  readonly record: RunWriter;
  readonly curves: CurvesWriter;
  close(): void;
}

function openRecord(
  path: string,
  directory: string,
  config: RunConfig,
  resume: boolean | 'best',
  at: ReturnType<typeof environment>,
): Output {
  const last = checkpointPath(directory, resume === 'best' ? 'best' : 'last');
  const options = { config: { ...config }, environment: at };
  if (!resume && existsSync(last)) {
    throw new Error(
      `${last} is the checkpoint of an earlier run: resume it, choose another place, or delete it`,
    );
  }
  const step = resume ? lastStep(last) : undefined;
  if (step === -1) assertNothingLost(path, directory, resume === 'best', config.checkpointEvery);
  const mayChange = changeableSettings(config);
  const record = openRun(
    path,
    step === undefined ? options : { ...options, mayChange, complete: withDefaults, resumeFrom: step },
  );
  try {
    mkdirSync(directory, { recursive: true });
    const curves = openCurves(path, { every: config.logEvery, resumeFrom: step });
    const close = (): void => {
      curves.close();
      record.close();
    };
    return { record, curves, close };
  } catch (error) {
    record.close();
    throw error;
  }
}

/**
 * Where there is no checkpoint to go on from, a run starts from the beginning. What an earlier one recorded must not be lost by that.
 *
 * @throws Error for a missing `best`, a missing `last` beside a `best`, and a record that went past a checkpoint
 */
function assertNothingLost(path: string, directory: string, fromBest: boolean, every: number): void {
  const [last, best] = [checkpointPath(directory, 'last'), checkpointPath(directory, 'best')];
  if (fromBest) {
    const cure = existsSync(last) ? `resume from ${last} instead` : 'start afresh without resuming';
    throw new Error(`there is no ${best} to go on from: ${cure}`);
  }
  if (existsSync(best)) {
    throw new Error(
      `${last} is missing beside ${best}: restore it, resume from the best checkpoint, or delete both and the record`,
    );
  }
  const recorded = existsSync(path) ? (readRun(path).measurements.at(-1)?.step ?? 0) : 0;
  if (recorded >= every) {
    throw new Error(
      `${path} has measurements to step ${recorded}, but ${last} is missing: restore it, choose another place, or ` +
        'delete the record to start afresh',
    );
  }
}

/** The step of a checkpoint, -1 without one. */
function lastStep(path: string): number {
  if (!existsSync(path)) return -1;
  const { tensors, state } = loadCheckpoint(path);
  tf.dispose(tensors);
  return state.step;
}
