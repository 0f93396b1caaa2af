/** The file of a profile, with a line of JSON for each layer, so that a later call can continue after the finished layers. */
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import type { MeasuredSite } from '../activations/file-profile';
import { writeAtomically } from '../atomic-write';

/** A description of what was measured, and how. */
export interface ProfileHeader {
  /** The options that affect the values. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The size of each file, and the time of its last change. */
  readonly files: Readonly<Record<string, string>>;
}

/** One layer's line. */
export type ProfileLine = { readonly run: string; readonly site: string } & MeasuredSite;

/** A file to which lines are written. */
export interface ProfileFile {
  /** The layers of the call that is continued. */
  readonly known: readonly ProfileLine[];
  add(line: ProfileLine): void;
}

/** The size and time of files, which show a change. */
export function stamps(files: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    files.map((file) => {
      const { size, mtimeMs } = statSync(file);
      return [file, `${size} bytes, ${new Date(mtimeMs).toISOString()}`];
    }),
  );
}

/**
 * Starts a file, or continues one.
 *
 * @throws Error if the file exists and is not to be continued, and if it was made with other options or from other files
 */
export function openProfile(path: string, header: ProfileHeader, resume: boolean): ProfileFile {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (text !== undefined && !resume)
    throw new Error(`${path} exists: continue it with --resume, or give another --out`);
  // The last line is complete if a line end follows it.
  const lines = text === undefined ? [] : text.split('\n').slice(0, -1);
  const known = lines.length === 0 ? [] : linesOf(path, lines, header);
  writeAtomically(
    path,
    [header, ...known].map((line) => `${JSON.stringify(line)}\n`),
  );
  return { known, add: (line) => appendFileSync(path, `${JSON.stringify(line)}\n`) };
}

function linesOf(path: string, lines: readonly string[], header: ProfileHeader): ProfileLine[] {
  const [found, ...rest] = lines.map((line, i): unknown => {
    try {
      return JSON.parse(line);
    } catch {
      throw new Error(`${path} is damaged in line ${i + 1}: give another --out`);
    }
  }) as [Partial<ProfileHeader>, ...ProfileLine[]];
  for (const part of ['options', 'files'] as const) {
    const [before, now] = [found[part] ?? {}, header[part]];
    const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
    const changed = names.find((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]));
    if (changed === undefined) continue;
    const [was, is] = [before[changed], now[changed]].map((value) => JSON.stringify(value) ?? 'not given');
    throw new Error(`${path} was made with ${changed} ${was}, but it is ${is} now: give another --out`);
  }
  return rest;
}
