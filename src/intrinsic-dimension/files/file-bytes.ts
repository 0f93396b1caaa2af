/** All bytes of a file of any size. */
import { constants } from 'node:buffer';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

/** Bytes in one call. */
const MOST_AT_ONCE = 2 ** 30;

/**
 * Reads a file, or standard input for '-'.
 *
 * @param name how errors call it
 * @throws Error that names the file and why it cannot be read
 */
export function readBytes(path: string, name: string): Buffer {
  try {
    return path === '-' ? readFileSync(0) : readLarge(path);
  } catch (error) {
    throw new Error(`cannot read ${name}: ${whyUnreadable(error)}`);
  }
}

/** What an error of the file system means, in words; the message of any other error. */
export function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'you may not read it';
  return message;
}

/** Reads a file of any size; `readFileSync` ends at 2 GiB. */
function readLarge(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size < MOST_AT_ONCE) return readFileSync(file);
    const bytes = allocate(size);
    let read = 0;
    for (let more = -1; more !== 0 && read < size; read += more)
      more = readSync(file, bytes, read, Math.min(MOST_AT_ONCE, size - read), null);
    return bytes.subarray(0, read);
  } finally {
    closeSync(file);
  }
}

function allocate(size: number): Buffer {
  const gibibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 30).toLocaleString('en')} GiB`;
  if (size > constants.MAX_LENGTH) {
    const most = gibibytes(constants.MAX_LENGTH);
    throw new Error(
      `it is larger than ${most}: give fewer points, or take Node 22 or newer, which reads more`,
    );
  }
  try {
    return Buffer.allocUnsafeSlow(size);
  } catch {
    throw new Error(`there is no memory for its ${gibibytes(size)}: give fewer points`);
  }
}
