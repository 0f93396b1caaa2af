/** Training in a notebook: one call trains, records, draws while it goes on, and continues where it was stopped. */
import { join } from 'node:path';
import { type RunConfig, runName, titleOf } from '../experiments/registry';
import { runExperiment } from '../experiments/run';
import { assertGiven, TEXT } from '../given';
import type { Model } from '../models/model';
import { readRuns } from '../records/recorded-runs';
import { RUNS, runPath } from '../records/run-path';
import { type Measurement, type RunRecord, readRun } from '../records/run-record';
import { interruptible } from '../runtime/interrupt';
import { checkpointPath } from '../training/checkpoint';
import { loadWeights } from '../training/load-weights';
import { liveChart } from './live';
import { RUN_FIGURE_KINDS, type RunFigureOptions } from './run';

/** Where a run is kept, and its chart. */
export interface TrainLiveOptions extends Omit<RunFigureOptions, 'beside'> {
  /** The folder of records. @default NOTEBOOK_RUNS in the environment, else that of {@link RUNS} beside the notebooks */
  readonly folder?: string;
}

/** A run that was trained live. */
export interface LiveRun {
  /** What it measured, the parts before a stop included. */
  readonly measurements: readonly Measurement[];
  /** The whole record. */
  readonly record: RunRecord;
  /** The last checkpoint. */
  readonly weights: string;
  /** Gives a model the weights of that checkpoint; see {@link loadWeights}. */
  loadInto(model: Model): void;
}

/**
 * Trains with these settings below the cell. Jupyter's Stop ends it with a checkpoint, and the same call goes on from
 * there; with other settings it is another run. Earlier runs that learn the same are drawn beside it.
 *
 * @throws RangeError for bad settings; Error for what cannot be written, read or resumed
 */
export async function trainLive(config: RunConfig, options: TrainLiveOptions = {}): Promise<LiveRun> {
  const { beside: _, ...kinds } = RUN_FIGURE_KINDS;
  assertGiven('trainLive', options, { ...kinds, folder: TEXT });
  const { folder = process.env['NOTEBOOK_RUNS'] ?? BESIDE_NOTEBOOKS, ...figure } = options;
  const path = runPath(folder, runName(config));
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

/** Beside the folder of notebooks, in which a notebook is executed. */
const BESIDE_NOTEBOOKS = join('..', RUNS);
