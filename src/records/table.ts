/** Recorded runs as a danfo DataFrame with a row for each run. No other file imports danfojs-node. */
import { existsSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { DataFrame } from 'danfojs-node';
import { type CurvePoint, readCurves } from './curves';
import { lastLayerId, peakId } from './layer-ids';
import { RECORDED } from './recorded-runs';
import { type Measurement, type RunRecord, readRun } from './run-record';

/** The value of a cell; a missing number is NaN, and any other missing value is null. */
export type RunValue = string | number | boolean | null;

export interface RunColumn {
  readonly name: string;
  /** The type; danfo calls all fractional numbers float32, but the values are doubles. */
  readonly dtype: 'string' | 'float32' | 'boolean';
  readonly values: readonly RunValue[];
}

/**
 * The recorded runs of a folder and its subfolders, in a form for danfo:
 * `frame.query(frame['weightDecay'].gt(0))`, `frame.groupby(['weightDecay']).col(['LLID']).mean()`.
 *
 * The columns are `run`, the settings that differ, and those of {@link runColumns}. The first call takes a second, in which danfo
 * is loaded.
 *
 * @param folder @default the records that come with the package
 * @throws Error if there is no record, or if one is malformed
 */
export async function runs(folder: string = RECORDED): Promise<DataFrame> {
  const names = (existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [])
    .filter((path) => path.endsWith('.jsonl'))
    .sort();
  if (names.length === 0) throw new Error(`no run is recorded in ${folder}: there is no .jsonl file`);
  const columns = runColumns(
    names.map((name) => ({
      name: name.slice(0, -'.jsonl'.length).replaceAll(sep, '/'),
      record: readRun(join(folder, name)),
      curves: readCurves(join(folder, name)),
    })),
  );
  const { DataFrame: Frame } = await import('danfojs-node');
  return new Frame(
    names.map((_, row) => columns.map(({ values }) => values[row])),
    { columns: columns.map(({ name }) => name), dtypes: columns.map(({ dtype }) => dtype) },
  );
}

/**
 * A row for each run: its name, the settings that are not the same in all runs, and then
 * - `step` of the last measurement, and `done`, which is true for finished runs;
 * - `trainAccuracy`, `accuracy`, `loss` of that measurement, the latter two on validation;
 * - `bestAccuracy` on validation, and `bestStep`, the first step with it;
 * - `LLID` and `PID` on validation at the last measurement, and their ratio `PID/LLID`; PID comes from the sites that could be
 *   measured, and LLID is NaN if the last site could not;
 * - `batchLoss` and `gradientNorm` of the last point of the curves, and the `seconds` that the run took up to it, if any of the
 *   runs has curves.
 */
export function runColumns(
  named: readonly {
    readonly name: string;
    readonly record: RunRecord;
    readonly curves?: readonly CurvePoint[];
  }[],
): readonly RunColumn[] {
  const records = named.map(({ record }) => record);
  const haveCurves = named.some(({ curves = [] }) => curves.length > 0);
  const results = named.map(({ record, curves = [] }) => ({
    ...resultsOf(record),
    ...(haveCurves ? lastPointOf(curves) : {}),
  }));
  const resultNames = Object.keys(results[0] ?? {}) as (keyof (typeof results)[number])[];
  return [
    { name: 'run', dtype: 'string', values: named.map(({ name }) => name) },
    ...varyingKeys(records).map((key) =>
      column(
        key,
        records.map(({ config }) => config[key]),
      ),
    ),
    ...resultNames.map((name) =>
      column(
        name,
        results.map((result) => result[name]),
      ),
    ),
  ];
}

interface Results {
  readonly step: number;
  readonly done: boolean;
  readonly trainAccuracy: number;
  readonly accuracy: number;
  readonly loss: number;
  readonly bestAccuracy: number;
  readonly bestStep: number;
  readonly LLID: number;
  readonly PID: number;
  readonly 'PID/LLID': number;
}

function resultsOf({ measurements, done }: RunRecord): Results {
  const last = measurements.at(-1);
  const best = measurements.reduce<Measurement | undefined>(
    (champion, next) =>
      champion && champion.validation.accuracy >= next.validation.accuracy ? champion : next,
    undefined,
  );
  const llid = last ? lastLayerId(last.validation) : Number.NaN;
  const pid = last ? peakId(last.validation) : Number.NaN;
  return {
    step: last?.step ?? Number.NaN,
    done: done !== undefined,
    trainAccuracy: last?.train.accuracy ?? Number.NaN,
    accuracy: last?.validation.accuracy ?? Number.NaN,
    loss: last?.validation.loss ?? Number.NaN,
    bestAccuracy: best?.validation.accuracy ?? Number.NaN,
    bestStep: best?.step ?? Number.NaN,
    LLID: llid,
    PID: pid,
    'PID/LLID': pid / llid,
  };
}

function lastPointOf(curves: readonly CurvePoint[]): Readonly<Record<string, number>> {
  const { loss, gradientNorm, seconds } = curves.at(-1) ?? {};
  return {
    batchLoss: loss ?? Number.NaN,
    gradientNorm: gradientNorm ?? Number.NaN,
    seconds: seconds ?? Number.NaN,
  };
}

/** The settings that vary, in the order of the records. */
function varyingKeys(records: readonly RunRecord[]): string[] {
  const keys = [...new Set(records.flatMap(({ config }) => Object.keys(config)))];
  return keys.filter((key) => new Set(records.map(({ config }) => JSON.stringify(config[key]))).size > 1);
}

/** A column with its type, since danfo guesses types from the first rows, and fails if these are undefined. */
function column(name: string, values: readonly unknown[]): RunColumn {
  const present = values.filter((value) => value !== undefined && value !== null);
  if (present.every((value) => typeof value === 'number')) {
    return {
      name,
      dtype: 'float32',
      values: values.map((value) => (value as number | undefined) ?? Number.NaN),
    };
  }
  if (present.length === values.length && present.every((value) => typeof value === 'boolean')) {
    return { name, dtype: 'boolean', values: present };
  }
  const text = (value: unknown): RunValue => {
    if (value === undefined || value === null) return null;
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  return { name, dtype: 'string', values: values.map(text) };
}
