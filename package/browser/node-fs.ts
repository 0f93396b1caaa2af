/**
 * `node:fs` in a browser: files in memory, by name. The readers of files use it unchanged, so that a page reads the same files as
 * the command line, with the same errors.
 */
import { constants as limits } from './node-buffer';

interface Open {
  readonly name: string;
  bytes: Uint8Array;
  /** The current position of writing or reading. */
  at: number;
}

const files = new Map<string, Uint8Array>();
const opened = new Map<number, Open>();
let next = 3;

/** Adds a file for the readers. */
export function putFile(name: string, bytes: Uint8Array): void {
  files.set(name, bytes);
}

/** Removes a file; it remains available to readers that have it open. */
export function dropFile(name: string): void {
  files.delete(name);
}

/** Flags of `openSync`, which no file here needs. */
export const constants = { O_RDONLY: 0, O_NONBLOCK: 0 };

/** The status of a file; every name is a file. */
export function statSync(name: string): {
  isFile(): boolean;
  isFIFO(): boolean;
  isDirectory(): boolean;
  isSocket(): boolean;
} {
  bytesOf(name);
  return { isFile: () => true, isFIFO: () => false, isDirectory: () => false, isSocket: () => false };
}

function bytesOf(name: string): Uint8Array {
  const bytes = files.get(name);
  if (!bytes) throw Object.assign(new Error(`no such file: ${name}`), { code: 'ENOENT' });
  return bytes;
}

function openFile(file: number): Open {
  const found = opened.get(file);
  if (!found) throw new Error(`file ${file} is closed`);
  return found;
}

export function openSync(name: string, flags: string): number {
  if (flags.startsWith('w')) files.set(name, new Uint8Array(0));
  opened.set(next, { name, bytes: bytesOf(name), at: 0 });
  return next++;
}

export function closeSync(file: number): void {
  opened.delete(file);
}

export function fstatSync(file: number): {
  readonly size: number;
  isFile(): boolean;
  isDirectory(): boolean;
} {
  return { size: openFile(file).bytes.length, isFile: () => true, isDirectory: () => false };
}

/** Copies bytes from position `at`, or for null from the end of the last call. */
export function readSync(
  file: number,
  into: Uint8Array,
  offset: number,
  length: number,
  at: number | null,
): number {
  const open = openFile(file);
  const from = at ?? open.at;
  const part = open.bytes.subarray(from, from + length);
  into.set(part, offset);
  open.at = from + part.length;
  return part.length;
}

/**
 * Appends to a file, whose room grows by half, so that many small parts are not copied each time.
 *
 * @throws Error if the file becomes larger than an array can be
 */
export function writeSync(file: number, part: Uint8Array, from: number): number {
  const open = openFile(file);
  const added = part.subarray(from);
  const size = open.at + added.length;
  if (size > limits.MAX_LENGTH) throw new Error('unpacked, it is larger than 2 GiB: give fewer points');
  const room = open.bytes.buffer;
  const grown =
    room.byteLength >= size
      ? new Uint8Array(room, 0, size)
      : new Uint8Array(roomFor(Math.min(Math.ceil(1.5 * size), limits.MAX_LENGTH)), 0, size);
  if (grown.buffer !== room) grown.set(open.bytes);
  grown.set(added, open.at);
  open.bytes = grown;
  open.at = size;
  return added.length;
}

function roomFor(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch {
    throw new Error(
      `there is not enough memory for ${(bytes / 2 ** 30).toFixed(1)} GiB, which it has unpacked: give fewer points`,
    );
  }
}

let folders = 0;

export function mkdtempSync(prefix: string): string {
  return `${prefix}${folders++}`;
}

/** Removes the files of a folder; they remain available to readers that have them open. */
export function rmSync(folder: string): void {
  for (const name of files.keys()) if (name.startsWith(`${folder}/`)) files.delete(name);
}
