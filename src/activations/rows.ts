/** Activations that are written example after example and then read in any order: in memory, or in a temporary file. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PointsOnDemand } from '../intrinsic-dimension/points/points';

/** Bytes of rows that stay in memory; at least two rows do. */
const CACHE = 2 ** 27;

/** One site's activations, a row for each example. */
export interface ActivationRows extends PointsOnDemand {
  row(i: number): Float32Array;
  /** Adds whole rows. */
  append(values: Float32Array): void;
  /** Frees what the rows take; they cannot be read any more. */
  close(): void;
}

/** Rows of `width` numbers for so many examples: in memory where they take at most `memory` bytes. */
export function activationRows(examples: number, width: number, memory: number): ActivationRows {
  return 4 * examples * width <= memory ? new MemoryRows(examples, width) : new SpilledRows(width);
}

class MemoryRows implements ActivationRows {
  readonly shape: readonly [number, number];
  #values: Float32Array;
  #length = 0;

  constructor(examples: number, width: number) {
    this.shape = [examples, width];
    this.#values = new Float32Array(examples * width);
  }

  get data(): Float32Array {
    return this.#values;
  }

  append(values: Float32Array): void {
    this.#values.set(values, this.#length);
    this.#length += values.length;
  }

  row(i: number): Float32Array {
    const width = this.shape[1];
    return this.#values.subarray(i * width, (i + 1) * width);
  }

  close(): void {
    this.#values = new Float32Array();
  }
}

class SpilledRows implements ActivationRows {
  readonly #file: number;
  readonly #d: number;
  readonly #slots: number;
  /** Rows in memory, the one read longest ago first. */
  readonly #cache = new Map<number, Float32Array>();
  #n = 0;

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
