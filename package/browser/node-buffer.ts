/** `node:buffer` in a browser. */

export const constants = { MAX_LENGTH: 2 ** 31 - 1 };

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
