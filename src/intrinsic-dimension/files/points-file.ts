/** Points or distances from files in common formats: NumPy and PyTorch arrays, .safetensors, and text tables. */
import { called } from '../../called';
import { assertGiven, CALLBACK, FLAG, type Kind, type Kinds, oneOf, TEXT } from '../../given';
import { counted } from '../../number-format';
import { looksLikeDistances } from '../points/distance-like';
import type { ByteSource } from './byte-source';
import { oneLine } from './cells';
import { type Columns, chosenColumns, labelNotes, refuseRowNumbers } from './columns';
import { FORMATS, type Format, formatOf } from './format';
import { openInput, whyUnreadable } from './input';
import { arraysOf } from './open-arrays';
import { inCode, type OptionWords } from './option-words';
import { readBox, type StoredArray, type StoredArrays, sizeOf } from './stored-array';
import { readTable, type TableOptions } from './table';

/** Numbers in C order with their shape [points, dimensions]. */
export interface PointsFile {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly [number, number];
  /** Notes on everything that was changed or left out while reading. */
  readonly notes: readonly string[];
}

/** A square matrix of distances. */
export interface DistancesFile {
  /** [n * n] */
  readonly distances: Float32Array | Float64Array;
  readonly notes: readonly string[];
}

/** Options of reading a file. */
export interface ReadPointsOptions extends TableOptions {
  /** The format of the file. @default from its first bytes, or from its name if these do not decide */
  readonly format?: Format;
  /** The name of the array in a file with several arrays. @default the only one */
  readonly key?: string;
  /** Reads an array [N, A, B, ...] as N points of A x B x ... numbers; otherwise such an array is rejected. @default false */
  readonly flatten?: boolean;
}

const COLUMNS: Kind = { ...TEXT, allowed: "a text with names or numbers, such as '1,3-5'" };

const READ_KINDS: Kinds<ReadPointsOptions> = {
  format: oneOf(FORMATS),
  key: TEXT,
  flatten: FLAG,
  columns: COLUMNS,
  dropColumn: COLUMNS,
  header: FLAG,
  onProgress: CALLBACK,
};

interface Numbers extends PointsFile {
  readonly columns: Columns;
  readonly places: readonly number[];
  /** True for an array with one axis. */
  readonly isList?: boolean;
}

/**
 * Reads points [points, dimensions] from a file, or from standard input for '-'.
 *
 * @param words how messages name an option, for callers with other names for them than code has
 * @throws Error that names the file and what is wrong with it; RangeError for an unknown option or value
 */
export function readPoints(
  path: string,
  options: ReadPointsOptions = {},
  words: OptionWords = inCode,
): Promise<PointsFile> {
  return reading('readPoints', path, options, words, (numbers) => {
    const { data, shape, notes, columns, places, isList } = numbers;
    if (isList)
      throw new Error(
        `its shape is [${shape[0]}], but points need the shape [points, dimensions]: save x.reshape(-1, 1) if each number is a point`,
      );
    if (looksLikeDistances(data, shape)) {
      const note = 'the points are a symmetric matrix with a diagonal of zeros, like distances';
      return { data, shape, notes: [...notes, `${note}: ${words('distances')} reads them as distances`] };
    }
    // The distances between points on a line begin with 0, 1, 2, ...
    if (options.columns !== undefined) return { data, shape, notes };
    refuseRowNumbers(numbers, places, columns, words);
    return { data, shape, notes: [...notes, ...labelNotes(numbers, places, columns, words)] };
  });
}

/**
 * Reads distances between points: a square matrix, or the upper triangle row by row, as SciPy's pdist gives it.
 *
 * @param words how messages name an option, for callers with other names for them than code has
 * @throws Error that names the file and what is wrong with it; RangeError for an unknown option or value
 */
export function readDistances(
  path: string,
  options: ReadPointsOptions = {},
  words: OptionWords = inCode,
): Promise<DistancesFile> {
  return reading('readDistances', path, options, words, ({ data, shape, notes }) => {
    const [n, d] = shape;
    if (n === d && n > 1) return { distances: data, notes };
    if (n > 1 && d > 1)
      throw new Error(
        `its shape is [${n},${d}]: distances must be a square matrix, or a list of n (n - 1) / 2 numbers`,
      );
    return { distances: squareOf(data), notes };
  });
}

async function reading<T>(
  reader: string,
  path: string,
  options: ReadPointsOptions,
  words: OptionWords,
  use: (numbers: Numbers) => T,
): Promise<T> {
  assertGiven(reader, options, READ_KINDS);
  let source: ByteSource | undefined;
  try {
    source = await openInput(path);
    const { format, note } = options.format ? { format: options.format } : formatOf(path, source, words);
    if (source.size === 0) throw new Error('it is empty');
    const found = await numbersOf(source, format, options, words);
    const notes = (note === undefined ? found.notes : [note, ...found.notes]).map(oneLine);
    return use({ ...found, notes });
  } catch (error) {
    // Names in the file may hold control characters.
    const place = path === '-' ? 'standard input' : path;
    throw new Error(oneLine(`cannot read ${place}: ${whyUnreadable(error)}`), { cause: error });
  } finally {
    source?.close();
  }
}

