/// <reference lib="webworker" />
/**
 * `node:fs` in a worker of a browser: given files, which are read in place, and temporary files in memory, by name. The readers of
 * files use it unchanged, so that a page reads the same files as the command line, with the same errors.
 */
import { constants as limits } from './node-buffer';

/** A file that the user gave, or the bytes of a temporary one. */
type Contents = Blob | Uint8Array;

interface Open {
  readonly name: string;
  contents: Contents;
  /** The current position of writing or reading. */
  at: number;
}

const files = new Map<string, Contents>();
const opened = new Map<number, Open>();
let next = 3;

/** Adds a file for the readers. */
export function putFile(name: string, file: Blob): void {
  files.set(name, file);
}

/** Removes a file; it remains available to readers that have it open. */
export function dropFile(name: string): void {
  files.delete(name);
}

/** The most bytes that are read at once, since each part is copied twice. */
const PART = 2 ** 24;

/** @throws Error for a file that cannot be read; browsers tell the reasons apart in different ways, or not at all */
function partOf(contents: Contents, from: number, to: number): Uint8Array {
  if (contents instanceof Uint8Array) return contents.subarray(from, to);
  try {
    return new Uint8Array(
      new FileReaderSync().readAsArrayBuffer(contents.slice(from, Math.min(to, from + PART))),
    );
  } catch (error) {
    throw new Error(
      `it is a folder, was changed or moved after it was chosen, or may not be read (${(error as Error).message})`,
    );
  }
}

function sizeOf(contents: Contents): number {
  return contents instanceof Uint8Array ? contents.length : contents.size;
}

/** Flags of `openSync`, which no file here needs. */
export const constants = { O_RDONLY: 0, O_NONBLOCK: 0 };

/** The status of a file; every name is a file, unless it cannot be read. */
export function statSync(name: string): {
  isFile(): boolean;
  isFIFO(): boolean;
  isDirectory(): boolean;
  isSocket(): boolean;
} {
  partOf(contentsOf(name), 0, 1);
  return { isFile: () => true, isFIFO: () => false, isDirectory: () => false, isSocket: () => false };
}

function contentsOf(name: string): Contents {
  const contents = files.get(name);
  if (!contents) throw Object.assign(new Error(`no such file: ${name}`), { code: 'ENOENT' });
  return contents;
}

function openFile(file: number): Open {
  const found = opened.get(file);
  if (!found) throw new Error(`file ${file} is closed`);
  return found;
}

export function openSync(name: string, flags: string): number {
  if (flags.startsWith('w')) files.set(name, new Uint8Array(0));
  opened.set(next, { name, contents: contentsOf(name), at: 0 });
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
  return { size: sizeOf(openFile(file).contents), isFile: () => true, isDirectory: () => false };
}

/** Copies bytes from position `at`, or for null from the end of the last call; fewer than `length` of them where that spares memory. */
export function readSync(
  file: number,
  into: Uint8Array,
  offset: number,
  length: number,
  at: number | null,
): number {
  const open = openFile(file);
  const from = at ?? open.at;
  const part = partOf(open.contents, from, from + length);
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
    openFile(file).contents = new Uint8Array(size);
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
  (open.contents as Uint8Array).set(added, open.at);
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
