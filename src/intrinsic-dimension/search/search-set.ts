/** The points as they are searched: rounded, with a bound on the error of computed distances. */
import { NoEstimateError } from '../no-estimate';
import type { Rows } from '../points/points';
import { kernel } from './kernel';
import {
  type Frame,
  type Lengths,
  noLengths,
  type PackedPoints,
  type Precision,
  pack,
  packedPoints,
  perWord,
} from './packed-points';
import { RUN, SAMPLE } from './plan';
import { wholes } from './wholes';

/** Relative rounding of a float32 number. */
export const UNIT: number = 2 ** -24;
/** Float32 numbers below this lose digits or become 0, depending on the mode of the processor. */
const SMALLEST = 2 ** -126;
/** The norm from which on float32 products could overflow. */
const FAR = 1e15;

/** An image of a set in which no distance exceeds that in the set itself, up to known rounding. */
export interface SearchSet {
  readonly n: number;
  /** The factor from distances between points to distances in the search set. */
  readonly scale: number;
  /** [n] Euclidean norms of the centred and scaled points. */
  readonly norms: Float64Array;
  /** Half the squared lengths of the image's points, and infinity from the last point to the end of a panel. */
  readonly halves: Float32Array;
  /** True if the chunks are kept; otherwise a few large blocks of rows are better than many small ones. */
  readonly resident: boolean;
  /** Number of column chunks. */
  readonly chunks: number;
  /** Chunk `c`, which is valid until the next one is asked for. */
  chunk(c: number): PackedPoints;
  /** The most that the image can stretch a distance. */
  readonly stretch: number;
  /** The most that rounding moves a point of the image, relative to its norm. */
  readonly inputRounding: number;
  /** Rounding of a computed squared distance, relative to (|y_i| + |y_j|)^2. */
  readonly productRounding: number;
  readonly floor: number;
}

/**
 * The points themselves, rounded, after they were centred and scaled by a sample of them, or by all if some are much farther
 * away. If the copy is larger than `memory`, it is made again, chunk by chunk, each time it is needed.
 *
 * @throws NoEstimateError if the squares of the values overflow
 */
export function searchSet(rows: Rows, memory: number, precision: Precision = 'float32'): SearchSet {
  const sampled = framedSet(rows, frameOf(rows, Math.ceil(rows.n / SAMPLE)), memory, precision);
  return sampled.norms.every((norm) => norm < FAR)
    ? sampled
    : framedSet(rows, frameOf(rows), memory, precision);
}

function framedSet(rows: Rows, frame: Frame, memory: number, precision: Precision): SearchSet {
  const { n, d } = rows;
  const affordable = Math.floor(memory / (4 * wholes(n, kernel().panel))) * perWord(precision);
  const columns = Math.max(perWord(precision), Math.min(d, affordable));
  const chunks = Math.ceil(d / columns);
  const target = packedPoints(n, columns, precision);
  const lengths = noLengths(n);
  const fill = (c: number, into: Lengths): PackedPoints => {
    packRows(
      rows,
      { from: 0, count: n },
      target,
      frame,
      Int32Array.of(c * columns, Math.min(d, (c + 1) * columns)),
      into,
    );
    return target;
  };
  for (let c = 0; c < chunks; c++) fill(c, lengths);
  const { squares, errors } = lengths;
  const norms = squares.map(Math.sqrt);
  const floor = 4 * (d + 2) * SMALLEST;
  const moved = norms.reduce((most, norm, i) => {
    const distance = Math.sqrt(errors[i]!) - floor / 2; // for either point of a pair
    return distance > most * norm ? distance / norm : most;
  }, 0);
  const again = chunks > 1 ? noLengths(n) : lengths;
  return {
    n,
    scale: frame.scale,
    norms,
    halves: halvesOf(squares),
    resident: chunks === 1,
    chunks,
    chunk: (c) => (chunks === 1 ? target : fill(c, again)),
    stretch: 1 + 1e-9,
    inputRounding: moved * (1 + 1e-6) + 1e-12,
    productRounding: sumRounding(RUN * perWord(precision) + Math.ceil(target.width / RUN) * chunks + 4),
    floor,
  };
}

