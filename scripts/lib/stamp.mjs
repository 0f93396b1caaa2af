/**
 * Stamps: a step is done if its stamp holds the hash of its inputs, and its outputs have not changed since. The stamp is written
 * last, so that a kill leaves none.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT } from './places.mjs';

/** A hash of strings and of the contents of files. */
export function hashOf({ values = [], files = [] }) {
  const hash = createHash('sha256');
  for (const value of values) hash.update(`${value}\0`);
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/**
 * True if the stamp says that the step ran with these inputs, and each file that it watches still has its size and time. A file
 * with another time must have the same contents, and its new time is noted.
 */
export function isDone(stamp, hash) {
  const done = read(stamp);
  if (done?.inputs !== hash) return false;
  let isTouched = false;
  for (const name of done.watched) {
    const path = join(ROOT, name);
    const left = done.outputs[name];
    const now = statSync(path, { throwIfNoEntry: false });
    if (!left || !now?.isFile() || now.size !== left.size) return false;
    if (now.mtimeMs === left.time) continue;
    if (hashOfFile(path) !== left.sha256) return false;
    left.time = now.mtimeMs;
    isTouched = true;
  }
  if (isTouched) write(stamp, done);
  return true;
}

/** The files of the step that are missing or damaged, by their path in the project; every byte is compared. */
export function damaged(stamp) {
  return Object.entries(read(stamp)?.outputs ?? {})
    .filter(([name, left]) => {
      const path = join(ROOT, name);
      const now = statSync(path, { throwIfNoEntry: false });
      return !now?.isFile() || now.size !== left?.size || hashOfFile(path) !== left.sha256;
    })
    .map(([name]) => name);
}

/**
 * Removes the old stamp, runs `body`, and writes the new stamp. `outputs` lists the files that every later set-up checks, and
 * `left` lists all files that the body left.
 */
export async function stamped(stamp, hash, body, outputs, left = outputs) {
  reopen(stamp);
  await body();
  const watched = outputs().map((path) => relative(ROOT, path));
  const files = new Set([...watched, ...left().map((path) => relative(ROOT, path))]);
  const entries = [...files].map((name) => {
    const path = join(ROOT, name);
    const { size, mtimeMs: time } = statSync(path);
    return [name, { size, time, sha256: hashOfFile(path) }];
  });
  write(stamp, { inputs: hash, watched, outputs: Object.fromEntries(entries) });
}

/** Removes the stamp, so that the next set-up repeats the step. */
export function reopen(stamp) {
  rmSync(stamp, { recursive: true, force: true });
}

function write(stamp, done) {
  mkdirSync(dirname(stamp), { recursive: true });
  const temporary = `${stamp}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(done));
  renameSync(temporary, stamp);
}

/** The contents of a stamp; nothing if there is none, or if it comes from an earlier version. */
function read(stamp) {
  try {
    const done = JSON.parse(readFileSync(stamp, 'utf8'));
    const isWhole =
      typeof done?.inputs === 'string' &&
      Array.isArray(done.watched) &&
      done.watched.length > 0 &&
      typeof done.outputs === 'object' &&
      done.outputs !== null;
    return isWhole ? done : undefined;
  } catch {
    return undefined;
  }
}

const piece = Buffer.allocUnsafe(2 ** 22);

/** Hashes a file in pieces, since TensorFlow's library has a gigabyte. */
function hashOfFile(path) {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece))
      hash.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}
