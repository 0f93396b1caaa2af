/** Points of any accepted form, validated, and without exact duplicates. */
import * as tf from '@tensorflow/tfjs';

/**
 * Points in rows: a tensor, nested arrays, or flat data in C order with its shape [points, dimensions]; or the
 * distances between points that have no coordinates.
 */
export type Points = Coordinates | DistanceMatrix;

/** Points in rows. */
export type Coordinates =
  | tf.Tensor2D
  | readonly (readonly number[])[]
  | { readonly data: Float32Array | Float64Array; readonly shape: readonly [number, number] };

/** A symmetric matrix [points, points] of distances, nested or flat. */
export interface DistanceMatrix {
  readonly distances: readonly (readonly number[])[] | Float32Array | Float64Array;
}

/** Flat rows of finite numbers. */
export interface Rows {
  /** [n * d], C order. */
  readonly data: Float32Array | Float64Array;
  readonly n: number;
  readonly d: number;
}

/** The distinct points of a set. */
export interface DistinctPoints extends Rows {
  /** Rows removed because an earlier row is exactly equal. */
  readonly duplicates: number;
  /** [n] The row of each distinct point in the set given. */
  readonly kept: Int32Array;
}

/**
 * Reads points into flat rows; the caller's data is not copied when it is already flat.
 * A tensor is only read, never disposed of.
 *
 * @throws TypeError for another form, RangeError for wrong shapes and for values that are not finite.
 */
export async function readRows(points: Coordinates): Promise<Rows> {
  const rows = await flatten(points);
  assertFinite(rows);
  return rows;
}

/** Fewer distinct points than the 3 that every estimate needs. */
export class TooFewPointsError extends RangeError {
  /** @param distinct points that are left without duplicates */
  constructor(
    message: string,
    readonly distinct: number,
  ) {
    super(message);
  }
}

/**
 * Removes the rows that repeat an earlier one exactly: two copies of a point lie at distance 0, where a ratio
 * of neighbour distances means nothing.
 *
 * @throws TooFewPointsError when fewer than 3 distinct points remain.
 */
export function distinctPoints({ data, n, d }: Rows): DistinctPoints {
  const kept = firstOfEachRow({ data, n, d });
  const duplicates = n - kept.length;
  if (kept.length < 3) {
    const removed = duplicates === 1 ? '1 duplicate' : `${duplicates} duplicates`;
    const constant = kept.length === 1 && n > 1 ? '; all points are equal' : '';
    throw new TooFewPointsError(
      `need at least 3 distinct points, got ${kept.length} (${removed} removed${constant}): give more points`,
      kept.length,
    );
  }
  if (duplicates === 0) return { data, n, d, duplicates, kept };
  const distinct =
    data instanceof Float32Array ? new Float32Array(kept.length * d) : new Float64Array(kept.length * d);
  kept.forEach((row, i) => {
    distinct.set(data.subarray(row * d, (row + 1) * d), i * d);
  });
  return { data: distinct, n: kept.length, d, duplicates, kept };
}

/**
 * Reads a matrix of distances, and removes the points at distance 0 from an earlier one.
 *
 * @throws RangeError when it is not square, not symmetric, has values that are negative or not finite, or leaves
 *   fewer than 3 distinct points
 */
export function readDistances({ distances }: DistanceMatrix): {
  readonly n: number;
  readonly duplicates: number;
  readonly kept: Int32Array;
  readonly distances: Float64Array;
} {
  const { data, n, d } = Array.isArray(distances)
    ? flattenArrays(distances)
    : flatSquare(distances as Float32Array | Float64Array);
  if (n !== d) throw new RangeError(`distances must be a square matrix, got ${n} rows of ${d}`);
  assertFinite({ data, n, d });
  const kept: number[] = [];
  for (let i = 0; i < n; i++) {
    if (data[i * n + i] !== 0)
      throw new RangeError(`the distance of point ${i} to itself is ${data[i * n + i]}: it must be 0`);
    for (let j = 0; j < i; j++) {
      const [there, back] = [data[i * n + j]!, data[j * n + i]!];
      if (there < 0)
        throw new RangeError(`the distance of points ${i} and ${j} is ${there}: it must not be negative`);
      if (Math.abs(there - back) > 1e-6 * Math.max(there, back)) {
        throw new RangeError(
          `distances must be symmetric, but row ${i}, column ${j} is ${there} and row ${j}, column ${i} is ${back}`,
        );
      }
    }
    if (!kept.some((j) => data[i * n + j] === 0)) kept.push(i);
  }
  const m = kept.length;
  const duplicates = n - m;
  if (m < 3)
    throw new TooFewPointsError(
      `need at least 3 distinct points, got ${m} (${duplicates} duplicates removed)`,
      m,
    );
  const distinct = new Float64Array(m * m);
  kept.forEach((i, a) => {
    kept.forEach((j, b) => {
      distinct[a * m + b] = (data[i * n + j]! + data[j * n + i]!) / 2;
    });
  });
  return { n: m, duplicates, kept: Int32Array.from(kept), distances: distinct };
}