async function numbersOf(
  source: ByteSource,
  format: Format,
  options: ReadPointsOptions,
  words: OptionWords,
): Promise<Numbers> {
  const refuseGiven = (names: readonly ('key' | 'flatten' | 'header')[], what: string): void => {
    const given = names.find((name) => options[name] !== undefined);
    if (given !== undefined) throw new Error(`${words(given)} is for ${what}: leave it out`);
  };
  if (format === 'csv') {
    refuseGiven(['key', 'flatten'], 'arrays, but this is text');
    return await readTable(source.read(0, source.size), options, words);
  }
  refuseGiven(['header'], `text, but this is .${format}`);
  const { onProgress = () => {} } = options;
  // Archives are unpacked, or compared with their checksums, before their numbers are read.
  const unpacking = format === 'npz' || format === 'pt' ? UNPACKING : 0;
  const opened = await arraysOf(source, format, {
    only: options.key,
    onProgress: (done) => onProgress(unpacking * done),
  });
  try {
    return rowsOf(opened, options, words, (done) => onProgress(unpacking + (1 - unpacking) * done));
  } finally {
    opened.close();
  }
}

/** A file holds several arrays, and none was chosen. */
export class SeveralArrays extends Error {
  constructor(
    message: string,
    readonly arrays: readonly Pick<StoredArray, 'name' | 'shape'>[],
  ) {
    super(message);
  }
}

/** The share of the time of reading an archive that goes into unpacking, as measured. */
const UNPACKING = 0.8;

/** The chosen array, in rows of the chosen columns. */
function rowsOf(
  opened: StoredArrays,
  options: ReadPointsOptions,
  words: OptionWords,
  onProgress: (done: number) => void,
): Numbers {
  const array = arrayNamed(opened, options.key, words);
  const { shape } = array;
  const notes = [...opened.notes];
  if (shape.length === 0)
    throw new Error('its shape is [], a single number: points need the shape [points, dimensions]');
  const [n, ...inner] = shape as [number, ...number[]];
  const width = sizeOf(inner);
  if (inner.length > 1) {
    if (!options.flatten) {
      throw new Error(
        `its shape is [${shape}], but points need the shape [points, dimensions]: ${called('profile')} measures layers and ` +
          `tokens, and ${words('flatten', true)} reads it as ${n} points of ${width} numbers`,
      );
    }
    notes.push(`shape [${shape}] is read as [${n},${width}]`);
  }
  const columns = { width };
  const places = chosenColumns(columns, options, words);
  const order = shape.map((_, axis) => axis);
  const all = readBox(array, { from: order.map(() => 0), count: shape }, order, onProgress);
  const data =
    places.length === width && places.every((place, c) => place === c) ? all : picked(all, width, places);
  return {
    data,
    shape: [n, places.length],
    notes,
    columns,
    places,
    ...(inner.length === 0 ? { isList: true } : {}),
  };
}

function arrayNamed(
  { arrays, notes }: StoredArrays,
  key: string | undefined,
  words: OptionWords,
): StoredArray {
  if (arrays.length === 0) throw new Error('it holds no arrays');
  if (key === undefined && arrays.length === 1) return arrays[0]!;
  const found = arrays.find(({ name }) => name === key);
  if (found) return found;
  const listed = arrays
    .slice(0, 12)
    .map(({ name, shape }) => `${name === '' ? 'one without a name' : name} [${shape}]`);
  if (arrays.length === 1 && arrays[0]!.name === '')
    throw new Error(`its array has no name: leave ${words('key')} out`);
  const choice = listed.join(', ') + (arrays.length > 12 ? ', ...' : '');
  if (key === undefined)
    throw new SeveralArrays(`it holds several arrays: choose one with ${words('key')}: ${choice}`, arrays);
  const why = notes.find((note) => note.startsWith(`'${key}' is left out`));
  throw new Error(why ?? `it has no array '${key}': ${words('key')} chooses one of ${choice}`);
}

function picked(all: PointsFile['data'], width: number, places: readonly number[]): PointsFile['data'] {
  const n = all.length / width;
  const data =
    all instanceof Float32Array ? new Float32Array(n * places.length) : new Float64Array(n * places.length);
  for (let i = 0, p = 0; i < n; i++) for (const place of places) data[p++] = all[i * width + place]!;
  return data;
}

/** A square matrix from a list of the distances between points i < j, row by row. */
function squareOf(list: PointsFile['data']): Float64Array {
  const n = Math.round((1 + Math.sqrt(1 + 8 * list.length)) / 2);
  if ((n * (n - 1)) / 2 !== list.length) {
    throw new Error(
      `it has ${counted(list.length, 'number')}, but a list of distances between n points has n (n - 1) / 2, such as ${(n * (n - 1)) / 2} for ${n} points`,
    );
  }
  const square = new Float64Array(n * n);
  let p = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      square[i * n + j] = list[p]!;
      square[j * n + i] = list[p++]!;
    }
  }
  return square;
}
