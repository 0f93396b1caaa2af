/** Converts numbers of NumPy's binary types to float32 if nothing is lost, and to float64 otherwise. */

type Reader = (view: DataView, offset: number, little: boolean) => number;

const READERS: Readonly<Record<string, { bytes: number; single: boolean; read: Reader }>> = {
  f8: { bytes: 8, single: false, read: (view, p, little) => view.getFloat64(p, little) },
  f4: { bytes: 4, single: true, read: (view, p, little) => view.getFloat32(p, little) },
  f2: { bytes: 2, single: true, read: (view, p, little) => halfToNumber(view.getUint16(p, little)) },
  i8: { bytes: 8, single: false, read: (view, p, little) => exact(view.getBigInt64(p, little)) },
  u8: { bytes: 8, single: false, read: (view, p, little) => exact(view.getBigUint64(p, little)) },
  i4: { bytes: 4, single: false, read: (view, p, little) => view.getInt32(p, little) },
  u4: { bytes: 4, single: false, read: (view, p, little) => view.getUint32(p, little) },
  i2: { bytes: 2, single: true, read: (view, p, little) => view.getInt16(p, little) },
  u2: { bytes: 2, single: true, read: (view, p, little) => view.getUint16(p, little) },
  i1: { bytes: 1, single: true, read: (view, p) => view.getInt8(p) },
  u1: { bytes: 1, single: true, read: (view, p) => view.getUint8(p) },
  b1: { bytes: 1, single: true, read: (view, p) => (view.getUint8(p) === 0 ? 0 : 1) },
  // bfloat16 is not a type of NumPy.
  bf2: { bytes: 2, single: true, read: (view, p, little) => bfloatToNumber(view.getUint16(p, little)) },
};

/** Types of two bytes, whose values all fit into a table. */
const HALVES: Readonly<Record<string, (bits: number) => number>> = { f2: halfToNumber, bf2: bfloatToNumber };

/** A type, of numbers or of anything else, that is not read. */
export class UnreadType extends Error {}

/** @throws Error for a whole number that float64 cannot hold, since points may differ only in the digits that would be lost */
function exact(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) || BigInt(number) === value) return number;
  throw new Error(
    `it holds the whole number ${value}, whose last digits a float64 cannot hold: subtract what all numbers have in common, as in ` +
      'x - x.min(axis=0), or save x.astype(float) if these digits do not matter',
  );
}

/**
 * The number of bytes of one number.
 *
 * @throws Error for a type that is not read
 */
export function bytesOfType(type: string): number {
  return readerOf(type).bytes;
}

function readerOf(type: string): (typeof READERS)[string] {
  const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (reader) return reader;
  if (/^c\d/.test(type))
    throw new UnreadType('its numbers are complex: save array.real and array.imag side by side');
  const what = /^O/.test(type) ? 'it holds Python objects' : `its numbers are of type ${type}`;
  throw new UnreadType(`${what}: convert with array.astype(float)`);
}

/** True for numbers whose bytes are those of a Float32Array or a Float64Array. */
export function isAsInMemory(type: string, bigEndian: boolean): boolean {
  return !bigEndian && (type === 'f4' || type === 'f8');
}

/**
 * Decodes `count` numbers.
 *
 * @param type NumPy's kind and size without the byte order (f4, i8, ...), or bf2 for bfloat16
 * @throws Error for other types, and if the number of bytes is not exactly what the shape needs
 */
export function decodeNumbers(
  bytes: Buffer,
  count: number,
  type: string,
  bigEndian: boolean,
): Float32Array | Float64Array {
  const reader = readerOf(type);
  if (bytes.length !== count * reader.bytes) {
    throw new Error(
      `its shape needs ${count * reader.bytes} bytes of numbers, but it has ${bytes.length}: it is cut off or damaged`,
    );
  }
  // The data may be gigabytes, so a second copy is avoided.
  const asItIs = !bigEndian && bytes.byteOffset % reader.bytes === 0;
  if (asItIs && type === 'f4') return new Float32Array(bytes.buffer, bytes.byteOffset, count);
  if (asItIs && type === 'f8') return new Float64Array(bytes.buffer, bytes.byteOffset, count);
  const half = HALVES[type];
  if (asItIs && half)
    return fromTable(new Uint16Array(bytes.buffer, bytes.byteOffset, count), tableOf(type, half));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = reader.single ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = reader.read(view, i * reader.bytes, !bigEndian);
  return data;
}

const TABLES = new Map<string, Float32Array>();

/** All 65,536 values of a type of two bytes. */
function tableOf(type: string, value: (bits: number) => number): Float32Array {
  const table = TABLES.get(type) ?? Float32Array.from({ length: 2 ** 16 }, (_, bits) => value(bits));
  TABLES.set(type, table);
  return table;
}

function fromTable(bits: Uint16Array, table: Float32Array): Float32Array {
  const data = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) data[i] = table[bits[i]!]!;
  return data;
}

const BITS = new Uint32Array(1);
const SINGLE = new Float32Array(BITS.buffer);

/** A bfloat16 is the upper half of a float32. */
function bfloatToNumber(bits: number): number {
  BITS[0] = bits << 16;
  return SINGLE[0]!;
}

/** IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
