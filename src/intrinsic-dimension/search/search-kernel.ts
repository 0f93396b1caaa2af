/** The inner loops of a search, which are compiled from C++ (`native/`) for each instruction set and for WebAssembly. */
import { threads } from '../../threads';
import type { FlatData } from '../points/points';
import { kernel } from './kernel';

/** Points in a panel, whose coordinates lie side by side. */
export const PANEL: number = 32;
/** Ranges of rows in a product begin at a multiple of it. */
export const GROUP: number = 8;
/** Words of a point that are added up at a time by default; such sums are then added to each other. */
export const RUN: number = 256;

/** Words of a line of the cache. */
const LINE = 16;

/** How the coordinates of packed points are rounded; bfloat16 has 8 bits, and products of it take half the time. */
export type Precision = 'float32' | 'bfloat16';

/** Points as products need them: [panel][word][PANEL], a word being one float32 or two bfloat16. */
export interface PackedPoints {
  readonly words: Uint32Array;
  /** Words of one point. */
  readonly width: number;
  readonly precision: Precision;
}

/** Rows `top` .. `bottom` - 1 and columns `left` .. `right` - 1 of a matrix, [bottom - top, stride]. */
export interface Tile {
  readonly values: Float32Array;
  readonly stride: number;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** The kernel that searches here, with its set of instructions where it is native. */
export type KernelName = 'wasm' | `native ${string}`;

/** The kernel that searches here. */
export function kernelName(): KernelName {
  const instructions = kernelInstructions();
  return instructions === 'wasm' ? 'wasm' : `native ${instructions}`;
}

/** The set of instructions that the kernel uses here, or `wasm`. */
export function kernelInstructions(): string {
  return kernel().instructions;
}

/** Whether this processor multiplies bfloat16. */
export function hasBfloat16(): boolean {
  return kernel().bfloat16;
}

/** The least multiple of `size` that is not less than `count`. */
export function wholes(count: number, size: number): number {
  return Math.ceil(count / size) * size;
}

/** What a look at points finds for each. */
export interface Looks {
  /** 1 if all coordinates are finite, else 0. */
  readonly finite: Uint8Array;
  /** Equal points have the same. */
  readonly hashes: Int32Array;
}

/** Looks at all points, and writes what it finds from place `first` on. */
export function look(source: FlatData, { finite, hashes }: Looks, first: number): void {
  kernel().look(...sourceOf(source), finite, hashes, first, threads());
}

/** Room for `n` points of `columns` coordinates. */
export function packedPoints(n: number, columns: number, precision: Precision): PackedPoints {
  const width = Math.ceil(columns / perWord(precision));
  return { words: alignedWords(wholes(n, PANEL) * width), width, precision };
}

/** Words that begin with a line of the cache, so that no register is loaded from two. */
function alignedWords(count: number): Uint32Array {
  const room = new Uint32Array(count + LINE);
  const first = kernel().wordsToLine(room);
  return room.subarray(first, first + count);
}

/** Coordinates in one word. */
export function perWord(precision: Precision): number {
  return precision === 'bfloat16' ? 2 : 1;
}

/** Centres and scales points. */
export interface Frame {
  readonly center: Float64Array;
  /** A power of two, so that scaling rounds nothing. */
  readonly scale: number;
}

/** What packing has added up so far, by point. */
export interface Lengths {
  /** Squared lengths of the packed points. */
  readonly squares: Float64Array;
  /** Squared lengths of what rounding took away. */
  readonly errors: Float64Array;
}

/** No lengths so far of `n` points. */
export function noLengths(n: number): Lengths {
  return { squares: new Float64Array(n), errors: new Float64Array(n) };
}

/**
 * Packs some columns of `count` points from number `from` on as points number `to` and following, centred and scaled,
 * and adds to their lengths. Words that are left over become 0.
 *
 * @param ranges first column and the one after the last, of one range after the other
 */
export function pack(
  source: FlatData,
  { from, count, to }: { readonly from: number; readonly count: number; readonly to: number },
  { words, width, precision }: PackedPoints,
  { center, scale }: Frame,
  ranges: Int32Array,
  { squares, errors }: Lengths,
): void {
  const how = [words, width, precision === 'bfloat16', center, scale, ranges];
  kernel().pack(...sourceOf(source), from, count, ...how, squares, errors, to, threads());
}

/**
 * Products of two sets of packed points with the same width: the rows of the left points from `top` on, by the right
 * points from `left` on. `top` is a multiple of GROUP, `left` of PANEL, and the values have room for whole groups.
 *
 * @param add to the values that are there
 * @param halves half the squared lengths of both sides' points, to be subtracted, infinite where a panel has no point
 * @param above whether only values above the diagonal are needed; of others some are then left as they are
 */
export function multiply(
  rows: PackedPoints,
  columns: PackedPoints,
  { values, stride, top, bottom, left, right }: Tile,
  add: boolean,
  halves?: readonly [Float32Array, Float32Array],
  run: number = RUN,
  above = false,
): void {
  const range = [top, bottom, left, right];
  const subtracted = halves ?? [null];
  const halved = rows.precision === 'bfloat16';
  const factors = [rows.words, columns.words, rows.width, run, halved];
  kernel().multiply(...factors, ...range, values, stride, add, above, ...subtracted, threads());
}

/** The `size` nearest of each of `n` points among those that were offered, by nearness -|y_i - y_j|^2 / 2. */
export class NearestLists {
  /** [n * size] Nearest first. */
  readonly indices: Int32Array;
  /** [n * size] */
  readonly nearness: Float32Array;
  /** [n] */
  readonly #last: Float32Array;

  constructor(
    n: number,
    readonly size: number,
  ) {
    this.indices = new Int32Array(n * size);
    this.nearness = new Float32Array(n * size).fill(Number.NEGATIVE_INFINITY);
    this.#last = new Float32Array(n).fill(Number.NEGATIVE_INFINITY);
  }

  /** Offers each pair of a tile that is above the diagonal to both of its points. */
  offer({ values, stride, top, bottom, left, right }: Tile): void {
    const lists = [this.nearness, this.indices, this.#last, this.size];
    kernel().offer(...lists, values, stride, top, bottom, left, right, threads());
  }
}

/**
 * Squared distances of points i and j by direct differences in float64, or infinity where one is known to exceed its
 * limit.
 *
 * @param ranges first column and the one after the last, of one range after the other
 */
export function measure(
  source: FlatData,
  ranges: Int32Array,
  pairs: { readonly i: Int32Array; readonly j: Int32Array; readonly limits: Float64Array },
  squared: Float64Array,
): void {
  kernel().measure(...sourceOf(source), ranges, pairs.i, pairs.j, pairs.limits, squared, threads());
}

const result = new Float64Array(1);

/** The same for two points of the same length. */
export function distance(
  x: Float32Array | Float64Array,
  y: Float32Array | Float64Array,
  ranges: Int32Array,
  limit: number,
): number {
  if (x.constructor !== y.constructor)
    return distance(Float64Array.from(x), Float64Array.from(y), ranges, limit);
  kernel().distance(x, y, ranges, limit, result);
  return result[0]!;
}

function sourceOf({ data, kept, n, d }: FlatData): unknown[] {
  return [data, kept ?? null, n, d];
}
