/** The safetensors format: tensors by name after a JSON header (https://github.com/huggingface/safetensors#format). */
import { type ByteSource, partOf } from './byte-source';
import { bytesOfType, UnreadType } from './numbers';
import { checkArray, type StoredArray, sizeOf, stridesOf } from './stored-array';

/** NumPy's names for the types that are read; bf2 is bfloat16. */
export const SAFETENSORS_TYPES: Readonly<Record<string, string>> = {
  F64: 'f8',
  F32: 'f4',
  F16: 'f2',
  BF16: 'bf2',
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

/** The place of a tensor, and the type and shape of its numbers. */
export interface SafetensorsEntry {
  /** The type, such as F32, I64 or BOOL. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Its bytes, as far as the file has them. */
  readonly bytes: Buffer;
  /** The position in the data of its first byte. */
  readonly start: number;
  /** The position in the data after its last byte. */
  readonly end: number;
}

/** A parsed file. */
export interface Safetensors {
  /** The tensors in the order of the header. */
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  /** The other entries of the header. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Parses a file; no tensor is copied.
 *
 * @throws Error that says what is wrong, as a sentence that begins with "it"
 */
export function parseSafetensors(file: Buffer): Safetensors {
  const { text, data } = splitSafetensors(file);
  let header: unknown;
  try {
    header = JSON.parse(text.toString('utf8'));
  } catch {
    throw new Error('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw new Error('its header names no tensors');
  const { __metadata__: metadata = {}, ...entries } = header as Record<string, unknown>;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw new Error('its metadata are malformed');
  const tensors = new Map(
    Object.entries(entries).map(([name, entry]) => [name, entryOf(name, entry, data)] as const),
  );
  // JSON.parse keeps only the last of two entries with one name.
  const types = text.toString('utf8').match(/"dtype"\s*:/g)?.length ?? 0;
  if (types > tensors.size) throw new Error('its header names a tensor twice: save it again');
  assertApart([...tensors]);
  return { tensors, metadata: metadata as Record<string, unknown> };
}

/** The text of the header, and the bytes after it. */
export function splitSafetensors(file: Buffer): { readonly text: Buffer; readonly data: Buffer } {
  if (file.length < 8) throw new Error('it is cut off in its header');
  const length = Number(file.readBigUInt64LE(0));
  if (length > file.length - 8) throw new Error('it is cut off in its header, or not a .safetensors file');
  return { text: file.subarray(8, 8 + length), data: file.subarray(8 + length) };
}

/** @throws Error for tensors that share bytes, which the format does not allow */
function assertApart(tensors: readonly (readonly [string, SafetensorsEntry])[]): void {
  const sorted = tensors
    .filter(([, { start, end }]) => end > start)
    .sort(([, a], [, b]) => a.start - b.start);
  sorted.forEach(([name, { end }], i) => {
    const next = sorted[i + 1];
    if (next && next[1].start < end)
      throw new Error(`its tensors '${name}' and '${next[0]}' overlap: it is damaged, save it again`);
  });
}

function entryOf(name: string, entry: unknown, data: Buffer): SafetensorsEntry {
  const { dtype, shape, data_offsets: range } = (entry ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !areSizes(shape) || !areSizes(range) || range.length !== 2)
    throw new Error(`the entry of its tensor '${name}' is malformed: save it again`);
  const [from, to] = range as [number, number];
  if (from > to) throw new Error(`tensor '${name}' ends at byte ${to}, before it begins at ${from}`);
  return { dtype, shape, bytes: data.subarray(from, to), start: from, end: to };
}

function areSizes(values: unknown): values is number[] {
  return Array.isArray(values) && values.every((value) => Number.isSafeInteger(value) && value >= 0);
}

/** The parts of a file, to be written one after the other. */
export function safetensorsParts(
  tensors: ReadonlyMap<
    string,
    { readonly dtype: string; readonly shape: readonly number[]; readonly bytes: Uint8Array }
  >,
  metadata: Readonly<Record<string, string>>,
): Uint8Array[] {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.byteLength] };
    parts.push(bytes);
    offset += bytes.byteLength;
  }
  // The format requires the data to be aligned to 8 bytes, so the header is padded with spaces.
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(json.length + ((8 - (Buffer.byteLength(json) % 8)) % 8)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  return [length, text, ...parts];
}

/** The most bytes of a header, as in the format's own library. */
export const LARGEST_HEADER = 100e6;

/**
 * The tensors of a file of any size, read in place, and notes on those that are left out because their types are not read.
 *
 * @throws Error that says what is wrong, or that no tensor can be read
 */
export function safetensorsArrays(source: ByteSource): {
  readonly arrays: StoredArray[];
  readonly notes: string[];
} {
  const length = source.size < 8 ? Number.NaN : Number(source.read(0, 8).readBigUInt64LE(0));
  if (length > LARGEST_HEADER && length <= source.size - 8)
    throw new Error(
      `its header has ${Math.ceil(length / 1e6)} MB, and the format allows ${LARGEST_HEADER / 1e6}: save fewer tensors`,
    );
  if (!(length <= source.size - 8))
    throw new Error('it is cut off in its header, or not a .safetensors file');
  // Only the header is parsed; the positions in it are checked against the size of the file.
  const { tensors } = parseSafetensors(source.read(0, 8 + length));
  const size = source.size - 8 - length;
  const named = [...tensors.values()].reduce((sum, { start, end }) => sum + end - start, 0);
  // The format allows no bytes between or after the tensors. Fewer bytes than named are noticed below, with the tensor's name.
  if (tensors.size > 0 && named < size)
    throw new Error(
      `${size - named} of its ${size} bytes of numbers belong to no tensor: it is damaged, save it again`,
    );
  const notes: string[] = [];
  const arrays = [...tensors].flatMap(([name, { dtype, shape, start, end }]) => {
    const type = Object.hasOwn(SAFETENSORS_TYPES, dtype) ? SAFETENSORS_TYPES[dtype] : undefined;
    if (type === undefined) {
      notes.push(`'${name}' is left out: its numbers are of type ${dtype}: convert it to F32`);
      return [];
    }
    const bytes = sizeOf(shape) * bytesOfType(type);
    if (end - start !== bytes) {
      throw new Error(
        `tensor '${name}' of shape [${shape}] needs ${bytes} bytes, but it has ${end - start}: it is damaged`,
      );
    }
    const numbers = partOf(source, 8 + length + start, bytes);
    return checkArray({
      name,
      type,
      bigEndian: false,
      shape,
      strides: stridesOf(shape),
      offset: 0,
      source: numbers,
    });
  });
  if (arrays.length === 0 && notes.length > 0) throw new UnreadType(notes.join('; '));
  return { arrays, notes };
}
