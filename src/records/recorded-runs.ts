/** All records of a folder. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type RunRecord, readRun } from './run-record';

/** The folder of the records that come with the package. */
export const RECORDED: string = join(__dirname, '..', '..', 'data', 'runs');

/** Reads every record of a folder, in the order of their names; [] where there is no such folder. */
export function readRuns(folder: string): RunRecord[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => readRun(join(folder, name)));
}
