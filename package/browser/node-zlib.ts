/** `node:zlib` in a browser: the functions that the reader of zip archives uses. */

/** How many bytes are looked up at once. */
const SLICE = 8;

/** [SLICE * 256] What a byte adds to the checksum, in the r-th row if r bytes follow it in its slice. */
const TABLE = new Uint32Array(SLICE * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  TABLE[byte] = value;
}
for (let at = 256; at < TABLE.length; at++) {
  const before = TABLE[at - 256]!;
  TABLE[at] = (before >>> 8) ^ TABLE[before & 255]!;
}

/** The checksum of zip archives, continued from that of the preceding bytes. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const added = (byte: number, following: number): number => TABLE[following * 256 + byte]!;
  let value = ~before;
  let at = 0;
  // Slicing by 8 (Kounavis and Berry 2008) is several times as fast as byte after byte.
  for (const end = bytes.length - SLICE; at <= end; at += SLICE) {
    value ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    value =
      added(value & 255, 7) ^
      added((value >>> 8) & 255, 6) ^
      added((value >>> 16) & 255, 5) ^
      added(value >>> 24, 4) ^
      added(bytes[at + 4]!, 3) ^
      added(bytes[at + 5]!, 2) ^
      added(bytes[at + 6]!, 1) ^
      added(bytes[at + 7]!, 0);
  }
  for (; at < bytes.length; at++) value = (value >>> 8) ^ added((value ^ bytes[at]!) & 255, 0);
  return ~value >>> 0;
}

/** Unpacks with the browser's own decoder. */
export function createInflateRaw(): {
  through(pieces: Iterable<Uint8Array>): AsyncIterable<Uint8Array>;
  destroy(): void;
} {
  return { through: inflated, destroy: () => {} };
}

/** The bytes that are handed to the decoder at once, which keeps all that it unpacks of them: up to a thousand times as much. */
const PART = 2 ** 14;

function* partsOf(pieces: Iterable<Uint8Array>): Generator<Uint8Array, void, void> {
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at += PART) yield piece.subarray(at, at + PART);
}

async function* inflated(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const small = partsOf(pieces);
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => {
      const { value, done } = small.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
  });
  const reader = packed.pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } catch (error) {
    // Node's code for data that are not a deflated stream.
    throw Object.assign(error as Error, { code: 'Z_DATA_ERROR' });
  } finally {
    await reader.cancel().catch(() => {});
  }
}
