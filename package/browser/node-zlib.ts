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

async function* inflated(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const packed = new Blob([...pieces] as Uint8Array<ArrayBuffer>[]).stream();
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
