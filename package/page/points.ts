/** Points from a file that was dropped on the page. */
import type { ByteSource } from '../../src/intrinsic-dimension/files/byte-source';
import { type Format, formatOf } from '../../src/intrinsic-dimension/files/format';
import { openInput } from '../../src/intrinsic-dimension/files/input';
import {
  type DistancesFile,
  type PointsFile,
  type ReadPointsOptions,
  readDistances,
  readPoints,
  SeveralArrays,
} from '../../src/intrinsic-dimension/files/points-file';
import { dropFile, putFile } from '../browser/node-fs';
import type { FileRequest } from './messages';
import { onPage } from './words';

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
  putFile(name, file);
  const read = (more: ReadPointsOptions = {}): Promise<PointsFile | DistancesFile> =>
    (distances ? readDistances : readPoints)(name, { ...wanted, ...more }, onPage);
  try {
    const format = wanted.format ?? (await formatIn(name));
    const flatten = format === undefined || format === 'csv' ? {} : { flatten: true };
    try {
      return await read({ ...flatten, onProgress });
    } catch (error) {
      const { cause } = error as Error;
      const arrays = cause instanceof SeveralArrays ? matricesAmong(cause) : [];
      if (arrays.length === 0) throw error;
      return arrays.length > 1 ? { arrays } : await read({ ...flatten, key: arrays[0]!.name, onProgress });
    }
  } finally {
    dropFile(name);
  }
}

/** The format of a file; undefined if it cannot be told, which reading the file reports. */
async function formatIn(name: string): Promise<Format | undefined> {
  let source: ByteSource | undefined;
  try {
    source = await openInput(name);
    return formatOf(name, source).format;
  } catch {
    return undefined;
  } finally {
    source?.close();
  }
}

/** The arrays that may hold points. */
function matricesAmong({ arrays }: SeveralArrays): Choice['arrays'] {
  return arrays
    .filter(({ shape }) => shape.length >= 2)
    .map(({ name, shape }) => ({ name, shape: `[${shape.join(', ')}]` }));
}
