/** Training in a notebook: one call trains, records, draws the run as it goes on, and resumes a run that was stopped. */
import { join, relative } from 'node:path';
import { type RunConfig, runName, titleOf } from '../experiments/registry';
import { runExperiment } from '../experiments/run';
import { assertGiven, TEXT } from '../given';
import type { Model } from '../models/model';
import { readRuns } from '../records/recorded-runs';
import { projectFolder, RUNS, runPath } from '../records/run-path';
import { type Measurement, type RunRecord, readRun } from '../records/run-record';
import { interruptible } from '../runtime/interrupt';
import { checkpointPath } from '../training/checkpoint';
import { loadWeights } from '../training/load-weights';
import { liveChart } from './live';
import { inNotebook } from './notebook-output';
import { RUN_FIGURE_KINDS, type RunFigureOptions } from './run';

/** The folder of a run's records, and the options of its chart. */
export interface TrainLiveOptions extends Omit<RunFigureOptions, 'beside'> {
  /** The folder of records. @default NOTEBOOK_RUNS in the environment, else out/runs in the folder of the project, as for commands */
  readonly folder?: string;
}

/** A run that was trained live. */
export interface LiveRun {
  /** Its measurements, including those before a stop. */
  readonly measurements: readonly Measurement[];
  /** The whole record. */
  readonly record: RunRecord;
  /** The last checkpoint. */
  readonly weights: string;
  /** Gives a model the weights of that checkpoint; see {@link loadWeights}. */
  loadInto(model: Model): void;
}

/**
 * Trains with these settings and draws the run below the cell. Jupyter's Stop button ends it with a checkpoint, from which
 * the same call goes on; other settings start another run. Earlier runs of the same task are drawn beside it.
 *
 * @throws RangeError for invalid settings; Error for files that cannot be written, read or resumed
 */
export async function trainLive(config: RunConfig, options: TrainLiveOptions = {}): Promise<LiveRun> {
  const { beside: _, ...kinds } = RUN_FIGURE_KINDS;
  assertGiven('trainLive', options, { ...kinds, folder: TEXT });
  const { folder = process.env['NOTEBOOK_RUNS'] ?? join(projectFolder(), RUNS), ...figure } = options;
  const path = runPath(folder, runName(config));
  const again = inNotebook() ? ' If you reopen this notebook, run this cell again to follow the run.' : '';
  console.log(`The record of this run is ${relative('', path)}.${again}`);
  const beside = readRuns(folder).filter((other) => titleOf(other.config) === titleOf({ ...config }));
  const measurements = await interruptible((signal) =>
    liveChart(runExperiment(config, { path, resume: true, signal }), { ...figure, config, path, beside }),
  );
  const weights = checkpointPath(path.replace(/\.jsonl$/, ''), 'last');
  return {
    measurements,
    record: readRun(path),
    weights,
    loadInto: (model) => {
      loadWeights(model, weights);
    },
  };
}
