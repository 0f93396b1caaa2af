/** The path of a run's record. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The default folder of records, in the folder of the project, where npm runs every command. */
export const RUNS: string = join('out', 'runs');

/** The folder of the project around a folder as npm finds it, upwards to the next package.json; the folder itself if there is none. */
export function projectFolder(folder: string = process.cwd()): string {
  let at = folder;
  while (!existsSync(join(at, 'package.json'))) {
    const above = dirname(at);
    if (above === at) return folder;
    at = above;
  }
  return at;
}

/** The most bytes of a name; file systems allow 255, to which `.jsonl.lock` and the names of temporary files are added. */
const LONGEST_NAME = 225;

/**
 * The path of the record `<name>.jsonl` in a folder; checkpoints are in the folder `<name>` beside it.
 *
 * @throws RangeError for a name that would lead out of the folder, or that no file can have
 */
export function runPath(folder: string, name: string): string {
  const bytes = Buffer.byteLength(name);
  const wrong =
    name.trim() === '' || name === '.' || name === '..'
      ? 'it must be the name of a file'
      : /[\\/]/.test(name)
        ? 'it must not contain / or \\, since records are written to the folder that --out names'
        : /\p{Cc}/u.test(name)
          ? 'it must not contain control characters'
          : name.startsWith('-')
            ? 'it must not begin with -'
            : bytes > LONGEST_NAME
              ? `it must have at most ${LONGEST_NAME} bytes, but it has ${bytes}`
              : undefined;
  if (wrong) throw new RangeError(`the name of a run cannot be ${JSON.stringify(name)}: ${wrong}`);
  return join(folder, `${name}.jsonl`);
}
