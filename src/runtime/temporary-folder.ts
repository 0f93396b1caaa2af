/** A folder that is gone after one synchronous call, even if the process is interrupted meanwhile. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'tfjs-program-';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let swept = false;

/** Runs `body` with the path of a new folder, and removes it. Folders of processes that were killed go as well. */
export function withTemporaryFolder<R>(body: (folder: string) => R): R {
  if (!swept) sweep();
  swept = true;
  const release = holdSignals();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    release();
  }
}

let holding = false;

/** Keeps signals from ending the process; those that came take effect after the release. */
function holdSignals(): () => void {
  if (holding) return () => {}; // since a call in this turn of the event loop
  holding = true;
  const releases = SIGNALS.map((signal) => {
    const handled = process.listenerCount(signal) > 0;
    let received = false;
    const listener = (): void => {
      received = true;
    };
    process.on(signal, listener);
    return (): void => {
      process.off(signal, listener);
      if (received && !handled) process.kill(process.pid, signal);
    };
  });
  const release = (): void => {
    holding = false;
    for (const end of releases) end();
  };
  // Node tells of a signal in the second turn of its event loop.
  return () => setImmediate(() => setImmediate(() => setImmediate(release)));
}

/** Removes what processes left that are no more. */
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
