/** Reads all records of a folder. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inSteps, type RunRecord, readRun } from './run-record';

/** The folder of the records that come with the package. */
export const RECORDED: string = join(__dirname, '..', '..', 'data', 'runs');

/**
 * Reads every record of a folder, in the order of their names; [] if the folder does not exist. A warning names
 * each record that has lost measurements.
 */
export function readRuns(folder: string): RunRecord[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const record = readRun(path);
      if (record.missing) console.warn(`${path} has lost the measurements of ${inSteps(record.missing)}`);
      return record;
    });
}

/**
 * The runs of one folder of data/runs, such as `mnist`.
 *
 * @throws Error if there are none
 */
export function recordedRuns(name: string): RunRecord[] {
  const folder = join(RECORDED, name);
  const found = readRuns(folder);
  if (found.length === 0) throw new Error(`there are no records in ${folder}: npm run sweep makes them`);
  return found;
}
