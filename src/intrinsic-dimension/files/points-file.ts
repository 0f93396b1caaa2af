/** Points from files that people have: NumPy's .npy, .csv, and .safetensors. */
import { extname } from 'node:path';
import { parse } from 'csv-parse/sync';
import { readBytes } from './file-bytes';
import { decodeNumbers } from './numbers';
import { parseSafetensors } from './safetensors';

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
}

/**
 * Reads points from a file, or from standard input for '-'. Axes after the first are flattened.
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
    if (format === 'npy') return inRows(readNpy(bytes));
    if (format === 'safetensors') return inRows(readSafetensors(bytes, options.key));
    return readCsv(bytes);
  } catch (error) {
    throw new Error(`cannot read ${name}: ${(error as Error).message}`);
  }
}

function formatOf(path: string, bytes: Buffer): PointsFormat {
  if (bytes.subarray(0, 6).equals(NPY_MAGIC)) return 'npy';
  const extension = extname(path).toLowerCase();
  if (extension === '.npy') throw new Error(`it is not an .npy file: it does not begin with \\x93NUMPY`);
  if (extension === '.npz') throw new Error('.npz holds several arrays: save one with numpy.save');
  if (extension === '.safetensors' || bytes[8] === 0x7b) return 'safetensors';
  if (['.csv', '.tsv', '.txt', ''].includes(extension) || path === '-') return 'csv';
  throw new Error(`'${extension}' is not one of .npy, .csv, .safetensors: convert it, or name its --format`);
}

interface NdArray {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly number[];
}

const NPY_MAGIC = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]);

/** https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
function readNpy(bytes: Buffer): NdArray {
  if (!bytes.subarray(0, 6).equals(NPY_MAGIC)) throw new Error('it is not an .npy file');
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3)
    throw new Error(`its format version ${version} is unknown: 1 to 3 are read`);
  const wide = version > 1;
  const start = wide ? 12 : 10;
  if (bytes.length < start) throw new Error('it is cut off in its header');
  const end = start + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  if (bytes.length < end) throw new Error('it is cut off in its header');
  const header = bytes.toString('latin1', start, end);
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const axes = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (descr === undefined && /'descr':\s*\[/.test(header)) {
    throw new Error('it holds records with named fields: save one field as a plain array');
  }
  if (descr === undefined || order === undefined || axes === undefined) {
    throw new Error(`its header is malformed: ${header.trim().slice(0, 80)}`);
  }
  const shape = axes
    .split(',')
    .filter((axis) => axis.trim() !== '')
    .map(Number);
  const [, endian, type] = /^([<>=|]?)(.+)$/.exec(descr)!;
  const data = decodeNumbers(bytes.subarray(end), sizeOf(shape), type!, endian === '>');
  return { data: order === 'True' ? fromFortran(data, shape) : data, shape };
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

const SAFETENSORS_TYPES: Readonly<Record<string, string>> = {
  F64: 'f8',
  F32: 'f4',
  F16: 'f2',
  I64: 'i8',
  I32: 'i4',
  I16: 'i2',
  I8: 'i1',
  U64: 'u8',
  U32: 'u4',
  U16: 'u2',
  U8: 'u1',
  BOOL: 'b1',
};

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
  if (dtype === 'BF16') return { data: fromBfloat16(part, sizeOf(shape)), shape };
  const type = SAFETENSORS_TYPES[dtype];
  if (type === undefined) throw new Error(`tensor '${key}' is ${dtype}: convert it to F32`);
  return { data: decodeNumbers(part, sizeOf(shape), type, false), shape };
}

/** A bfloat16 is the upper half of a float32. */
function fromBfloat16(bytes: Buffer, count: number): Float32Array {
  if (bytes.length !== 2 * count)
    throw new Error(`${count} numbers of BF16 need ${2 * count} bytes, it has ${bytes.length}`);
  const bits = new Uint32Array(count);
  for (let i = 0; i < count; i++) bits[i] = bytes.readUInt16LE(2 * i) << 16;
  return new Float32Array(bits.buffer);
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

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1);
}

function inRows({ data, shape }: NdArray): PointsFile {
  if (shape.length < 2) {
    throw new Error(`its shape is [${shape}]: points need the shape [points, dimensions]`);
  }
  const n = shape[0]!;
  const d = sizeOf(shape.slice(1));
  const note = `shape [${shape}] is read as [${n},${d}]`;
  return { data, shape: [n, d], ...(shape.length > 2 ? { note } : {}) };
}
