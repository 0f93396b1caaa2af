/** Writes whole files or none: into a temporary file beside the place, flushed to the disk, then renamed over it. */
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
 * Replaces a file, or creates it and its folder. Killed at any moment, the old file or the new one is there.
 *
 * @throws what the file system throws; the old file is intact then, and nothing of the new one is left
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

/** Whether the disk, or what one may write on it, is full. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

/** A rename is on the disk when its folder is; where folders cannot be flushed, the rename still replaces whole files. */
function flushFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Windows and some network file systems refuse.
  }
}

/** Whether a process of this machine lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
