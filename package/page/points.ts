/** Points from a file that was dropped on the page. */
import { type Format, formatOf } from '../../src/intrinsic-dimension/files/format';
import { openInput } from '../../src/intrinsic-dimension/files/input';
import { arraysOf } from '../../src/intrinsic-dimension/files/open-arrays';
import {
  type DistancesFile,
  type PointsFile,
  type ReadPointsOptions,
  readDistances,
  readPoints,
} from '../../src/intrinsic-dimension/files/points-file';
import { constants } from '../browser/node-buffer';
import { dropFile, putFile } from '../browser/node-fs';
import type { FileRequest } from './messages';
import { controlsIn, onPage } from './words';

/** The arrays from which one must be chosen. */
export interface Choice {
  readonly arrays: readonly { readonly name: string; readonly shape: string }[];
}

/**
 * Reads a file as the command line does.
 *
 * @param onProgress is called from time to time with the share that has been read, if it is known
 * @throws Error that says what is wrong with the file
 */
export async function pointsOf(
  { file, reading: { distances = false, ...wanted } }: FileRequest,
  onProgress: (share: number) => void,
): Promise<PointsFile | DistancesFile | Choice> {
  const name = file.name === '-' ? './-' : file.name; // - alone would be standard input
  putFile(name, await bytesOf(file));
  const read = (more: ReadPointsOptions = {}): Promise<PointsFile | DistancesFile> =>
    (distances ? readDistances : readPoints)(name, { ...wanted, ...more }, onPage);
  try {
    const format = wanted.format ?? (await formatIn(name));
    const flatten = format === undefined || format === 'csv' ? {} : { flatten: true };
    try {
      return await read({ ...flatten, onProgress });
    } catch (error) {
      const asksForArray = controlsIn((error as Error).message).includes('key');
      if (format === undefined || format === 'csv' || wanted.key !== undefined || !asksForArray) throw error;
      const arrays = await matricesIn(name, format, onProgress);
      if (arrays.length === 0) throw error;
      return arrays.length > 1 ? { arrays } : await read({ ...flatten, key: arrays[0]!.name });
    }
  } finally {
    dropFile(name);
  }
}

/** @throws Error that names the file and why it cannot be read: a folder, one that was changed, one that is too large */
async function bytesOf(file: File): Promise<Uint8Array> {
  if (file.size > constants.MAX_LENGTH)
    throw new Error(
      `${file.name} has ${(file.size / 2 ** 30).toFixed(1)} GiB, and browsers read files of up to 2: ` +
        'npx intrinsic-dimension --report takes larger ones',
    );
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    // Browsers tell these apart in different ways, or not at all.
    const { message } = error as Error;
    throw new Error(
      `cannot read ${file.name}: it is a folder, was changed or moved after it was chosen, or may not be read (${message})`,
    );
  }
}

/** The format of a file; undefined if it cannot be told, which reading the file reports. */
async function formatIn(name: string): Promise<Format | undefined> {
  const source = await openInput(name);
  try {
    return formatOf(name, source).format;
  } catch {
    return undefined;
  } finally {
    source.close();
  }
}

/** The arrays of a file that may hold points. */
async function matricesIn(
  name: string,
  format: Exclude<Format, 'csv'>,
  onProgress: (share: number) => void,
): Promise<Choice['arrays']> {
  const opened = await arraysOf(await openInput(name), format, onProgress);
  try {
    return opened.arrays
      .filter(({ shape }) => shape.length >= 2)
      .map(({ name: array, shape }) => ({ name: array, shape: `[${shape.join(', ')}]` }));
  } finally {
    opened.close();
  }
}
