/** Checks that files and folders can be written, before the work that fills them begins. */
import { closeSync, existsSync, mkdirSync, openSync, realpathSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** @throws Error that names the file and why it cannot be written; an existing file is not changed */
export function assertWritable(path: string): void {
  const existed = existsSync(path);
  try {
    // Opening a pipe would wait for its reader.
    if (existed && statSync(path).isFIFO()) throw new Error('it is a pipe');
    closeSync(openSync(path, 'a'));
    if (!existed) rmSync(realpathSync(path));
  } catch (error) {
    throw new Error(`cannot write ${path}: ${whyUnwritable(error, path)}`);
  }
}

/** @throws Error that names the folder and why it cannot be made */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new Error(`cannot make the folder ${path}: ${whyUnwritable(error, path)}`);
  }
}

/** Puts an error of the file system into words; of any other error, it gives the message. */
export function whyUnwritable(error: unknown, path: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `there is no folder ${dirname(path)}`;
  if (code === 'ENOTDIR') return `a part of its path is not a folder`;
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EEXIST') return 'there is a file with this name';
  if (code === 'EACCES' || code === 'EPERM') return 'you may not write there';
  if (code === 'EROFS') return 'its disk is read-only';
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'its disk is full';
  if (code === 'ENAMETOOLONG') return 'its name is longer than a file system allows';
  return message;
}
