/** A lock file beside a record, so that two processes never write the same run; the lock of a killed process does not count. */
import { lstatSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAlive } from '../atomic-write';

/** Thrown if a record is being written by another process, or elsewhere in this one. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
}

/** The holder of a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** The start time of the process in the kernel's ticks; process ids are reused, but this pair is not. */
  readonly started?: string;
}

/** A holder renews its file at this interval, since a process on another machine cannot be asked whether it is running. */
const RENEW_MS = 60_000;
const SILENT_MS = 10 * RENEW_MS;
/** How long a file without a name counts, since a process may be killed before it writes its name. */
const NAMELESS_MS = 5_000;

/**
 * Locks `path` with the file `<path>.lock`, and returns a function that unlocks it.
 *
 * @throws LockedError that names the holder if another process, or this one, holds the lock
 */
export function lock(path: string): () => void {
  const file = `${path}.lock`;
  const own = JSON.stringify(describe(process.pid));
  for (;;) {
    try {
      writeFileSync(file, own, { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const found = read(file);
    if (found === undefined) {
      assertNoLink(file);
      continue;
    }
    const holder = liveHolder(found);
    if (holder !== undefined) {
      throw new LockedError(
        `${path} is being written by ${holder}: wait for it to end, or give this run another place` +
          ` (if nothing is writing it, delete ${file})`,
      );
    }
    takeAway(file, found.text);
  }
  const renewal = setInterval(() => renew(file), RENEW_MS);
  renewal.unref();
  return () => {
    clearInterval(renewal);
    if (read(file)?.text === own) rmSync(file, { force: true });
  };
}

/** Rejects a link: one that points to nothing exists when a file is created, but not when it is read. */
function assertNoLink(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink())
    throw new Error(`${file} is a link where a lock file belongs: remove it`);
}

function describe(pid: number): Holder {
  const started = startTime(pid);
  return { pid, host: hostname(), ...(started === undefined ? {} : { started }) };
}

function read(file: string): { text: string; age: number } | undefined {
  try {
    return { text: readFileSync(file, 'utf8'), age: Date.now() - statSync(file).mtimeMs };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EISDIR') throw new Error(`${file} is a folder where a lock file belongs: remove it`);
    throw error;
  }
}

/** The holder that a text names; undefined if it names no process. */
function holderIn(text: string): Holder | undefined {
  try {
    const { pid, host, started } = JSON.parse(text) as Holder;
    const isStart = started === undefined || typeof started === 'string';
    return Number.isInteger(pid) && pid > 0 && typeof host === 'string' && isStart
      ? { pid, host, ...(started === undefined ? {} : { started }) }
      : undefined;
  } catch {
    return undefined;
  }
}

/** A description of the holder; undefined if it no longer runs. */
function liveHolder({ text, age }: { text: string; age: number }): string | undefined {
  const holder = holderIn(text);
  if (!holder) return Math.abs(age) < NAMELESS_MS ? 'a process that is just starting' : undefined;
  if (holder.host !== hostname()) {
    // A time far in the future was not set by a process that renews its file.
    return Math.abs(age) < SILENT_MS ? `process ${holder.pid} on ${holder.host}` : undefined;
  }
  if (!isAlive(holder.pid) || startTime(holder.pid) !== holder.started) return undefined;
  return holder.pid === process.pid ? `this process (${holder.pid})` : `process ${holder.pid}`;
}

/** Removes a dead lock, renaming it first, so that of two processes that find it, neither removes the other's new lock. */
function takeAway(file: string, dead: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') === dead) {
    rmSync(aside, { force: true });
  } else {
    renameSync(aside, file);
  }
}

function renew(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // The file was deleted by hand, so the run continues without a lock.
  }
}

/** Field 22 of /proc/<pid>/stat; the fields are counted after the name, which may contain spaces. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
