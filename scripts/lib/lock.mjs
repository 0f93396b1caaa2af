/** A lock for one set-up at a time. It names its holder and the programs that it runs, so that the remains of a kill are cleared. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from './report.mjs';

/** The lock that this process holds: its path, and the programs that are running. */
let held;

/** Holds the lock while `body` runs. It waits for a holder that is running, and ends the programs that a killed holder left. */
export async function locked(path, body) {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; !take(path); ) {
    const { holder, programs = [], gone } = read(path);
    if (gone) {
      if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
        throw new SetupError(`${path} is a link where a lock file belongs: remove it`);
      continue;
    }
    if (!isRunning(holder)) {
      const left = programs.filter(isRunning);
      for (const program of left) end(program);
      if (left.length === 0) rmSync(path, { force: true });
    } else if (!told) {
      console.error(`  another set-up is running (process ${holder.pid}): waiting for it`);
      told = true;
    }
    await new Promise((resolve) => setTimeout(resolve, isRunning(holder) ? 300 : 20));
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  // The lock stays: the next set-up waits until the programs have really ended.
  const interrupted = () => {
    endPrograms();
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

/** The step that runs a program. */
const steps = new AsyncLocalStorage();

/** Runs the body of a step, so that `endPrograms` can end its programs. */
export function asStep(name, body) {
  return steps.run(name, body);
}

/** Notes in the lock a program that is running as the leader of its own process group. Returns a function to call at its end. */
export function running(pid) {
  const program = { pid, started: startOf(pid), step: steps.getStore() };
  held?.programs.add(program);
  write();
  return () => {
    held?.programs.delete(program);
    write();
  };
}

/** Ends the programs of some steps, or all programs of this process. */
export function endPrograms(isMeant = () => true) {
  for (const program of held?.programs ?? []) if (isMeant(program.step)) end(program);
}

function write() {
  if (!held) return;
  const temporary = `${held.path}.${process.pid}`;
  writeFileSync(temporary, contents());
  renameSync(temporary, held.path);
}

/** Creates the lock with its contents in one operation; false if there already is one. */
function take(path) {
  held = { path, programs: new Set() };
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
  return JSON.stringify({ holder, programs: [...held.programs] });
}

/** The contents of the lock; `gone` if its holder has just released it, since a lock that appears later belongs to another process. */
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

/** True if the process is still running, and is not a later process with the same number. */
function isRunning(process) {
  return process?.started !== undefined && startOf(process.pid) === process.started;
}

/** The start time of a process, in any unit; undefined if it has ended. Without /proc, only its existence is known. */
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
