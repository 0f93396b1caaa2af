/** One set-up at a time: a lock that names its holder and the programs it runs, so that what a kill left is cleared. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from './report.mjs';

/** The lock that this process holds: where, and the programs that it runs now. */
let held;

/** Holds the lock file while `body` runs. Waits for a holder that lives; ends the programs that a killed one left. */
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

/** Runs the body of a step, whose programs `endPrograms` can end. */
export function asStep(name, body) {
  return steps.run(name, body);
}

/** Writes into the lock that a program runs now: the leader of a process group of its own. Returns what says that it ended. */
export function running(pid) {
  const program = { pid, started: startOf(pid), step: steps.getStore() };
  held?.programs.add(program);
  write();
  return () => {
    held?.programs.delete(program);
    write();
  };
}

/** Ends the programs of some steps, or all that this process runs. */
export function endPrograms(isMeant = () => true) {
  for (const program of held?.programs ?? []) if (isMeant(program.step)) end(program);
}

function write() {
  if (!held) return;
  const temporary = `${held.path}.${process.pid}`;
  writeFileSync(temporary, contents());
  renameSync(temporary, held.path);
}

/** Creates the lock with its contents in one go; false when there is one. */
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
