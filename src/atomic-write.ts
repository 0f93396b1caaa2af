/** Writes a file as a whole or not at all: into a temporary file beside it, which is flushed to the disk and then renamed. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * Replaces a file, or creates it and its folder. If the process is killed, either the old file or the new one is there, and it is
 * whole.
 *
 * @throws the error of the file system; the old file is then intact, and nothing of the new one is left
 */
export function writeAtomically(path: string, parts: readonly (Uint8Array | string)[]): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(temporary, 'w');
    try {
      for (const part of parts) {
        const bytes = typeof part === 'string' ? Buffer.from(part) : part;
        for (let done = 0; done < bytes.byteLength; ) done += writeSync(file, bytes, done);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  flushFolder(dirname(resolve(path)));
}

/** Removes the temporary files that killed processes left beside a file. */
export function removeLeftovers(path: string): void {
  const folder = dirname(path);
  const own = `${basename(path)}.`;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return; // there is no folder yet
  }
  for (const name of names) {
    if (!name.startsWith(own)) continue;
    const pid = Number(/^(\d+)\.tmp$/.exec(name.slice(own.length))?.[1]);
    if (pid > 0 && pid !== process.pid && !isAlive(pid)) rmSync(join(folder, name), { force: true });
  }
}

/** Whether an error says that the disk is full, or that a quota or the limit on the size of a file is reached. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

/**
 * Flushes a folder, so that a rename within it is on the disk. Where this is not possible, the rename still replaces whole files.
 */
function flushFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Windows and some network file systems cannot flush a folder.
  }
}

/** Whether a process with this number runs on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
