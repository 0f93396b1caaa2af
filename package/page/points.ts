/** Points from a file that was dropped on the page. */
import { formatOf } from '../../src/intrinsic-dimension/files/format';
import { openInput } from '../../src/intrinsic-dimension/files/input';
import { arraysOf } from '../../src/intrinsic-dimension/files/open-arrays';
import type { OptionWords } from '../../src/intrinsic-dimension/files/option-words';
import {
  type DistancesFile,
  type PointsFile,
  readDistances,
  readPoints,
} from '../../src/intrinsic-dimension/files/points-file';
import { constants } from '../browser/node-buffer';
import { dropFile, putFile } from '../browser/node-fs';
import type { FileRequest, Reading } from './messages';

/** The arrays from which one must be chosen. */
export interface Choice {
  readonly arrays: readonly { readonly name: string; readonly shape: string }[];
}

/**
 * Reads a file as the command line does.
 *
 * @param words how messages name the controls
 * @throws Error that says what is wrong with the file
 */
export async function pointsOf(
  { file, reading: { distances = false, ...wanted } }: FileRequest,
  words: OptionWords,
): Promise<PointsFile | DistancesFile | Choice> {
  const name = file.name === '-' ? './-' : file.name; // - alone would be standard input
  putFile(name, await bytesOf(file));
  try {
    const arrays = wanted.key === undefined ? await matricesIn(name, wanted.format) : [];
    if (arrays.length > 1) return { arrays };
    const key = wanted.key ?? arrays[0]?.name;
    const options = {
      ...wanted,
      ...(key ? { key } : {}),
      ...(arrays.length > 0 || wanted.key !== undefined ? { flatten: true } : {}),
    };
    return await (distances ? readDistances : readPoints)(name, options, words);
  } finally {
    dropFile(name);
  }
}

/** @throws Error that names the file and why it cannot be read: a folder, one that was taken away, one that is too large */
async function bytesOf(file: File): Promise<Uint8Array> {
  if (file.size > constants.MAX_LENGTH)
    throw new Error(
      `${file.name} has ${(file.size / 2 ** 30).toFixed(1)} GiB, and browsers read files of up to 2: ` +
        'npx intrinsic-dimension --report takes larger ones',
    );
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new Error(`${file.name} cannot be read: ${(error as Error).message}`);
  }
}

/** The arrays of a file that may hold points; none if it is text, or if it cannot be read, which is reported later. */
async function matricesIn(name: string, wanted: Reading['format']): Promise<Choice['arrays']> {
  const source = await openInput(name);
  try {
    const format = wanted ?? formatOf(name, source).format;
    if (format === 'csv') return [];
    const { arrays } = await arraysOf(source, format);
    return arrays
      .filter(({ shape }) => shape.length >= 2)
      .map(({ name: array, shape }) => ({ name: array, shape: `[${shape.join(', ')}]` }));
  } catch {
    return [];
  } finally {
    source.close();
  }
}
