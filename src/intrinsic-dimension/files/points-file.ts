/** Points from files that people have: NumPy's .npy, .csv, and .safetensors. */
import { extname } from 'node:path';
import { parse } from 'csv-parse/sync';
import { bufferBytes } from './byte-source';
import { readBytes } from './file-bytes';
import { NPY_MAGIC, readNpyHeader } from './npy';
import { decodeNumbers } from './numbers';
import { parseSafetensors, SAFETENSORS_TYPES } from './safetensors';
import { sizeOf } from './stored-array';

/** The forms that are read. */
export const FORMATS = ['npy', 'csv', 'safetensors'] as const;

/** The form of a file. */
export type PointsFormat = (typeof FORMATS)[number];

/** Numbers in C order with their shape [points, dimensions]. */
export interface PointsFile {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly [number, number];
  /** What was read otherwise than it stands in the file, in words. */
  readonly note?: string;
}

/** How a file is read. */
export interface ReadPointsOptions {
  /** @default from the file's name; otherwise from its first bytes, which distinguish npy, safetensors and csv */
  readonly format?: PointsFormat;
  /** Name of the tensor in a .safetensors file. @default the only one */
  readonly key?: string;
  /** Whether an array [N, A, B, ...] is taken for N points of A x B x ... numbers. @default false: it is refused */
  readonly flatten?: boolean;
}

/**
 * Reads points [points, dimensions] from a file, or from standard input for '-'.
 *
 * @throws Error that names the file and what is wrong with it
 */
export function readPoints(path: string, options: ReadPointsOptions = {}): PointsFile {
  const name = path === '-' ? 'standard input' : path;
  const bytes = readBytes(path, name);
  try {
    if (bytes.length === 0) throw new Error('it is empty');
    const format = options.format ?? formatOf(path, bytes);
    if (options.key !== undefined && format !== 'safetensors') {
      throw new Error(`a key names a tensor of a .safetensors file, and this is .${format}`);
    }
    if (format === 'npy') return inRows(readNpy(bytes), options.flatten);
    if (format === 'safetensors') return inRows(readSafetensors(bytes, options.key), options.flatten);
    return readCsv(bytes);
  } catch (error) {
    throw new Error(`cannot read ${name}: ${(error as Error).message}`);
  }
}

function formatOf(path: string, bytes: Buffer): PointsFormat {
  if (bytes.subarray(0, 6).equals(NPY_MAGIC)) return 'npy';
  const extension = extname(path).toLowerCase();
  if (extension === '.npy') throw new Error(`it is not an .npy file: it does not begin with \\x93NUMPY`);
  if (extension === '.npz')
    throw new Error(
      '.npz holds several arrays: measure them with npm run profile, or save one with numpy.save',
    );
  if (extension === '.pt' || extension === '.pth')
    throw new Error('npm run profile reads what PyTorch has saved');
  if (extension === '.safetensors' || bytes[8] === 0x7b) return 'safetensors';
  if (['.csv', '.tsv', '.txt', ''].includes(extension) || path === '-') return 'csv';
  throw new Error(`'${extension}' is not one of .npy, .csv, .safetensors: convert it, or name its --format`);
}

interface NdArray {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly number[];
}

function readNpy(bytes: Buffer): NdArray {
  const { type, bigEndian, fortran, shape, start } = readNpyHeader(bufferBytes(bytes));
  const data = decodeNumbers(bytes.subarray(start), sizeOf(shape), type, bigEndian);
  return { data: fortran ? fromFortran(data, shape) : data, shape };
}

/** First axis fastest -> last axis fastest. */
function fromFortran(
  data: Float32Array | Float64Array,
  shape: readonly number[],
): Float32Array | Float64Array {
  const ordered = data.slice();
  const index = shape.map(() => 0);
  for (let p = 0; p < data.length; p++) {
    let q = 0;
    for (let a = 0; a < shape.length; a++) q = q * shape[a]! + index[a]!;
    ordered[q] = data[p]!;
    for (let a = 0; a < shape.length && ++index[a]! === shape[a]!; a++) index[a] = 0;
  }
  return ordered;
}

