/** The inner loops of a search, compiled from C++ (`native/`) for each instruction set and for WebAssembly. */
import { threads } from '../../threads';
import type { FlatData } from '../points/points';
import { kernel } from './kernel';

/** The number of points in a panel, whose coordinates are interleaved. */
export const PANEL: number = 32;
/** Ranges of rows in a product begin at a multiple of this number. */
export const GROUP: number = 8;
/** The default number of a point's words that are summed at a time; these sums are then added. */
export const RUN: number = 256;

/** The number of words in a cache line. */
const LINE = 16;

/** The rounding of packed coordinates; bfloat16 has 8 bits of precision, and its products take half the time. */
export type Precision = 'float32' | 'bfloat16';

/** Points in the layout that products need: [panel][word][PANEL], where a word is one float32 or two bfloat16. */
export interface PackedPoints {
  readonly words: Uint32Array;
  /** The number of words of one point. */
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

/** The kernel in use, with its instruction set if it is native. */
export type KernelName = 'wasm' | `native ${string}`;

/** The name of the kernel in use. */
export function kernelName(): KernelName {
  const instructions = kernelInstructions();
  return instructions === 'wasm' ? 'wasm' : `native ${instructions}`;
}

/** The instruction set that the kernel uses, or `wasm`. */
export function kernelInstructions(): string {
  return kernel().instructions;
}

/** True if this processor multiplies bfloat16. */
export function hasBfloat16(): boolean {
  return kernel().bfloat16;
}

/** The least multiple of `size` that is not less than `count`. */
export function wholes(count: number, size: number): number {
  return Math.ceil(count / size) * size;
}

/** The findings of {@link look} for each point. */
export interface Looks {
  /** 1 if all coordinates are finite, else 0. */
  readonly finite: Uint8Array;
  /** Hashes, which are the same for equal points. */
  readonly hashes: Int32Array;
}

/** Examines all points, and writes the findings from position `first` on. */
export function look(source: FlatData, { finite, hashes }: Looks, first: number): void {
  kernel().look(...sourceOf(source), finite, hashes, first, threads());
}

/** Room for `n` points of `columns` coordinates. */
export function packedPoints(n: number, columns: number, precision: Precision): PackedPoints {
  const width = Math.ceil(columns / perWord(precision));
  return { words: alignedWords(wholes(n, PANEL) * width), width, precision };
}

/** Words that begin on a cache line, so that no register is loaded from two lines. */
function alignedWords(count: number): Uint32Array {
  const room = new Uint32Array(count + LINE);
  const first = kernel().wordsToLine(room);
  return room.subarray(first, first + count);
}

/** The number of coordinates in one word. */
export function perWord(precision: Precision): number {
  return precision === 'bfloat16' ? 2 : 1;
}

/** Centres and scales points. */
export interface Frame {
  readonly center: Float64Array;
  /** A power of two, so that scaling causes no rounding. */
  readonly scale: number;
}

/** The sums over the columns packed so far, by point. */
export interface Lengths {
  /** Squared lengths of the packed points. */
  readonly squares: Float64Array;
  /** Squared lengths of the rounding errors. */
  readonly errors: Float64Array;
}

/** Lengths of `n` points before anything is packed. */
export function noLengths(n: number): Lengths {
  return { squares: new Float64Array(n), errors: new Float64Array(n) };
}

/**
 * Packs some columns of `count` points from point `from` on, centred and scaled, as points `to` and following, and adds to their
 * lengths. Unused words become 0.
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
 * @param add adds to the present values
 * @param halves half the squared lengths of both sides' points, to be subtracted, infinite where a panel has no point
 * @param above if true, only values above the diagonal are needed, and some of the others are not computed
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

/** For each of `n` points, the `size` nearest of the points that were offered, by nearness -|y_i - y_j|^2 / 2. */
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
 * Squared distances between points i and j in float64, from differences of coordinates; infinity if the limit is exceeded.
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
