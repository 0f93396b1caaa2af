/** Run records: append-only JSON Lines, one run a file, validated on reading and repaired after a kill. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

/** Loss, accuracy and dimensions on one split. */
export interface SplitMeasurement {
  /** Mean cross entropy in nats. */
  loss: number;
  /** 0 .. 1 */
  accuracy: number;
  /** By site: mean and standard deviation over random subsamples. */
  id: Record<string, { value: number; std: number }>;
}

/** A line of a record: the network after `step` steps. */
export interface Measurement {
  type: 'measurement';
  step: number;
  epoch: number;
  train: SplitMeasurement;
  validation: SplitMeasurement;
}

/** What a run was computed with. */
export interface Environment {
  commit: string;
  backend: string;
  versions: Record<string, string>;
  hardware: string;
}

/** The last line of a record that is complete. */
export interface DoneLine {
  type: 'done';
  step: number;
}

interface RunLine {
  type: 'run';
  config: Record<string, unknown>;
  environment: Environment;
}

type Line = RunLine | Measurement | DoneLine;

const splitSchema = z.strictObject({
  loss: z.number(),
  accuracy: z.number().min(0).max(1),
  id: z.record(z.string(), z.strictObject({ value: z.number(), std: z.number() })),
});

const measurementSchema = z.strictObject({
  type: z.literal('measurement'),
  step: z.int().min(0),
  epoch: z.int().min(0),
  train: splitSchema,
  validation: splitSchema,
});

const environmentSchema = z.strictObject({
  commit: z.string(),
  backend: z.string(),
  versions: z.record(z.string(), z.string()),
  hardware: z.string(),
});

const runSchema = z.strictObject({
  type: z.literal('run'),
  config: z.record(z.string(), z.unknown()),
  environment: environmentSchema,
});

const doneSchema = z.strictObject({
  type: z.literal('done'),
  step: z.int().min(0),
  seconds: z.number().min(0).optional(),
});

const lineSchema: z.ZodType<Line> = z.discriminatedUnion('type', [runSchema, measurementSchema, doneSchema]);

/** A run as it was recorded. */
export interface RunRecord {
  readonly config: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  readonly measurements: readonly Measurement[];
  /** Missing while a run goes on, or where it was killed. */
  readonly done?: DoneLine;
}

/** Appends to a record; holds its lock until closed. */
export interface RunWriter {
  append(measurement: Measurement): void;
  done(line: Omit<DoneLine, 'type'>): void;
  close(): void;
}

/**
 * Reads a record. A torn last line, left by a kill in the middle of a write, is passed over.
 *
 * @throws Error with file and line when anything else is malformed
 */
export function readRun(path: string): RunRecord {
  const { lines } = readLines(path);
  const [first, ...rest] = lines;
  if (first?.type !== 'run')
    throw new Error(`${path}:1: a record starts with a line of type "run"; this file has none`);
  const measurements: Measurement[] = [];
  let done: DoneLine | undefined;
  rest.forEach((line, i) => {
    const where = `${path}:${i + 2}`;
    if (line.type === 'run') throw new Error(`${where}: a second line of type "run"; keep one run a file`);
    if (done) throw new Error(`${where}: a line after "done"`);
    if (line.type === 'done') {
      done = line;
    } else {
      const last = measurements.at(-1)?.step ?? -1;
      if (line.step <= last)
        throw new Error(`${where}: step ${line.step} after step ${last}; steps must rise`);
      measurements.push(line);
    }
  });
  return { config: first.config, environment: first.environment, measurements, ...(done ? { done } : {}) };
}

/** Where a run starts, and with what. */
export interface OpenOptions {
  readonly config: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  /** Go on after this step: later measurements are dropped, since they will be made again. @default a new record */
  readonly resumeFrom?: number;
}

/**
 * Opens a record for writing, new or to go on.
 *
 * @throws Error when another process writes it, when it cannot be written, and when a new one would replace an old
 */
export function openRun(path: string, { config, environment, resumeFrom }: OpenOptions): RunWriter {
  const unlock = lock(path);
  try {
    if (resumeFrom !== undefined && existsSync(path)) {
      const { measurements, config: before, environment: at } = readRun(path);
      const kept = measurements.filter(({ step }) => step <= resumeFrom);
      replaceFile(
        path,
        [{ type: 'run', config: { ...before, ...config }, environment: at }, ...kept].map(toLine).join(''),
      );
    } else {
      if (existsSync(path)) {
        throw new Error(`${path} exists already: resume it, choose another place, or delete it`);
      }
      replaceFile(path, toLine({ type: 'run', config, environment }));
    }
    const file = openSync(path, 'a');
    const write = (line: Line): void => {
      writeSync(file, toLine(lineSchema.parse(line)));
      fsyncSync(file);
    };
    let open = true;
    return {
      append: write,
      done: (line) => write({ type: 'done', ...line }),
      close: () => {
        if (!open) return;
        open = false;
        closeSync(file);
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Numbers keep six digits: more than the measurement has, and records stay small enough for git. */
function toLine(value: unknown): string {
  const round = (key: string, x: unknown): unknown =>
    typeof x === 'number' && !Number.isInteger(x) && key !== '' ? Number(x.toPrecision(6)) : x;
  return `${JSON.stringify(value, round)}\n`;
}

function readLines(path: string): { lines: Line[] } {
  const texts = readFileSync(path, 'utf8').split('\n');
  // Every whole line ends with a newline, so what follows the last one is torn, or empty.
  texts.pop();
  const lines = texts.map((text, i) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new Error(`${path}:${i + 1}: no JSON (${(error as Error).message})`);
    }
    const parsed = lineSchema.safeParse(value);
    if (!parsed.success)
      throw new Error(`${path}:${i + 1}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`);
    return parsed.data;
  });
  return { lines };
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { flush: true });
  renameSync(temporary, path);
}

/** A lock file with the writer's process id; one whose process is gone does not count. */
function lock(path: string): () => void {
  const file = `${path}.lock`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    for (;;) {
      try {
        writeFileSync(file, String(process.pid), { flag: 'wx' });
        return () => rmSync(file, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const holder = Number(readFileSync(file, 'utf8'));
        if (isAlive(holder)) {
          throw new Error(
            `${path} is being written by process ${holder}: wait for it, or give this run another place`,
          );
        }
        rmSync(file, { force: true });
      }
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Error(`${path} cannot be written (${code}): choose a folder that can`, { cause: error });
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
