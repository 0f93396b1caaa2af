/** The entries of a zip archive, stored or deflated, as NumPy (.npz) and PyTorch (.pt) write them. */
import { ftruncateSync, writeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { type ByteSource, descriptorBytes, openUnnamed, partOf } from './byte-source';

/** One file in an archive. */
export interface ZipEntry {
  readonly name: string;
  /** The number of unpacked bytes. */
  readonly size: number;
  readonly deflated: boolean;
  readonly packedSize: number;
  readonly crc: number;
  /** The position in the archive of its first packed byte. */
  readonly start: number;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

const DAMAGED = 'save it again';

/**
 * Reads the table of contents.
 *
 * @throws Error for a file that is not a zip archive, damaged, encrypted, in several volumes, or has entries that overlap, lie
 *   outside or share a name
 */
export function zipEntries(archive: ByteSource): ReadonlyMap<string, ZipEntry> {
  const { count, start, size } = directoryOf(archive);
  if (start + size > archive.size)
    throw new Error(`its table of contents ends after its last byte: it is damaged, ${DAMAGED}`);
  const table = archive.read(start, size);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > table.length || table.readUInt32LE(at) !== CENTRAL)
      throw new Error(`entry ${i} of its table of contents is damaged: ${DAMAGED}`);
    const lengths = [28, 30, 32].map((field) => table.readUInt16LE(at + field)) as [number, number, number];
    const next = at + 46 + lengths[0] + lengths[1] + lengths[2];
    if (next > table.length) throw new Error(`entry ${i} of its table of contents is cut off: ${DAMAGED}`);
    const entry = entryAt(archive, table.subarray(at, next), lengths, start);
    if (entries.has(entry.name))
      throw new Error(`it has two entries '${entry.name}': give each a name of its own`);
    entries.set(entry.name, entry);
    at = next;
  }
  assertApart([...entries.values()]);
  return entries;
}

function directoryOf(archive: ByteSource): { count: number; start: number; size: number } {
  const tail = Math.min(archive.size, 22 + 65535);
  const bytes = archive.read(archive.size - tail, tail);
  let at = bytes.length - 22;
  while (at >= 0 && bytes.readUInt32LE(at) !== END) at--;
  if (at < 0 && archive.read(0, Math.min(2, archive.size)).toString('latin1') !== 'PK')
    throw new Error(
      'it is not a zip archive, as .npz and .pt files are: leave its format out, or name another',
    );
  if (at < 0)
    throw new Error(`it is a zip archive without a table of contents at its end: it is cut off, ${DAMAGED}`);
  const count = bytes.readUInt16LE(at + 10);
  const [size, start] = [bytes.readUInt32LE(at + 12), bytes.readUInt32LE(at + 16)];
  if (bytes.readUInt16LE(at + 4) !== 0) throw new Error('it is one volume of several: join them');
  const locator = archive.size - tail + at - 20;
  if (locator < 0) return { count, start, size };
  const found = archive.read(locator, 20);
  if (found.readUInt32LE(0) !== LOCATOR_64) return { count, start, size };
  const wide = archive.read(safe(found.readBigUInt64LE(8)), 56);
  if (wide.readUInt32LE(0) !== END_64) throw new Error(`its zip64 record is damaged: ${DAMAGED}`);
  return {
    count: safe(wide.readBigUInt64LE(32)),
    size: safe(wide.readBigUInt64LE(40)),
    start: safe(wide.readBigUInt64LE(48)),
  };
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new Error(`its table of contents is damaged: ${DAMAGED}`);
  return Number(value);
}

function entryAt(
  archive: ByteSource,
  record: Buffer,
  [nameLength, extraLength]: readonly [number, number, number],
  directory: number,
): ZipEntry {
  const name = record.toString('utf8', 46, 46 + nameLength);
  const method = record.readUInt16LE(10);
  if ((record.readUInt16LE(8) & 1) !== 0)
    throw new Error(`its entry '${name}' is encrypted: save it without a password`);
  if (method !== 0 && method !== 8)
    throw new Error(`its entry '${name}' is packed by method ${method}: save it stored or deflated`);
  const sizes = {
    size: record.readUInt32LE(24),
    packed: record.readUInt32LE(20),
    header: record.readUInt32LE(42),
  };
  const wide = wideFields(record.subarray(46 + nameLength, 46 + nameLength + extraLength));
  for (const field of ['size', 'packed', 'header'] as const) {
    if (sizes[field] !== 0xffffffff) continue;
    const value = wide.shift();
    if (value === undefined) throw new Error(`the size of its entry '${name}' is missing: ${DAMAGED}`);
    sizes[field] = safe(value);
  }
  if (method === 0 && sizes.size !== sizes.packed)
    throw new Error(`its entry '${name}' has two sizes, ${sizes.size} and ${sizes.packed}: ${DAMAGED}`);
  const outside = `its entry '${name}' lies outside the archive: it is cut off or damaged, ${DAMAGED}`;
  if (sizes.header + 30 > directory) throw new Error(outside);
  const local = archive.read(sizes.header, 30);
  const start = sizes.header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (local.readUInt32LE(0) !== LOCAL || start + sizes.packed > directory) throw new Error(outside);
  const localName = archive.read(sizes.header + 30, local.readUInt16LE(26)).toString('utf8');
  if (localName !== name)
    throw new Error(`its entry '${name}' is called '${localName}' in another place: ${DAMAGED}`);
  return {
    name,
    size: sizes.size,
    deflated: method === 8,
    packedSize: sizes.packed,
    crc: record.readUInt32LE(16),
    start,
  };
}

