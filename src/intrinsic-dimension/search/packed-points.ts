/** Points as the kernel multiplies them, packed in its panels, and their products. */
import { threads } from '../../threads';
import type { FlatData } from '../points/points';
import { kernel, sourceOf } from './kernel';
import { RUN } from './plan';
import { wholes } from './wholes';

/** The number of words in a cache line. */
const LINE = 16;

/** The rounding of packed coordinates; bfloat16 has 8 bits of precision, and its products take half the time. */
export type Precision = 'float32' | 'bfloat16';

/** Points as products need them: [panel][word][point of the panel], a word being one float32 or two bfloat16. */
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

/** Room for `n` points of `columns` coordinates. */
export function packedPoints(n: number, columns: number, precision: Precision): PackedPoints {
  const width = Math.ceil(columns / perWord(precision));
  return { words: alignedWords(wholes(n, kernel().panel) * width), width, precision };
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
  const how = [words, width, precision === 'bfloat16', center, scale, ranges] as const;
  kernel().pack(...sourceOf(source), from, count, ...how, squares, errors, to, threads());
}

/**
 * Products of two sets of packed points with the same width: the rows of the left points from `top` on, by the right
 * points from `left` on. `top` is a multiple of the kernel's group, `left` of its panel, and {@link productRoom} is enough for the values.
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
  const halved = rows.precision === 'bfloat16';
  const factors = [rows.words, columns.words, rows.width, run, halved] as const;
  const product = [top, bottom, left, right, values, stride, add, above] as const;
  if (halves) kernel().multiply(...factors, ...product, ...halves, threads());
  else kernel().multiply(...factors, ...product, null, threads());
}

/** Room for the products of `rows` points with `columns` others: whole groups of rows, whole panels of columns. */
export function productRoom(rows: number, columns: number): Pick<Tile, 'values' | 'stride'> {
  const stride = wholes(columns, kernel().panel);
  return { values: new Float32Array(wholes(rows, kernel().group) * stride), stride };
}

/** Some of the points. */
export function gathered({ words, width, precision }: PackedPoints, chosen: Int32Array): PackedPoints {
  const { panel } = kernel();
  const some = packedPoints(chosen.length, width * perWord(precision), precision);
  for (const [row, i] of chosen.entries()) {
    let from = Math.floor(i / panel) * width * panel + (i % panel);
    let to = Math.floor(row / panel) * width * panel + (row % panel);
    for (let w = 0; w < width; w++, from += panel, to += panel) some.words[to] = words[from]!;
  }
  return some;
}

/** The transpose: the coordinates of `n` points become points. */
export function transposed({ words, width, precision }: PackedPoints, n: number): PackedPoints {
  const { panel } = kernel();
  const columns = packedPoints(width, n, precision);
  const target = columns.words;
  for (let i = 0; i < n; i++) {
    const from = Math.floor(i / panel) * width * panel + (i % panel);
    for (let c = 0; c < width; c++) {
      const to = ((c - (c % panel)) * n + i * panel + (c % panel)) | 0;
      target[to] = words[from + c * panel]!;
    }
  }
  return columns;
}