/** Packs some columns of points `from`, `from` + `step` .. as points 0, 1 .. */
export function packRows(
  rows: Rows,
  { from, count, step = 1 }: { readonly from: number; readonly count: number; readonly step?: number },
  target: PackedPoints,
  frame: Frame,
  ranges: Int32Array,
  lengths: Lengths,
): void {
  const { d, flat } = rows;
  if (flat && step === 1) {
    pack(flat, { from, count, to: 0 }, target, frame, ranges, lengths);
    return;
  }
  for (let to = 0; to < count; to++) {
    const point = { data: rows.row(from + to * step), n: 1, d };
    pack(point, { from: 0, count: 1, to }, target, frame, ranges, lengths);
  }
}

/** The image of another set: points [n, m] that were computed with known errors. */
export function imageSet(
  image: Float32Array,
  m: number,
  {
    d,
    ...original
  }: Pick<SearchSet, 'n' | 'scale' | 'norms' | 'stretch' | 'inputRounding'> & {
    /** The number of coordinates from which each coordinate of the image was computed. */
    readonly d: number;
  },
): SearchSet {
  const { n } = original;
  const target = packedPoints(n, m, 'float32');
  const lengths = noLengths(n);
  const asIs = { center: new Float64Array(m), scale: 1 };
  pack({ data: image, n, d: m }, { from: 0, count: n, to: 0 }, target, asIs, Int32Array.of(0, m), lengths);
  return {
    ...original,
    halves: halvesOf(lengths.squares),
    resident: true,
    chunks: 1,
    chunk: () => target,
    // The norms are those of the original points; those of the image are at most larger by this factor.
    productRounding:
      sumRounding(RUN + Math.ceil(m / RUN) + 4) * (original.stretch + original.inputRounding) ** 2,
    floor: 4 * (d + m + 2) * Math.sqrt(m) * SMALLEST,
  };
}

function halvesOf(squares: Float64Array): Float32Array {
  const halves = new Float32Array(wholes(squares.length, kernel().panel)).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < squares.length; i++) halves[i] = squares[i]! / 2;
  return halves;
}

/**
 * The largest computed squared distance that a point within the true distance `r` (in the search set's scale)
 * of point `i` can have: rounding moves each of the two points by u |y|, and a sum of n products by
 * n u (|y_i| + |y_j|)^2 (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), where |y_j| is
 * at most |y_i| + r.
 */
export function largestComputed(set: SearchSet, i: number, r: number): number {
  const reach = 2 * set.norms[i]! + r;
  const moved = r * set.stretch + set.inputRounding * reach * 1.01 + set.floor;
  return moved * moved + set.productRounding * reach * reach * 1.01 + set.floor;
}

/**
 * The smallest computed squared distance of a point that is at least the true distance `r` (in the search set's scale) away
 * from point `i`, by the same bounds. It holds only for a set of the points themselves, not for an image in which they may be
 * nearer. It is below 0 if rounding leaves no bound.
 */
export function smallestComputed(set: SearchSet, i: number, r: number): number {
  const reach = 2 * set.norms[i]! + r;
  const moved = Math.max(0, r / set.stretch - set.inputRounding * reach * 1.01 - set.floor);
  return moved * moved - set.productRounding * reach * reach * 1.01 - set.floor;
}

/** The rounding of a float32 sum of products, relative to the sum of their absolute values. */
export function sumRounding(terms: number): number {
  return (terms * UNIT) / (1 - terms * UNIT);
}

/**
 * The frame that centres and scales every `step`-th point. The others have about the same centre, and need not be in the unit
 * ball.
 *
 * @throws NoEstimateError if the squares of the values overflow
 */
export function frameOf(rows: Rows, step = 1): Frame {
  const { n, d } = rows;
  const center = new Float64Array(d);
  const share = 1 / Math.ceil(n / step);
  for (let i = 0; i < n; i += step) {
    const row = rows.row(i);
    for (let c = 0; c < d; c++) center[c]! += row[c]! * share;
  }
  let largest = 0;
  for (let i = 0; i < n; i += step) {
    const row = rows.row(i);
    for (let c = 0; c < d; c++) {
      const size = Math.abs(row[c]! - center[c]!);
      if (size > largest) largest = size;
    }
  }
  if (!(largest < 1e150)) {
    throw new NoEstimateError(
      `values up to ${largest.toExponential(1)} overflow when squared`,
      'divide the points by it',
    );
  }
  return { center, scale: 2 ** -Math.max(-1000, Math.ceil(Math.log2(largest * Math.sqrt(d)))) };
}
