/** Run records: append-only JSON Lines with one run for each file, validated on reading and repaired after a kill. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { isDiskFull, removeLeftovers, writeAtomically } from '../atomic-write';
import type { NoEstimate } from '../intrinsic-dimension/no-estimate';
import { missingSteps } from './due-steps';
import { lock } from './lock';

/** The environment in which a run was computed. */
export interface Environment {
  /** The commit of the code, with `-dirty` if the source differed from it; `unknown` without git. */
  readonly commit: string;
  /** The backend, such as `tensorflow CPU`. */
  readonly backend: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Processor, cores, memory, graphics card. */
  readonly hardware: string;
  /** Instruction sets of the processor, oneDNN and the project's kernels, as in `AVX2, kernels avx2`; missing in early records. */
  readonly instructions?: string;
  /** The day on which the run started, YYYY-MM-DD. */
  readonly date?: string;
}

/** Loss, accuracy and dimensions on one split. */
export interface SplitMeasurement {
  /** Mean cross entropy in nats. */
  loss: number;
  /** From 0 to 1; NaN if the network is not a classifier, which is null in the file. */
  accuracy: number;
  /** The regularisers' contribution to the loss in evaluation; missing without regularisers, and in early records. */
  regularization?: number;
  /** The mean and standard deviation of the dimension over random subsamples by site, from input to output. */
  id: Record<string, DimensionEstimate>;
  /** From 0 to 1 by class; null for a class without examples. */
  classAccuracy?: readonly (number | null)[];
  /** The dimensions of the examples of each class, by class and by site. */
  classId?: Record<string, Record<string, DimensionEstimate>>;
  /** The dimension of the examples themselves, before the network. */
  dataId?: DimensionEstimate;
}

/** The mean and standard deviation of the dimension over random subsamples, or the reason why the points have none. */
export type DimensionEstimate = { value: number; std: number } | NoEstimate;

/** A line of a record, which describes the network after `step` steps. */
export interface Measurement {
  type: 'measurement';
  step: number;
  epoch: number;
  /** Euclidean norm of all parameters of the model; missing in early records. */
  weightNorm?: number;
  /** Euclidean norm of the gradient of the loss on the batch of this step, before L2; missing at step 0 and in early records. */
  gradientNorm?: number;
  train: SplitMeasurement;
  validation: SplitMeasurement;
}

/** The last line of a complete record. */
export interface DoneLine {
  type: 'done';
  step: number;
  seconds?: number;
}

/** A run as it was recorded. */
export interface RunRecord {
  readonly config: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  readonly measurements: readonly Measurement[];
  /** Missing while a run is active, and if it was stopped. */
  readonly done?: DoneLine;
  /** Steps before the last line that should be in the record, but are not, since lines were lost. @default none */
  readonly missing?: readonly number[];
}

/** A record, or the part of it that is known while the run is active. */
export type RunSoFar = Pick<RunRecord, 'config' | 'measurements'> & { readonly environment?: Environment };

/** Appends to a record, and holds its lock until it is closed. */
export interface RunWriter {
  /** Appends a measurement; steps must rise from line to line. */
  append(measurement: Measurement): void;
  done(line: Omit<DoneLine, 'type'>): void;
  close(): void;
}

/** The start of a run and its settings. */
export interface OpenOptions {
  readonly config: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  /**
   * The step of the checkpoint from which a run is resumed; later measurements are dropped, since they will be made again. -1 if
   * there is no checkpoint yet, which drops all of them.
   * @default a new record; an existing one is an error
   */
  readonly resumeFrom?: number;
  /** Keys of the config that may differ from those of the record when resuming. @default none */
  readonly mayChange?: readonly string[];
  /** Adds settings to the config of an older record that does not have them. @default the config is unchanged */
  readonly complete?: (config: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

interface RunLine {
  type: 'run';
  config: Record<string, unknown>;
  environment: Environment;
}
type Line = RunLine | Measurement | DoneLine;

const share = z.number().min(0).max(1);
const accuracy = z.union([share, z.nan(), z.null().transform(() => Number.NaN)]);
const estimate = z.union([
  z.strictObject({ value: z.number(), std: z.number() }),
  z.strictObject({ value: z.null(), reason: z.string() }),
]);
const ids = z.record(z.string(), estimate);
const split = z.strictObject({
  loss: z.number(),
  accuracy,
  regularization: z.number().exactOptional(),
  classAccuracy: z.array(share.nullable()).readonly().exactOptional(),
  id: ids,
  classId: z.record(z.string(), ids).exactOptional(),
  dataId: estimate.exactOptional(),
});
const step = z.int().min(0);
const lineSchema: z.ZodType<Line> = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('run'),
    config: z.record(z.string(), z.unknown()),
    environment: z.looseObject({
      commit: z.string(),
      backend: z.string(),
      versions: z.record(z.string(), z.string()),
      hardware: z.string(),
      instructions: z.string().exactOptional(),
      date: z.string().exactOptional(),
    }),
  }),
  z.strictObject({
    type: z.literal('measurement'),
    step,
    epoch: step,
    weightNorm: z.number().min(0).exactOptional(),
    gradientNorm: z.number().min(0).exactOptional(),
    train: split,
    validation: split,
  }),
  z.strictObject({ type: z.literal('done'), step, seconds: z.number().min(0).exactOptional() }),
]);

