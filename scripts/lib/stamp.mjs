/**
 * Stamps: a step is done when its stamp holds the hash of what went into it, and what came out is as it was left. Written
 * last, so a kill leaves none.
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
 * True when the stamp says that the step ran with these inputs, and each output has the size and the time that it was
 * left with; one of another time must have the same contents.
 */
export function isDone(stamp, hash, outputs) {
  const done = read(stamp);
  if (done?.inputs !== hash || !outputs.every((path) => done.outputs[relative(ROOT, path)])) return false;
  return Object.entries(done.outputs).every(([name, { size, time, sha256 }]) => {
    const path = join(ROOT, name);
    const now = statSync(path, { throwIfNoEntry: false });
    if (!now?.isFile() || now.size !== size) return false;
    return now.mtimeMs === time || hashOfFile(path) === sha256;
  });
}

/** The outputs, by their place in the project, that are missing or damaged: every byte is looked at. */
export function damaged(stamp) {
  return Object.entries(read(stamp)?.outputs ?? {})
    .filter(([name, { size, sha256 }]) => {
      const path = join(ROOT, name);
      const now = statSync(path, { throwIfNoEntry: false });
      return !now?.isFile() || now.size !== size || hashOfFile(path) !== sha256;
    })
    .map(([name]) => name);
}

/** Runs `body` between taking the old stamp away and writing the new one; `outputs` tells the files that it left. */
export async function stamped(stamp, hash, body, outputs) {
  rmSync(stamp, { force: true });
  await body();
  const left = Object.fromEntries(
    outputs().map((path) => {
      const { size, mtimeMs: time } = statSync(path);
      return [relative(ROOT, path), { size, time, sha256: hashOfFile(path) }];
    }),
  );
  mkdirSync(dirname(stamp), { recursive: true });
  const temporary = `${stamp}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify({ inputs: hash, outputs: left }));
  renameSync(temporary, stamp);
}

/** What a stamp holds; nothing where there is none, or one of an earlier version. */
function read(stamp) {
  try {
    const done = JSON.parse(readFileSync(stamp, 'utf8'));
    return typeof done?.inputs === 'string' && typeof done.outputs === 'object' && done.outputs
      ? done
      : undefined;
  } catch {
    return undefined;
  }
}

/** In pieces, since TensorFlow's library has a gigabyte. */
function hashOfFile(path) {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(2 ** 22);
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece))
      hash.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}
