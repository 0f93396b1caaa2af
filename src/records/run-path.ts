/** Where the record of a run lies. */
import { join } from 'node:path';

/** The folder of records by default, below the folder that a command is run in. */
export const RUNS: string = join('out', 'runs');

/** Most bytes of a name: file systems allow 255, and `.jsonl.lock` and temporary files come behind it. */
const LONGEST_NAME = 225;

/**
 * The record `<name>.jsonl` in a folder; checkpoints go to the folder `<name>` beside it.
 *
 * @throws RangeError for a name that would lead out of the folder, or that no file can have
 */
export function runPath(folder: string, name: string): string {
  const bytes = Buffer.byteLength(name);
  const wrong =
    name.trim() === '' || name === '.' || name === '..'
      ? 'it must be the name of a file'
      : /[\\/]/.test(name)
        ? 'it must not contain / or \\, for records lie in the folder that --out names'
        : /\p{Cc}/u.test(name)
          ? 'it must not contain control characters'
          : name.startsWith('-')
            ? 'it must not begin with -'
            : bytes > LONGEST_NAME
              ? `it must have at most ${LONGEST_NAME} bytes, it has ${bytes}`
              : undefined;
  if (wrong) throw new RangeError(`the name of a run cannot be ${JSON.stringify(name)}: ${wrong}`);
  return join(folder, `${name}.jsonl`);
}
