/**
 * `node:fs` in a browser: files in memory, under names. The readers of files run on it as they are, so that a page reads
 * what the command line reads, with the same errors.
 */
interface Open {
  readonly name: string;
  bytes: Uint8Array;
  /** What has been written or read so far. */
  at: number;
}

const files = new Map<string, Uint8Array>();
const opened = new Map<number, Open>();
let next = 3;

/** Puts a file where the readers find it. */
export function putFile(name: string, bytes: Uint8Array): void {
  files.set(name, bytes);
}

/** Takes it away; who has it open keeps it. */
export function dropFile(name: string): void {
  files.delete(name);
}

/** Flags of `openSync`, which no file here needs. */
export const constants = { O_RDONLY: 0, O_NONBLOCK: 0 };

/** Whatever has a name is a file. */
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

/** Copies bytes from place `at`, or from where the last call ended for null. */
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

/** Appends; room grows by half, so that many small parts are not copied each time. */
export function writeSync(file: number, part: Uint8Array, from: number): number {
  const open = openFile(file);
  const added = part.subarray(from);
  const size = open.at + added.length;
  const room = open.bytes.buffer;
  const grown =
    room.byteLength >= size
      ? new Uint8Array(room, 0, size)
      : new Uint8Array(new ArrayBuffer(Math.ceil(1.5 * size)), 0, size);
  if (grown.buffer !== room) grown.set(open.bytes);
  grown.set(added, open.at);
  open.bytes = grown;
  open.at = size;
  return added.length;
}

let folders = 0;

export function mkdtempSync(prefix: string): string {
  return `${prefix}${folders++}`;
}

/** Forgets a folder's files; who has one open keeps it. */
export function rmSync(folder: string): void {
  for (const name of files.keys()) if (name.startsWith(`${folder}/`)) files.delete(name);
}
