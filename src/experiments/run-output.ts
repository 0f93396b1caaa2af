/** The files of a run besides its checkpoints: its record, its curves, and its file for TensorBoard. */
import { existsSync, mkdirSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { openCurves, type StepNumbers } from '../records/curves';
import {
  type Environment,
  type Measurement,
  type OpenOptions,
  openRun,
  readRun,
} from '../records/run-record';
import { openBoard } from '../records/tensorboard';
import { checkpointPath, loadCheckpoint, type ResumedRun } from '../training/checkpoint';
import type { RunConfig } from './registry';

/** Writes the events of a run, and holds the lock of its record until it is closed. */
export interface RunOutput {
  step(event: StepNumbers): void;
  measurement(line: Measurement): void;
  done(step: number): void;
  /** Flushes everything to the disk, which is necessary before a checkpoint is written. */
  flush(): void;
  close(): void;
}

/**
 * Opens the files of a new run, or of one that is resumed from its checkpoint. Everything later than the checkpoint is dropped,
 * since it will be made again.
 *
 * @param path of the record, `<name>.jsonl`; checkpoints and TensorBoard's file are in the folder `<name>`
 * @throws Error for files that cannot be written or resumed, and if data would be lost; LockedError if another process writes it
 */
export function openOutput(
  path: string,
  config: RunConfig,
  {
    resume,
    environment,
    ...resumed
  }: Omit<ResumedRun, 'config'> & {
    readonly resume: boolean | 'best';
    readonly environment: Environment;
  },
): RunOutput {
  const directory = path.replace(/\.jsonl$/, '');
  const last = checkpointPath(directory, resume === 'best' ? 'best' : 'last');
  const options = { config: { ...config }, environment };
  if (!resume && existsSync(last)) {
    throw new Error(
      `${last} is the checkpoint of an earlier run: resume it, choose another place, or delete it`,
    );
  }
  const step = resume ? lastStep(last) : undefined;
  if (step === -1) assertNothingLost(path, directory, resume === 'best', config.checkpointEvery);
  return outputOf(path, step === undefined ? options : { ...options, ...resumed, resumeFrom: step }, config);
}

/** The files of a run of any kind. */
export function outputOf(
  path: string,
  options: OpenOptions,
  { logEvery, tensorboard }: { readonly logEvery: number; readonly tensorboard: boolean },
): RunOutput {
  const directory = path.replace(/\.jsonl$/, '');
  const record = openRun(path, options);
  try {
    const curves = openCurves(path, { every: logEvery, resumeFrom: options.resumeFrom });
    mkdirSync(directory, { recursive: true });
    const board = tensorboard ? openBoard(directory, readRun(path), curves.earlier) : undefined;
    return {
      step: (event) => {
        const point = curves.append(event);
        if (point) board?.point(point);
      },
      measurement: (line) => {
        record.append(line);
        board?.measurement(line);
      },
      done: (step) => record.done({ step }),
      flush: curves.flush,
      close: () => {
        board?.close();
        curves.close();
        record.close();
      },
    };
  } catch (error) {
    record.close();
    throw error;
  }
}

/**
 * Without a checkpoint, a run starts from the beginning. This checks that no earlier records are lost by that.
 *
 * @throws Error for a missing `best`, a missing `last` beside a `best`, and a record that went past a checkpoint
 */
function assertNothingLost(path: string, directory: string, fromBest: boolean, every: number): void {
  const [last, best] = [checkpointPath(directory, 'last'), checkpointPath(directory, 'best')];
  if (fromBest) {
    const cure = existsSync(last) ? `resume from ${last} instead` : 'start afresh without resuming';
    throw new Error(`there is no ${best} to resume from: ${cure}`);
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
