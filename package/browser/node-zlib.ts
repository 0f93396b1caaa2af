/** `node:zlib` in a browser: the functions that the reader of zip archives uses. */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/** The checksum of zip archives, continued from that of the preceding bytes. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let value = ~before;
  for (const byte of bytes) value = (value >>> 8) ^ TABLE[(value ^ byte) & 255]!;
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
