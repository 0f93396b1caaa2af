/** One run: from settings to a record with checkpoints, from which it can be resumed after a stop. */
import { assertGiven, type Kinds, SIGNAL, TEXT } from '../given';
import { measurementSteps } from '../records/due-steps';
import { environment } from '../records/environment';
import { loadBackend } from '../runtime/backend';
import { type TrainEvent, train } from '../training/trainer';
import type { SiteIds } from './experiment';
import {
  changeableSettings,
  completeConfig,
  experimentNamed,
  type RunSettings,
  withDefaults,
} from './registry';
import { openOutput } from './run-output';

/** The options of a run. */
export interface RunOptions {
  /**
   * The record `<name>.jsonl`. Its curves are written beside it, and checkpoints and TensorBoard's file in the folder `<name>`.
   * @default nothing is written
   */
  readonly path?: string;
  /**
   * Resumes from the last checkpoint, if there is one. `'best'` resumes from the one with the best validation, if the last one is
   * damaged. @default false
   */
  readonly resume?: boolean | 'best';
  /** Ends the run after the current step, with a checkpoint. @default the signal of the notebook cell, which Stop aborts */
  readonly signal?: AbortSignal;
}

const RUN_KINDS: Kinds<RunOptions> = {
  path: TEXT,
  resume: {
    allowed: "true, false or 'best'",
    accepts: (value) => [true, false, 'best'].includes(value as never),
  },
  signal: SIGNAL,
};

/**
 * Runs an experiment: trains, measures the dimension of every site on train and validation, and writes the record.
 * The same settings give the same record, whether the run was stopped and resumed or not.
 *
 * @throws RangeError for bad settings and for an option that is not read; Error for what cannot be written, read or resumed, before training starts
 */
export async function* runExperiment(
  settings: RunSettings,
  options: RunOptions = {},
): AsyncGenerator<TrainEvent<SiteIds>, void, void> {
  assertGiven('runExperiment', options, RUN_KINDS);
  const { path, resume = false, signal } = options;
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
  const resumed = { mayChange: changeableSettings(config), complete: withDefaults };
  const output =
    path === undefined
      ? undefined
      : openOutput(path, config, { ...resumed, resume, environment: environment(backend) });
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
            ...resumed,
            resume,
            beforeSave: () => output!.flush(),
          },
        }),
    ...(signal ? { signal } : {}),
  });
  try {
    for await (const event of events) {
      if (event.type === 'step') output?.step(event);
      if (event.type === 'measurement') output?.measurement(await measurement(event));
      if (event.type === 'done' && !event.interrupted) output?.done(event.step);
      yield event;
    }
  } finally {
    output?.close();
    model.dispose();
    for (const regularizer of training.regularizers ?? []) regularizer.dispose();
  }
}
