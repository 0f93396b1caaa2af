/** The bytes behind a path: a file, which is read in place, or a pipe, whose bytes are collected in memory. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { BEFORE_OPTIONS, called } from '../../called';
import { type ByteSource, bufferBytes, descriptorBytes, openBytes } from './byte-source';

/** The most bytes that are read from a pipe, which may have no end. */
const LARGEST_PIPE = 2 ** 30;
/** How long a pipe may wait for a program that writes to it. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 20;

/**
 * Opens a file, a pipe, or standard input for '-'.
 *
 * @throws what the file system throws; Error for a folder, a device, a socket or a terminal, and for a pipe that gives nothing
 *   or too much
 */
export async function openInput(path: string): Promise<ByteSource> {
  if (path === '-') return standardInput();
  const found = statSync(path);
  if (found.isFile()) return openBytes(path);
  if (!found.isFIFO()) throw new Error(`it is ${kindOf(found)}: give a file, or - for standard input`);
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await collect(file, PATIENCE_MS);
  } finally {
    closeSync(file);
  }
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder';
  return found.isSocket() ? 'a socket' : 'a device';
}

function standardInput(): ByteSource | Promise<ByteSource> {
  if (isatty(0))
    throw new Error(
      `it is a terminal: send a file into it, as in ${called('id')}${BEFORE_OPTIONS} - < points.npy`,
    );
  const found = fstatSync(0);
  if (found.isDirectory()) throw new Error('it is a folder: send a file into it');
  return found.isFile() ? descriptorBytes(0) : collect(0, 0);
}

/** All bytes up to the end. A pipe without a writer is at its end at once, so a writer is waited for. */
async function collect(file: number, patience: number): Promise<ByteSource> {
  const parts: Buffer[] = [];
  const piece = Buffer.allocUnsafeSlow(2 ** 20);
  let size = 0;
  for (let waited = 0; ; ) {
    const count = readNow(file, piece);
    if (count) {
      size += count;
      if (size > LARGEST_PIPE) throw new Error('it gives more than 1 GiB: save it to a file first');
      parts.push(Buffer.from(piece.subarray(0, count)));
      continue;
    }
    if (count === 0 && (size > 0 || waited >= patience)) break;
    if (count === 0) waited += PAUSE_MS;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  if (size === 0 && patience > 0)
    throw new Error(`it is a pipe, and no program wrote to it for ${patience / 1000} seconds`);
  return bufferBytes(Buffer.concat(parts));
}

/** Reads the bytes that are available: 0 at the end, undefined if more may come. */
function readNow(file: number, into: Buffer): number | undefined {
  try {
    return readSync(file, into, 0, into.length, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

/** Puts an error of the file system into words; of any other error, it gives the message. */
export function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : REASONS[code]) ?? message;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file, since a part of its path is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
  EPERM: 'you may not read it',
  ELOOP: 'it is a symbolic link that leads back to itself',
  ENAMETOOLONG: 'its name is longer than a file system allows',
  EIO: 'the disk cannot read it',
};