/** The 64-bit sizes in extra field 1 of an entry. */
function wideFields(extra: Buffer): bigint[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) {
      const field = extra.subarray(at + 4, at + 4 + length);
      return Array.from({ length: Math.floor(field.length / 8) }, (_, i) => field.readBigUInt64LE(8 * i));
    }
    at += 4 + length;
  }
  return [];
}

/** Rejects entries that share bytes, which could unpack to far more than the archive holds. */
function assertApart(entries: readonly ZipEntry[]): void {
  const sorted = [...entries].sort((a, b) => a.start - b.start);
  sorted.forEach((entry, i) => {
    const next = sorted[i + 1];
    if (next && entry.start + entry.packedSize > next.start)
      throw new Error(`its entries '${entry.name}' and '${next.name}' overlap: ${DAMAGED}`);
  });
}

/** The number of bytes whose checksum is computed at once. */
const CHECKED_AT_ONCE = 2 ** 24;

/** The most bytes that a deflated byte unpacks to: two bits can stand for 258 (RFC 1951). */
const MOST_OF_A_BYTE = 4 * 258;

/**
 * The bytes of an entry: in place if they are stored, and in a temporary file without a name if they are deflated. They are
 * compared with their checksum. Only a stored entry may lack it (0), as PyTorch's entries do after
 * `torch.serialization.set_crc32_options(False)`.
 *
 * @param onPacked is called from time to time with the number of packed bytes that were read since the last call
 * @throws Error if the unpacked bytes are not those that were packed
 */
export async function unpacked(
  archive: ByteSource,
  entry: ZipEntry,
  onPacked: (bytes: number) => void = () => {},
): Promise<ByteSource> {
  const stored = partOf(archive, entry.start, entry.packedSize);
  if (!entry.deflated) {
    if (entry.crc === 0) return stored;
    let crc = 0;
    for (let at = 0; at < stored.size; at += CHECKED_AT_ONCE) {
      const piece = stored.read(at, Math.min(CHECKED_AT_ONCE, stored.size - at));
      crc = crc32(piece, crc);
      onPacked(piece.length);
      // Signals can be handled while a large entry is read.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (crc !== entry.crc)
      throw new Error(`its entry '${entry.name}' does not match its checksum: it is damaged, ${DAMAGED}`);
    return stored;
  }
  const damaged = `its entry '${entry.name}' does not unpack to what was packed: it is damaged, ${DAMAGED}`;
  if (entry.size > MOST_OF_A_BYTE * entry.packedSize) throw new Error(damaged);
  const file = openUnnamed();
  const bytes = descriptorBytes(file);
  try {
    // An entry for which there is no room is noticed before it is unpacked.
    ftruncateSync(file, entry.size);
    const packed = Readable.from(pieces(archive, entry, onPacked));
    const inflate = createInflateRaw();
    packed.on('error', (error) => inflate.destroy(error));
    let size = 0;
    let crc = 0;
    for await (const chunk of packed.pipe(inflate) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > entry.size) break;
      crc = crc32(chunk, crc);
      for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
    }
    packed.destroy();
    if (size !== entry.size || crc !== entry.crc) throw new Error(damaged);
    return descriptorBytes(file);
  } catch (error) {
    bytes.close();
    throw (error as NodeJS.ErrnoException).code?.startsWith('Z_') ? new Error(damaged) : error;
  }
}

/** The number of bytes that are unpacked at once. */
const PIECE = 2 ** 16;

function* pieces(
  archive: ByteSource,
  { start, packedSize }: ZipEntry,
  onPacked: (bytes: number) => void,
): Generator<Buffer, void, void> {
  for (let at = 0; at < packedSize; at += PIECE) {
    const length = Math.min(PIECE, packedSize - at);
    yield archive.read(start + at, length);
    onPacked(length);
  }
}