function readSafetensors(bytes: Buffer, wanted: string | undefined): NdArray {
  const { tensors } = parseSafetensors(bytes);
  const keys = [...tensors.keys()];
  if (keys.length === 0) throw new Error('its header names no tensors');
  const key = wanted ?? (keys.length === 1 ? keys[0]! : undefined);
  const found = key === undefined ? undefined : tensors.get(key);
  if (!found) {
    const listed = keys.slice(0, 12).join(', ') + (keys.length > 12 ? ', ...' : '');
    throw new Error(
      `${key === undefined ? 'it holds several tensors' : `it has no tensor '${key}'`}: choose a key of ${listed}`,
    );
  }
  const { dtype, shape, bytes: part } = found;
  const type = SAFETENSORS_TYPES[dtype];
  if (type === undefined) throw new Error(`tensor '${key}' is ${dtype}: convert it to F32`);
  return { data: decodeNumbers(part, sizeOf(shape), type, false), shape };
}

/**
 * Numbers separated by semicolons, tabs, commas or blanks; a first line of names and a column of labels without a name
 * are left out. Between semicolons and tabs a number may have a decimal comma.
 */
function readCsv(bytes: Buffer): PointsFile {
  const text = bytes.toString('utf8');
  if (text.includes('\0') || text.includes('\uFFFD')) {
    throw new Error('it is not UTF-8 text: save it as UTF-8, or name its --format');
  }
  const first = /^(?!\s*(#|$)).*$/m.exec(text)?.[0].trim() ?? '';
  const delimiter = [';', '\t', ',', ' '].find((mark) => first.includes(mark)) ?? ',';
  let rows: string[][] = parse(text, {
    bom: true,
    comment: '#',
    delimiter,
    ltrim: true,
    rtrim: true,
    skip_empty_lines: true,
    relax_column_count: true,
  });
  if (delimiter === ' ') rows = rows.map((row) => row.filter((cell) => cell !== ''));
  if (delimiter === ';' || delimiter === '\t') rows = rows.map((row) => row.map(withPoint));
  const { named, labelled } = headOf(rows);
  const body = rows.slice(named ? 1 : 0).map((row) => row.slice(labelled ? 1 : 0));
  const d = body[0]?.length ?? 0;
  if (d === 0) throw new Error('it has no rows of numbers');
  const data = new Float64Array(body.length * d);
  body.forEach((row, i) => {
    const line = `row ${i + 1}${named ? ' below the names' : ''}`;
    if (row.length !== d) throw new Error(`${line} has ${row.length} columns, the first has ${d}`);
    row.forEach((cell, c) => {
      const value = numberOf(cell);
      if (Number.isNaN(value))
        throw new Error(`${line}, column ${c + 1} is '${cell}', which is not a finite number`);
      data[i * d + c] = value;
    });
  });
  const note = 'the first column has no name: it is taken for labels and left out';
  return { data, shape: [body.length, d], ...(labelled ? { note } : {}) };
}

/** Whether the first row are names, and the first column labels: pandas leaves their name empty, R leaves it out. */
function headOf([first = [], second = first]: readonly string[][]): { named: boolean; labelled: boolean } {
  const unnamed = first.length > 1 && (first[0] === '' || first[0] === 'Unnamed: 0');
  const names = unnamed ? first.slice(1) : first;
  const isName = (cell: string): boolean =>
    Number.isNaN(numberOf(cell)) && !/^[+-]?(nan|inf(inity)?)$/i.test(cell);
  // Columns that were given no names are numbered by pandas.
  const numbered = (unnamed || names.length > 2) && names.every((cell, c) => cell === `${c}`);
  const named = numbered || names.every(isName);
  return { named, labelled: named && (unnamed || second.length === first.length + 1) };
}

function withPoint(cell: string): string {
  return cell.replace(',', '.');
}

/** NaN for everything that is not a finite number. */
function numberOf(cell: string): number {
  const value = cell === '' ? Number.NaN : Number(cell);
  return Number.isFinite(value) ? value : Number.NaN;
}

function inRows({ data, shape }: NdArray, flatten = false): PointsFile {
  if (shape.length < 2) {
    throw new Error(`its shape is [${shape}]: points need the shape [points, dimensions]`);
  }
  const n = shape[0]!;
  const d = sizeOf(shape.slice(1));
  if (shape.length === 2) return { data, shape: [n, d] };
  if (!flatten) {
    throw new Error(
      `its shape is [${shape}], and points need the shape [points, dimensions]: npm run profile measures layers and ` +
        `tokens, and --flatten takes it for ${n} points of ${d} numbers`,
    );
  }
  return { data, shape: [n, d], note: `shape [${shape}] is read as [${n},${d}]` };
}
