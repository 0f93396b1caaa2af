/**
 * A folder for one synchronous call. A process that a signal ends during the call cannot remove the folder, so the next process
 * does. (Holding signals back would make loops that never return to Node's event loop deaf to Ctrl-C.)
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'tfjs-program-';

let swept = false;

/** Runs `body` with the path of a new folder, and removes it, together with folders of killed processes. */
export function withTemporaryFolder<R>(body: (folder: string) => R): R {
  if (!swept) sweep();
  swept = true;
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Removes the folders of processes that have ended. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (pid > 0 && !isAlive(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
