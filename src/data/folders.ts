/** The folders of data sets on the disk. */
import { join, resolve } from 'node:path';

const PROJECT = join(__dirname, '..', '..');

/** The folder of downloaded data sets: `data/downloads` in the project's folder, or the value of `ID_DOWNLOADS`. */
export function downloadsFolder(): string {
  return process.env['ID_DOWNLOADS'] ?? join(PROJECT, 'data', 'downloads');
}

/**
 * The absolute path of a folder that a setting names. A relative path starts from the project's folder, so that it
 * means the same in a notebook, on the command line and in a sweep.
 */
export function folderOfProject(path: string): string {
  return resolve(PROJECT, path);
}