/**
 * Reads a record. An incomplete last line, left by a kill during a write, is skipped.
 *
 * @throws Error with file and line when anything else is malformed
 */
export function readRun(path: string): RunRecord {
  return read(path).record;
}

/**
 * Opens a new or an existing record for writing, and locks it against other processes.
 *
 * @throws LockedError if another process writes it; Error if it cannot be written, if a new record would replace an existing
 *   one, and if it should be resumed with another config
 */
export function openRun(path: string, options: OpenOptions): RunWriter {
  const unlock = writable(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    return lock(path);
  });
  try {
    removeLeftovers(path);
    const last = prepare(path, options);
    return writer(path, last, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Prepares the file for the first appended line, and returns the last step that it holds. */
function prepare(path: string, options: OpenOptions): number {
  const { config, environment, resumeFrom, mayChange = [], complete = (older) => older } = options;
  const exists = existsSync(path) && statSync(path).size > 0;
  if (!exists) {
    if (resumeFrom !== undefined && resumeFrom >= 0) {
      throw new Error(
        `there is a checkpoint of step ${resumeFrom}, but its record ${path} is missing: ` +
          'put the record back, or delete the checkpoint and start afresh',
      );
    }
    writable(path, () =>
      writeAtomically(path, [toLine({ type: 'run', config: { ...config }, environment }, path)]),
    );
    return -1;
  }
  if (resumeFrom === undefined) {
    throw new Error(`${path} exists already: resume it, choose another place, or delete it`);
  }
  const { record, text } = read(path);
  checkSameConfig(path, complete(record.config), config, mayChange);
  const kept = record.measurements.filter(({ step }) => step <= resumeFrom);
  const last = Number.isFinite(resumeFrom) ? resumeFrom : (kept.at(-1)?.step ?? -1);
  const missing = missingSteps(config, kept, last);
  if (missing.length > 0) {
    throw new Error(
      `${path} has lost the measurements of ${inSteps(missing)}, although there is a checkpoint of step ${resumeFrom}: ` +
        'restore the record, resume from an earlier checkpoint, or delete both and start afresh',
    );
  }
  const lines = [{ type: 'run', config: { ...config }, environment: record.environment } as const, ...kept];
  const repaired = lines.map((line) => toLine(line, path)).join('');
  if (repaired !== text) writable(path, () => writeAtomically(path, [repaired]));
  return kept.at(-1)?.step ?? -1;
}

function writer(path: string, lastStep: number, unlock: () => void): RunWriter {
  const file = writable(path, () => openSync(path, 'a'));
  let size = statSync(path).size;
  let last = lastStep;
  let open = true;
  const write = (line: Line): void => {
    if (!open) throw new Error(`${path} is closed: the ${line.type} of step ${last} cannot be written`);
    const bytes = Buffer.from(toLine(line, path));
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      // If a checkpoint is on the disk, its measurements must be there, too. Lines are rare, so each is flushed.
      fsyncSync(file);
    } catch (error) {
      ftruncateSync(file, size);
      throw cannotWrite(path, error);
    }
    size += bytes.length;
  };
  return {
    append: (measurement) => {
      if (measurement.step <= last) {
        throw new Error(`${path}: a measurement of step ${measurement.step} after one of step ${last}`);
      }
      write(measurement);
      last = measurement.step;
    },
    done: (line) => write({ type: 'done', ...line }),
    close: () => {
      if (!open) return;
      open = false;
      closeSync(file);
      unlock();
    },
  };
}

function read(path: string): { record: RunRecord; text: string } {
  // Windows editors put a byte order mark before the first line.
  const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  const [first, ...rest] = parseLines(path, text);
  if (first?.type !== 'run')
    throw new Error(`${path}:1: a record starts with a line of type "run"; this one does not`);
  const measurements: Measurement[] = [];
  let done: DoneLine | undefined;
  rest.forEach((line, i) => {
    const where = `${path}:${i + 2}`;
    if (line.type === 'run') throw new Error(`${where}: a second line of type "run"; a file holds one run`);
    if (done) throw new Error(`${where}: a line after the one of type "done"`);
    if (line.type === 'done') {
      done = line;
      return;
    }
    const before = measurements.at(-1)?.step ?? -1;
    if (line.step <= before)
      throw new Error(`${where}: step ${line.step} after step ${before}; steps must rise`);
    measurements.push(line);
  });
  const { config, environment } = first;
  const last = done?.step ?? measurements.at(-1)?.step ?? -1;
  const missing = missingSteps(config, measurements, last);
  const record = {
    config,
    environment,
    measurements,
    ...(done ? { done } : {}),
    ...(missing.length > 0 ? { missing } : {}),
  };
  return { record, text };
}

function parseLines(path: string, text: string): Line[] {
  const texts = text.split('\n');
  if (texts.at(-1) === '') texts.pop();
  const lines: Line[] = [];
  for (const [i, line] of texts.entries()) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      // An incomplete line is never valid JSON, since the closing brace comes last.
      if (i === texts.length - 1) break;
      throw new Error(`${path}:${i + 1}: not JSON (${(error as Error).message})`);
    }
    const parsed = lineSchema.safeParse(value);
    if (!parsed.success) throw new Error(`${path}:${i + 1}: ${inWords(parsed.error)}`);
    lines.push(parsed.data);
  }
  return lines;
}

