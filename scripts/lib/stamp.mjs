/** Stamps: a step is done when its stamp holds the hash of what went into it. Written last, so a kill leaves none. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A hash of strings and of the contents of files. */
export function hashOf({ values = [], files = [] }) {
  const hash = createHash('sha256');
  for (const value of values) hash.update(`${value}\0`);
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** True when the stamp says that the step ran with these inputs, and its outputs are still there. */
export function isDone(stamp, hash, outputs) {
  return (
    existsSync(stamp) && readFileSync(stamp, 'utf8') === hash && outputs.every((path) => existsSync(path))
  );
}

/** Runs `body` between taking the old stamp away and writing the new one. */
export async function stamped(stamp, hash, body) {
  rmSync(stamp, { force: true });
  await body();
  mkdirSync(dirname(stamp), { recursive: true });
  const temporary = `${stamp}.${process.pid}`;
  writeFileSync(temporary, hash);
  renameSync(temporary, stamp);
}
