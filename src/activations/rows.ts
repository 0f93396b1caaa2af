/** Activations that are written example by example and then read in any order, in memory or in a temporary file. */
import { closeSync, readSync, writeSync } from 'node:fs';
import { openUnnamed } from '../intrinsic-dimension/files/byte-source';
import type { PointsOnDemand } from '../intrinsic-dimension/points/points';
import { cachedRows } from './cached-rows';

/** The activations at one site, with a row for each example. */
export interface ActivationRows extends PointsOnDemand {
  row(i: number): Float32Array;
  /** Adds whole rows. */
  append(values: Float32Array): void;
  /** Frees the rows, which can then no longer be read. */
  close(): void;
}

/** Rows of `width` numbers for each example, kept in memory if they take at most `memory` bytes. */
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
  readonly #file = openUnnamed();
  readonly #d: number;
  /** Returns a row, which remains valid while one further row is read. */
  readonly row: (i: number) => Float32Array;
  #n = 0;

  constructor(d: number) {
    this.#d = d;
    this.row = cachedRows(
      () => new Float32Array(d),
      4 * d,
      (i, row) => this.#read(i, row),
    );
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

  #read(i: number, row: Float32Array): void {
    const bytes = new Uint8Array(row.buffer);
    for (let at = 0; at < bytes.length; ) {
      const part = readSync(this.#file, bytes, at, bytes.length - at, 4 * i * this.#d + at);
      if (part === 0) throw new Error(`the file of activations ends within row ${i} of ${this.#n}`);
      at += part;
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
