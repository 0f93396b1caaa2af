/** The curves of a run: loss, accuracy, learning rate and gradient norm every few steps, in a CSV file beside the record. */
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { removeLeftovers, writeAtomically } from '../atomic-write';

/** One step of a run, measured on its batch. Unknown values are NaN. */
export interface CurvePoint {
  /** Counted from 1. */
  readonly step: number;
  /** Loss of the batch before the step, in nats: the mean cross entropy plus the regularisers' terms. */
  readonly loss: number;
  /** Accuracy on the batch before the step, from 0 to 1. */
  readonly accuracy: number;
  readonly learningRate: number;
  /** Euclidean norm of the gradient of the loss for all parameters, before weight decay. */
  readonly gradientNorm: number;
  /** The part of the loss that comes from the regularisers. */
  readonly regularization: number;
  /** The time of the run so far, including measurements, but not pauses or steps that were repeated after a stop. */
  readonly seconds: number;
  /** The gradient norm of each parameter; only with the setting `parameterNorms`. */
  readonly parameterNorms?: Readonly<Record<string, number>>;
}

/** The numbers of a step; the writer adds the time. */
export type StepNumbers = Omit<CurvePoint, 'seconds'>;

/** Appends to the curves of a run, under the lock of its record. */
export interface CurvesWriter {
  /** The points from before the run was resumed. */
  readonly earlier: readonly CurvePoint[];
  /** Writes a step if it is due, and returns the point as it was written. */
  append(step: StepNumbers): CurvePoint | undefined;
  /** Flushes everything to the disk, which is necessary before a checkpoint is written. */
  flush(): void;
  close(): void;
}

const COLUMNS = [
  'step',
  'loss',
  'accuracy',
  'learningRate',
  'gradientNorm',
  'regularization',
  'seconds',
] as const;
/** The prefix of the names of parameters in the header. */
const PARAMETER = 'gradientNorm/';

/** The curves of the record `<name>.jsonl` are in `<name>.curves.csv`. */
export function curvesPath(record: string): string {
  return `${record.replace(/\.jsonl$/, '')}.curves.csv`;
}

/**
 * Reads the curves beside a record; [] for a run of an early version, which has none. An incomplete last line, left by a kill, is
 * skipped.
 *
 * @param record path of the record, not of the curves
 * @throws Error with file and line if anything else is malformed
 */
export function readCurves(record: string): CurvePoint[] {
  return read(curvesPath(record)).points;
}

/**
 * Opens the curves of a record for writing.
 *
 * @param options.resumeFrom the step of the checkpoint from which the run is resumed; later points are dropped, since they will
 *   be written again; undefined for a new run
 * @param options.every steps between two points; the first step is also a point
 */
export function openCurves(
  record: string,
  { every, resumeFrom = -1 }: { readonly every: number; readonly resumeFrom?: number | undefined },
): CurvesWriter {
  const path = curvesPath(record);
  const isDue = (step: number): boolean => step === 1 || step % every === 0;
  removeLeftovers(path);
  const { points, lines } = read(path);
  const earlier = points.filter(({ step }) => step <= resumeFrom);
  warnOfGap(path, earlier, resumeFrom, isDue);
  const kept = lines.slice(0, earlier.length === 0 ? 0 : earlier.length + 1);
  writeAtomically(path, [kept.map((line) => `${line}\n`).join('')]);
  const file = openSync(path, 'a');
  let size = Buffer.byteLength(kept.join('\n')) + (kept.length === 0 ? 0 : 1);
  let open = true;
  const write = (line: string): void => {
    const bytes = Buffer.from(`${line}\n`);
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    } catch (error) {
      ftruncateSync(file, size);
      throw new Error(
        `${path} cannot be written (${(error as Error).message}): free some space, then resume`,
        { cause: error },
      );
    }
    size += bytes.length;
  };
  const before = earlier.at(-1)?.seconds ?? 0;
  const opened = performance.now();
  return {
    earlier,
    append: (step) => {
      if (!isDue(step.step)) return undefined;
      const point = { ...step, seconds: before + (performance.now() - opened) / 1000 };
      if (size === 0) write(headerOf(point));
      const line = lineOf(point);
      write(line);
      return pointOf(line.split(',').map(Number), Object.keys(step.parameterNorms ?? {}));
    },
    flush: () => fsyncSync(file),
    close: () => {
      if (open) closeSync(file);
      open = false;
    },
  };
}

/** A line of the file, with six digits, more than are significant; the time has hundredths. */
function lineOf(point: CurvePoint): string {
  const numbers = COLUMNS.map((name) =>
    name === 'step' ? point.step : Number(name === 'seconds' ? point[name].toFixed(2) : digits(point[name])),
  );
  return [...numbers, ...Object.values(point.parameterNorms ?? {}).map(digits)].join(',');
}

function digits(value: number): number {
  return Number(value.toPrecision(6));
}

function headerOf({ parameterNorms = {} }: CurvePoint): string {
  return [...COLUMNS, ...Object.keys(parameterNorms).map((name) => `${PARAMETER}${name}`)].join(',');
}

function pointOf(numbers: readonly number[], parameters: readonly string[]): CurvePoint {
  const point = Object.fromEntries(COLUMNS.map((name, i) => [name, numbers[i]!])) as unknown as CurvePoint;
  if (parameters.length === 0) return point;
  const norms = parameters.map((name, i) => [name, numbers[COLUMNS.length + i]!]);
  return { ...point, parameterNorms: Object.fromEntries(norms) };
}

/** The points, and the complete lines of the file, with the header first. */
function read(path: string): { points: CurvePoint[]; lines: string[] } {
  if (!existsSync(path)) return { points: [], lines: [] };
  // The text after the last newline is an incomplete line.
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  const [header, ...rest] = lines;
  if (header === undefined) return { points: [], lines: [] };
  const columns = header.split(',');
  const parameters = columns.slice(COLUMNS.length).map((name) => name.slice(PARAMETER.length));
  const expected = [...COLUMNS, ...parameters.map((name) => `${PARAMETER}${name}`)];
  if (expected.join() !== header)
    throw new Error(`${path}:1: the columns of curves must be ${COLUMNS.join()}`);
  let last = 0;
  const points = rest.map((line, i) => {
    const cells = line.split(',');
    const numbers = cells.map(Number);
    const [step] = numbers as [number];
    const isNumber = cells.every((cell, i) => cell === 'NaN' || (cell !== '' && !Number.isNaN(numbers[i])));
    if (cells.length !== columns.length || !isNumber || !Number.isInteger(step))
      throw new Error(
        `${path}:${i + 2}: not ${columns.length} numbers: ${JSON.stringify(line.slice(0, 80))}`,
      );
    if (step <= last) throw new Error(`${path}:${i + 2}: step ${step} after step ${last}; steps must rise`);
    last = step;
    return pointOf(numbers, parameters);
  });
  return { points, lines };
}

/** Warns of a gap in the curves; a run of an early version has no curves, and continues nevertheless. */
function warnOfGap(
  path: string,
  points: readonly CurvePoint[],
  last: number,
  isDue: (step: number) => boolean,
): void {
  const there = new Set(points.map(({ step }) => step));
  let lost = 0;
  for (let step = 1; step <= last; step++) if (isDue(step) && !there.has(step)) lost++;
  if (lost > 0)
    console.warn(
      `${path} lacks ${lost} of the steps up to the checkpoint of step ${last}: the curves have a gap there`,
    );
}
