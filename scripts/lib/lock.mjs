/** One set-up at a time: a lock that names its holder and the program it runs, so that what a kill left is cleared. */
import { linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from './report.mjs';

/** The lock that this process holds: where, and the program that it runs now. */
let held;

/** Holds the lock file while `body` runs. Waits for a holder that lives; ends the program that a killed one left. */
export async function locked(path, body) {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; !take(path); ) {
    const { holder, program, gone } = read(path);
    if (gone) {
      if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
        throw new SetupError(`${path} is a link where a lock file belongs: remove it`);
      continue;
    }
    if (!isRunning(holder)) {
      if (isRunning(program)) end(program);
      else rmSync(path, { force: true });
    } else if (!told) {
      console.error(`  another set-up is running (process ${holder.pid}): waiting for it`);
      told = true;
    }
    await new Promise((resolve) => setTimeout(resolve, isRunning(holder) ? 300 : 20));
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  // The lock stays: the next set-up waits until the program has really ended.
  const interrupted = () => {
    if (held.program) end(held.program);
    process.exit(130);
  };
  for (const signal of signals) process.once(signal, interrupted);
  try {
    return await body();
  } finally {
    for (const signal of signals) process.off(signal, interrupted);
    held = undefined;
    rmSync(path, { force: true });
  }
}

/** Writes into the lock which program runs now, if any: the leader of a process group of its own. */
export function running(pid) {
  if (!held) return;
  held.program = pid && { pid, started: startOf(pid) };
  const temporary = `${held.path}.${process.pid}`;
  writeFileSync(temporary, contents());
  renameSync(temporary, held.path);
}

/** Creates the lock with its contents in one go; false when there is one. */
function take(path) {
  held = { path, program: undefined };
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents());
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    held = undefined;
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function contents() {
  const holder = { pid: process.pid, started: startOf(process.pid) };
  return JSON.stringify({ holder, program: held.program });
}

/** What the lock says; `gone` when its holder has just released it: what is there a moment later is another's. */
function read(path) {
  try {
    const found = JSON.parse(readFileSync(path, 'utf8'));
    return typeof found === 'object' && found !== null ? found : {};
  } catch (error) {
    if (error.code === 'EISDIR')
      throw new SetupError(`${path} is a folder where a lock file belongs: remove it`);
    return { gone: error.code === 'ENOENT' };
  }
}

function end({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** True if the process still runs and is not a later process with the same number. */
function isRunning(process) {
  return process?.started !== undefined && startOf(process.pid) === process.started;
}

/** When a process started, in any unit; undefined when it has ended. Without /proc, only that it is there. */
function startOf(pid) {
  if (process.platform === 'linux') {
    try {
      const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
      return 'ZX'.includes(state) ? undefined : fields[18];
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return error.code === 'EPERM' ? '' : undefined;
  }
}
