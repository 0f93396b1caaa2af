/** `node:buffer` in a browser. */

export const constants = { MAX_LENGTH: 2 ** 31 - 1 };

/** The number of bytes that are decoded at once, since browsers limit the length of a text. */
const PART = 2 ** 24;

export function isUtf8(bytes: Uint8Array): boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for (let at = 0; at < bytes.length; at += PART)
      decoder.decode(bytes.subarray(at, at + PART), { stream: true });
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}
