/** Stamps: a step is done when its stamp holds the hash of what went into it. Written last, so a kill leaves none. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A hash of strings and of the contents of files. */
export function hashOf({ values = [], files = [] }) {
  const hash = createHash('sha256');
  for (const value of values) hash.update(`${value}\0`);
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** Runs `body` unless the stamp says that it ran with these inputs and its outputs are still there. */
export async function once(stamp, hash, outputs, body) {
  const done =
    existsSync(stamp) && readFileSync(stamp, 'utf8') === hash && outputs.every((path) => existsSync(path));
  if (done) return false;
  rmSync(stamp, { force: true });
  await body();
  mkdirSync(dirname(stamp), { recursive: true });
  const temporary = `${stamp}.${process.pid}`;
  writeFileSync(temporary, hash);
  renameSync(temporary, stamp);
  return true;
}

/** Holds a lock file while `body` runs, and waits for another holder that is alive. */
export async function locked(path, body) {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; ; ) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const holder = Number(readFileSync(path, { encoding: 'utf8', flag: 'a+' }));
      if (!isAlive(holder)) {
        rmSync(path, { force: true });
        continue;
      }
      if (!told) console.error(`  another set-up is running (process ${holder}): waiting for it`);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  const release = () => rmSync(path, { force: true });
  const interrupted = () => {
    release();
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    return await body();
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    release();
  }
}

function isAlive(pid) {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** The folder of all that set-up makes outside node_modules and .venv. */
export const CACHE = '.cache';

/** The path of a step's stamp. */
export function stampPath(root, name) {
  return join(root, CACHE, 'stamps', name);
}