function flatSquare(data: Float32Array | Float64Array): Rows {
  const n = Math.round(Math.sqrt(data.length));
  if (n * n !== data.length) {
    throw new RangeError(`distances must be a square matrix, got ${data.length} numbers, which is no square`);
  }
  return { data, n, d: n };
}

async function flatten(points: Coordinates): Promise<Rows> {
  if (points instanceof tf.Tensor) {
    if (points.rank !== 2) {
      throw new RangeError(
        `points must be a tensor [points, dimensions], got shape [${points.shape}]: reshape it`,
      );
    }
    const values = await points.data();
    const data = values instanceof Float32Array ? values : Float64Array.from(values);
    return checked(data, points.shape[0], points.shape[1]);
  }
  if (Array.isArray(points)) return flattenArrays(points);
  if ('data' in points && 'shape' in points) {
    const { data, shape } = points;
    if (!(data instanceof Float32Array || data instanceof Float64Array)) {
      throw new TypeError(
        'points.data must be a Float32Array or Float64Array: convert it, or pass number[][]',
      );
    }
    if (shape.length !== 2) {
      throw new RangeError(
        `points.shape must be [points, dimensions], got [${shape}]: flatten the trailing axes`,
      );
    }
    return checked(data, shape[0], shape[1]);
  }
  throw new TypeError('points must be a tf.Tensor2D, number[][], { data, shape } or { distances }');
}

function flattenArrays(points: readonly (readonly number[])[]): Rows {
  const n = points.length;
  const d = points[0]?.length ?? 0;
  const data = new Float64Array(n * d);
  points.forEach((point, i) => {
    if (point.length !== d) {
      throw new RangeError(
        `row ${i} has ${point.length} numbers, row 0 has ${d}: all points need the same length`,
      );
    }
    data.set(point, i * d);
  });
  return checked(data, n, d);
}

function checked(data: Float32Array | Float64Array, n: number, d: number): Rows {
  if (data.length !== n * d) {
    throw new RangeError(`shape [${n}, ${d}] needs ${n * d} numbers, got ${data.length}: correct the shape`);
  }
  if (n === 0 || d === 0) throw new RangeError(`need at least 3 distinct points, got shape [${n}, ${d}]`);
  return { data, n, d };
}

function assertFinite({ data, d }: Rows): void {
  let bad = 0;
  let first = 0;
  for (let i = data.length - 1; i >= 0; i--) {
    // x - x is 0 for every finite number, NaN otherwise.
    if (data[i]! - data[i]! !== 0) {
      bad++;
      first = i;
    }
  }
  if (bad === 0) return;
  throw new RangeError(
    `${bad} of ${data.length} values ${bad === 1 ? 'is' : 'are'} NaN or infinite, ` +
      `the first (${data[first]}) in row ${Math.floor(first / d)}, column ${first % d}: remove or repair these rows`,
  );
}

/** The row numbers of the first copy of each row, by an FNV-1a hash over the bits and a full comparison. */
function firstOfEachRow({ data, n, d }: Rows): Int32Array {
  const words = new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  const width = words.length / n;
  const signBit = 1 << 31;
  const buckets = 1 << Math.max(4, Math.ceil(Math.log2(2 * n)));
  const head = new Int32Array(buckets).fill(-1);
  const next = new Int32Array(n);
  const hashes = new Int32Array(n);
  const kept = new Int32Array(n);
  let count = 0;
  for (let row = 0; row < n; row++) {
    let hash = 0x811c9dc5;
    for (let w = row * width, end = w + width; w < end; w++) {
      const word = words[w]!;
      // -0 equals 0, so both must hash alike.
      hash = Math.imul(hash ^ (word === signBit ? 0 : word), 0x01000193);
    }
    const bucket = (hash ^ (hash >>> 15)) & (buckets - 1);
    let other = head[bucket]!;
    while (other >= 0 && !(hashes[other] === hash && equalRows(data, d, other, row))) other = next[other]!;
    if (other >= 0) continue;
    hashes[row] = hash;
    next[row] = head[bucket]!;
    head[bucket] = row;
    kept[count++] = row;
  }
  return kept.subarray(0, count);
}

function equalRows(data: Float32Array | Float64Array, d: number, a: number, b: number): boolean {
  for (let c = 0, p = a * d, q = b * d; c < d; c++, p++, q++) if (data[p] !== data[q]) return false;
  return true;
}