/**
 * One line of text. To keep records small, losses and accuracies have six digits and dimensions five, more than are significant;
 * the config keeps all digits.
 */
function toLine(line: Line, path: string): string {
  const parsed = lineSchema.safeParse(line);
  if (!parsed.success) {
    const place = line.type === 'run' ? 'its first line' : `the ${line.type} of step ${line.step}`;
    throw new Error(`${path}: ${place} cannot be recorded: ${inWords(parsed.error)}`);
  }
  const text = JSON.stringify(line, (key, value: unknown) => {
    if (typeof value !== 'number' || Number.isInteger(value)) return value;
    if (key === 'accuracy' && Number.isNaN(value)) return null;
    if (!Number.isFinite(value)) throw new Error(`${path}: ${key} is ${value}, which a record cannot hold`);
    if (line.type === 'run') return value;
    return Number(value.toPrecision(key === 'value' || key === 'std' ? 5 : 6));
  });
  return `${text}\n`;
}

function inWords(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}

function checkSameConfig(
  path: string,
  before: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
  mayChange: readonly string[],
): void {
  const now = JSON.parse(JSON.stringify(config)) as Record<string, unknown>;
  const differing = Object.keys({ ...before, ...now })
    .filter((key) => !mayChange.includes(key))
    .map((key) => ({ key, was: JSON.stringify(before[key]), is: JSON.stringify(now[key]) }))
    .filter(({ was, is }) => was !== is);
  if (differing.length === 0) return;
  const list = differing.map(({ key, was = 'not set', is = 'not set' }) => `${key} was ${was} and is ${is}`);
  throw new Error(
    `${path} is a run with other settings (${list.join('; ')}): use these, or choose another place`,
  );
}

/** Steps in words: `step 40`, or `steps 40, 60 and 80`. */
export function inSteps(steps: readonly number[]): string {
  const shown = steps.slice(0, 8).map(String);
  if (steps.length > 8) shown.push(`${steps.length - 8} more`);
  const last = shown.pop();
  return shown.length === 0 ? `step ${last}` : `steps ${shown.join(', ')} and ${last}`;
}

function writable<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === undefined ? error : cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): Error {
  const { message } = error as Error;
  const cure = isDiskFull(error)
    ? 'the disk is full: free some space, then resume'
    : 'choose a folder that can be written to';
  return new Error(`${path} cannot be written (${message}): ${cure}`, { cause: error });
}
