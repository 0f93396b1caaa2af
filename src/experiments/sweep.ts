/** Runs a grid in a pool of processes; finished runs are skipped, and stopped runs are resumed. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { cellSignal } from '../cell-signal';
import { assertGiven, CALLBACK, type Kinds, NUMBER, SIGNAL, TEXT } from '../given';
import { RUNS, runPath } from '../records/run-path';
import { readRun } from '../records/run-record';
import { type RunConfig, runName } from './registry';
import type { WorkerMessage, WorkerTask } from './worker-messages';

/** The options of a sweep. */
export interface SweepOptions {
  /** Folder of the records. @default that of {@link RUNS} */
  readonly folder?: string;
  /**
   * The number of runs at a time. @default one for each processor with 3 GiB of memory, since two simultaneous runs with one thread
   * each finish 1.45 times as fast as two successive runs with two threads
   */
  readonly workers?: number;
  /** Ends the sweep, so that the runs write checkpoints and stop. @default the signal of the notebook cell, which Stop aborts */
  readonly signal?: AbortSignal;
  /** Called whenever a run has made progress. @default in a notebook, the progress is shown below the cell */
  readonly onChange?: (cells: readonly SweepCell[]) => void;
}

const SWEEP_KINDS: Kinds<SweepOptions> = {
  folder: TEXT,
  workers: NUMBER,
  signal: SIGNAL,
  onChange: CALLBACK,
};

/** One run of the grid. */
export interface SweepCell {
  readonly name: string;
  readonly config: RunConfig;
  /** The record. */
  readonly path: string;
  readonly state: 'waiting' | 'running' | 'done' | 'stopped' | 'failed';
  readonly step: number;
  /** The time and the step at which it started in this sweep, from which the time left is computed. */
  readonly started?: { readonly at: number; readonly step: number };
  /** The last message of the run: its progress, or why it failed. */
  readonly message: string;
}

/** How often a worker retries, once a second, if its record is still locked by a process that is ending. */
const LOCK_RETRIES = 30;

/** The cells of a grid; those with finished records are marked as done. */
export function sweepCells(grid: readonly RunConfig[], folder: string = RUNS): SweepCell[] {
  const cells = grid.map((config): SweepCell => {
    const name = runName(config);
    const path = runPath(folder, name);
    const record = existsSync(path) ? readRun(path) : undefined;
    const step = record?.measurements.at(-1)?.step ?? 0;
    const done = record?.done !== undefined && step >= config.steps && !record.missing;
    return { name, config, path, state: done ? 'done' : 'waiting', step, message: done ? 'recorded' : '' };
  });
  const twice = cells.find(({ name }, i) => cells.findIndex((cell) => cell.name === name) < i);
  if (twice)
    throw new RangeError(`two cells of the grid have the name ${twice.name}: give each setting once`);
  return cells;
}

/**
 * Runs every cell that is not recorded yet, each in its own process, and resolves with the final state of all cells. A run that
 * fails does not stop the others. If the sweep is killed at any moment, the same call continues from the checkpoints.
 */
export async function sweep(grid: readonly RunConfig[], options: SweepOptions = {}): Promise<SweepCell[]> {
  assertGiven('sweep', options, SWEEP_KINDS);
  const { folder = RUNS, signal = cellSignal(), onChange } = options;
  const { workers = defaultWorkers() } = options;
  if (!(Number.isInteger(workers) && workers >= 1)) {
    throw new RangeError(`workers must be a whole number of at least 1, got ${workers}`);
  }
  mkdirSync(folder, { recursive: true });
  const cells = sweepCells(grid, folder);
  const threads = Math.max(1, Math.floor(availableParallelism() / workers));
  const change = (i: number, news: Partial<SweepCell>): void => {
    cells[i] = { ...cells[i]!, ...news };
    onChange?.(cells);
  };
  onChange?.(cells);
  const waiting = cells.flatMap(({ state }, i) => (state === 'waiting' ? [i] : []));
  const work = async (): Promise<void> => {
    for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
      if (signal?.aborted) change(i, { state: 'stopped' });
      else await runCell(cells[i]!, threads, signal, (news) => change(i as number, news));
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return cells;
}

/** The transformer takes 2 GB when it measures all pairs, the ResNet of the small preset 1.6 GB. */
const MEMORY_OF_A_RUN = 3 * 2 ** 30;

function defaultWorkers(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / MEMORY_OF_A_RUN)));
}

async function runCell(
  cell: SweepCell,
  threads: number,
  signal: AbortSignal | undefined,
  change: (news: Partial<SweepCell>) => void,
): Promise<void> {
  change({ state: 'running', started: { at: Date.now(), step: cell.step } });
  for (let attempt = 0; ; attempt++) {
    const end = await runWorker(cell, threads, signal, ({ step, message }) => change({ step, message }));
    if (end.type === 'done') return change({ state: 'done', step: end.step, message: 'recorded' });
    if (end.type === 'stopped') return change({ state: 'stopped', message: 'stopped with a checkpoint' });
    if (signal?.aborted && end.reason !== 'error')
      return change({ state: 'stopped', message: 'stopped; it can be resumed from its last checkpoint' });
    if (end.reason !== 'locked' || attempt >= LOCK_RETRIES)
      return change({ state: 'failed', message: end.message });
    change({ message: end.message });
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

type Message<T extends WorkerMessage['type']> = Extract<WorkerMessage, { type: T }>;
type End =
  | Message<'done' | 'stopped' | 'failure'>
  /** The process ended without a message, since it was killed or crashed. */
  | { readonly type: 'failure'; readonly reason: 'killed'; readonly message: string };

/** Runs a cell in its own process, which stops with a checkpoint if this process dies. */
function runWorker(
  { config, path }: WorkerTask,
  threads: number,
  signal: AbortSignal | undefined,
  onProgress: (progress: Message<'progress'>) => void,
): Promise<End> {
  const child: ChildProcess = fork(WORKER, {
    env: { ...process.env, TF_NUM_INTRAOP_THREADS: String(threads) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Ctrl-C in a terminal would reach the whole process group; instead, this process passes it on.
    detached: true,
  });
  const task: WorkerTask = { config, path };
  child.send(task, () => {}); // A process that no longer exists is noticed by its end.
  const stop = (): void => {
    child.kill('SIGTERM');
  };
  signal?.addEventListener('abort', stop, { once: true });
  let end: End | undefined;
  child.on('message', (message: WorkerMessage) => {
    if (message.type === 'progress') onProgress(message);
    else end = message;
  });
  let errors = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    errors = (errors + chunk).slice(-ERROR_CHARACTERS);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, killed) => {
      signal?.removeEventListener('abort', stop);
      const message = howItEnded(code, killed, errors.trimEnd().split('\n').at(-1) ?? '');
      resolve(end ?? { type: 'failure', reason: 'killed', message });
    });
  });
}

/** Describes the end of a process that has sent no reason. */
function howItEnded(code: number | null, signal: NodeJS.Signals | null, lastLine: string): string {
  if (signal === 'SIGKILL')
    return 'its process was ended by SIGKILL, as happens if memory runs out: try fewer workers';
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  return `its process ${how}${lastLine === '' ? '' : `: ${lastLine}`}`;
}

/** The number of characters of the error output that are kept for the message of a crashed process. */
const ERROR_CHARACTERS = 2000;

/** The worker beside this file: compiled, or as a source if this file is run as a source. */
const WORKER = join(__dirname, `worker${__filename.endsWith('.ts') ? '.ts' : '.js'}`);
