/** NumPy's .npy format: one array after a short header (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). */
import { type ByteSource, partOf } from './byte-source';
import { UnreadType } from './numbers';
import { checkArray, type StoredArray, sizeOf, stridesOf } from './stored-array';

/** The first bytes of every .npy file. */
export const NPY_MAGIC: Buffer = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]);

/** The contents of the header. */
export interface NpyHeader {
  /** NumPy's kind and size without the byte order: f4, i8, ... */
  readonly type: string;
  readonly bigEndian: boolean;
  /** True if the first axis is the fastest. */
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** The number of bytes before the numbers. */
  readonly start: number;
}

/** @throws Error that says what is wrong, as a sentence that begins with "it" */
export function readNpyHeader(source: ByteSource): NpyHeader {
  const head = source.read(0, Math.min(12, source.size));
  if (!head.subarray(0, 6).equals(NPY_MAGIC))
    throw new Error('it is not an .npy file: it does not begin with \\x93NUMPY');
  const version = head[6] ?? 0;
  if (version < 1 || version > 3)
    throw new Error(`its format version ${version} is unknown: 1 to 3 are read, as numpy.save writes them`);
  const wide = version > 1;
  const start = wide ? 12 : 10;
  if (head.length < start) throw new Error('it is cut off in its header');
  const end = start + (wide ? head.readUInt32LE(8) : head.readUInt16LE(8));
  if (source.size < end) throw new Error('it is cut off in its header');
  if (end - start > LARGEST_HEADER) throw new Error(`its header has ${end - start} bytes: it is damaged`);
  const header = source.read(start, end - start).toString(version === 3 ? 'utf8' : 'latin1');
  const descr = /['"]descr['"]\s*:\s*[bu]?(['"])(.*?)\1/.exec(header)?.[2];
  const order = /['"]fortran_order['"]\s*:\s*(True|False)\b/.exec(header)?.[1];
  const axes = /['"]shape['"]\s*:\s*\(((?:\s*\d+L?\s*,)*\s*(?:\d+L?)?\s*)\)/.exec(header)?.[1];
  if (/['"]descr['"]\s*:\s*\[/.test(header)) {
    throw new UnreadType('it holds records with named fields: save one field as a plain array');
  }
  const isTwice = ['descr', 'fortran_order', 'shape'].some((key) => header.split(`'${key}'`).length > 2);
  if (descr === undefined || order === undefined || axes === undefined || isTwice) {
    throw new Error(`its header is malformed, ${header.trim().slice(0, 80)}: save it again with numpy.save`);
  }
  // Python 2 writes 10L for long integers.
  const shape = [...axes.matchAll(/\d+/g)].map(([axis]) => Number(axis));
  const [, endian, type] = /^([<>=|]?)(.*)$/.exec(descr)!;
  const fortran = order === 'True';
  return { type: type!, bigEndian: endian === '>', fortran, shape, start: end };
}

/** The most bytes of a header; those of NumPy have a few hundred. */
const LARGEST_HEADER = 2 ** 20;

/** The array of a file, read in place. */
export function npyArray(source: ByteSource, name: string): StoredArray {
  const { type, bigEndian, fortran, shape, start } = readNpyHeader(source);
  const strides = fortran ? stridesOf([...shape].reverse()).reverse() : stridesOf(shape);
  const numbers = partOf(source, start, source.size - start);
  const array = checkArray({ name, type, bigEndian, shape, strides, offset: 0, source: numbers });
  const bytes = sizeOf(shape) * Number(/\d+$/.exec(type)?.[0]);
  if (bytes !== numbers.size)
    throw new Error(
      `its shape needs ${bytes} bytes of numbers, but it has ${numbers.size}: it is damaged, or holds more arrays`,
    );
  return array;
}
