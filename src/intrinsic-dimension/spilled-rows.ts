/** Points in a temporary file: what does not fit into memory is read when it is needed. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PointsOnDemand } from './points';

/** Bytes of rows that stay in memory; at least two rows do. */
const CACHE = 2 ** 27;

/** Float32 rows that are written one after the other, and then read in any order. */
export class SpilledRows implements PointsOnDemand {
  readonly #file: number;
  readonly #d: number;
  readonly #slots: number;
  /** Rows in memory, the one read longest ago first. */
  readonly #cache = new Map<number, Float32Array>();
  #n = 0;

  /** @param d numbers of a row */
  constructor(d: number) {
    this.#d = d;
    this.#slots = Math.max(2, Math.floor(CACHE / (4 * d)));
    const folder = mkdtempSync(join(tmpdir(), 'activations-'));
    this.#file = openSync(join(folder, 'rows'), 'wx+');
    // An open file without a name is gone when it is closed, however the process ends.
    rmSync(folder, { recursive: true });
  }

  get shape(): readonly [number, number] {
    return [this.#n, this.#d];
  }

  /** Adds whole rows. */
  append(values: Float32Array): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(this.#file, bytes, at, bytes.length - at, 4 * this.#n * this.#d + at);
    }
    this.#n += values.length / this.#d;
  }

  /** Stays as it is while one further row is read. */
  row(i: number): Float32Array {
    let row = this.#cache.get(i);
    if (row) this.#cache.delete(i);
    else {
      row = this.#cache.size < this.#slots ? new Float32Array(this.#d) : this.#oldest();
      const bytes = new Uint8Array(row.buffer);
      for (let at = 0; at < bytes.length; ) {
        const part = readSync(this.#file, bytes, at, bytes.length - at, 4 * i * this.#d + at);
        if (part === 0) throw new Error(`the file of activations ends within row ${i} of ${this.#n}`);
        at += part;
      }
    }
    this.#cache.set(i, row);
    return row;
  }

  /** Makes the row read longest ago free for another. */
  #oldest(): Float32Array {
    const [[i, row]] = this.#cache as unknown as [[number, Float32Array]];
    this.#cache.delete(i);
    return row;
  }

  close(): void {
    closeSync(this.#file);
    this.#cache.clear();
  }
}
