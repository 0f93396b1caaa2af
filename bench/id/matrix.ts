/** A float32 matrix that is passed between processes, in a file with two int32 sizes and the rows. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Coordinates } from '../../src/intrinsic-dimension/points/points';

/** [rows, columns] */
export function readMatrix(path: string): Coordinates {
  const file = openSync(path, 'r');
  try {
    const sizes = new Int32Array(2);
    fill(file, new Uint8Array(sizes.buffer), 0);
    const [rows, columns] = [sizes[0]!, sizes[1]!];
    const data = new Float32Array(rows * columns);
    fill(file, new Uint8Array(data.buffer), 8);
    return { data, shape: [rows, columns] };
  } finally {
    closeSync(file);
  }
}

/** Reads in parts, since one call reads 2 GiB at most. */
function fill(file: number, bytes: Uint8Array, from: number): void {
  for (let at = 0; at < bytes.byteLength; ) {
    const part = readSync(file, bytes, at, Math.min(2 ** 30, bytes.byteLength - at), from + at);
    if (part === 0) throw new Error(`the matrix ends after ${at} of ${bytes.byteLength} bytes`);
    at += part;
  }
}
