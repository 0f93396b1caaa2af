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
 * Gives a file room for so many bytes.
 *
 * @throws Error if there is not enough memory, or an array cannot have so many
 */
export function ftruncateSync(file: number, size: number): void {
  const gibibytes = (size / 2 ** 30).toFixed(1);
  if (size > limits.MAX_LENGTH)
    throw new Error(`unpacked, it has ${gibibytes} GiB, and browsers read up to 2: give fewer points`);
  try {
    openFile(file).bytes = new Uint8Array(size);
  } catch {
    throw new Error(
      `there is not enough memory for the ${gibibytes} GiB that it has unpacked: give fewer points`,
    );
  }
}

/** Writes the bytes of `part` from position `from` on to the room of a file, after those of the last call. */
export function writeSync(file: number, part: Uint8Array, from: number): number {
  const open = openFile(file);
  const added = part.subarray(from);
  open.bytes.set(added, open.at);
  open.at += added.length;
  return added.length;
}

let folders = 0;

export function mkdtempSync(prefix: string): string {
  return `${prefix}${folders++}`;
}

/** Removes the files of a folder; they remain available to readers that have them open. */
export function rmSync(folder: string): void {
  for (const name of files.keys()) if (name.startsWith(`${folder}/`)) files.delete(name);
}
