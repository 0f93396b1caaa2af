/** Points of any accepted form, validated, and without exact duplicates. */
import { inWords } from '../given';
import { NoEstimateError } from '../no-estimate';
import { type Looks, look } from '../search/search-kernel';

/**
 * Points in rows, as a tensor, nested arrays, flat data in C order with its shape [points, dimensions], or a function that
 * reads a row; or the distances between points that have no coordinates.
 */
export type Points = Coordinates | DistanceMatrix;

/** A matrix of any tensor library whose tensors have a shape and can be read. It is only read, never disposed of. */
export interface TensorLike {
  readonly shape: readonly number[];
  readonly dtype: string;
  dataSync(): ArrayLike<unknown>;
}

/** Points in rows. */
export type Coordinates =
  | TensorLike
  | readonly (readonly number[])[]
  | { readonly data: Float32Array | Float64Array; readonly shape: readonly [number, number] }
  | PointsOnDemand;

/** Points that need not be in memory. */
export interface PointsOnDemand {
  /** Coordinates of point i, which must remain valid while one further point is read. */
  row(i: number): Float32Array | Float64Array;
  /** [points, dimensions] */
  readonly shape: readonly [number, number];
  /** All rows one after the other, if they are in memory. */
  readonly data?: Float32Array | Float64Array;
}

/** A symmetric matrix [points, points] of distances: a tensor, nested or flat. */
export interface DistanceMatrix {
  readonly distances: TensorLike | readonly (readonly number[])[] | Float32Array | Float64Array;
}

/** Rows of finite numbers. */
export interface Rows {
  readonly n: number;
  readonly d: number;
  /** Coordinates of point i, which are valid until the next row but one is read. */
  row(i: number): Float32Array | Float64Array;
  /** The points as flat data, if all are in memory. */
  readonly flat?: FlatData;
}

/** Points that are in memory, one after the other. */
export interface FlatData {
  readonly n: number;
  readonly d: number;
  /** Rows of `d` coordinates. */
  readonly data: Float32Array | Float64Array;
  /** [n] The row of each point. @default row i for point i */
  readonly kept?: Int32Array;
}

/** Rows that are all in memory. */
export interface FlatRows extends Rows {
  readonly flat: FlatData;
  /** [n * d], C order. */
  readonly data: Float32Array | Float64Array;
}

/** Rows of flat data in C order. */
export function flatRows(data: Float32Array | Float64Array, n: number, d: number): FlatRows {
  return { data, n, d, row: (i) => data.subarray(i * d, (i + 1) * d), flat: { data, n, d } };
}

/** The distinct points of a set. */
export interface DistinctPoints extends Rows {
  /** The number of rows removed because they are exactly equal to an earlier row. */
  readonly duplicates: number;
  /** [n] The row of each distinct point in the original set. */
  readonly kept: Int32Array;
}

/**
 * @throws NoEstimateError when fewer than k + 1 points are distinct
 */
export function assertNeighbours(k: number, n: number): void {
  if (k < n) return;
  throw new NoEstimateError(
    `${k} neighbours need at least ${k + 1} distinct points, got ${n}`,
    'give more points, or use fewer neighbours',
  );
}

/**
 * Removes the rows that repeat an earlier one exactly: two copies of a point are at distance 0, where a ratio of neighbour
 * distances has no meaning.
 *
 * @throws NoEstimateError for values that are not finite, and when fewer than 3 distinct points remain
 */
export function distinctPoints(rows: Rows): DistinctPoints {
  const { n, d } = rows;
  const looks = lookAt(rows);
  assertFinite(rows, looks);
  const kept = firstOfEachRow(rows, looks);
  const duplicates = n - kept.length;
  if (kept.length < 3) {
    const removed = duplicates === 1 ? '1 duplicate' : `${duplicates} duplicates`;
    const constant = kept.length === 1 && n > 1 ? '; all points are equal' : '';
    throw new NoEstimateError(
      `need at least 3 distinct points, got ${kept.length} (${removed} removed${constant})`,
      'give more points',
    );
  }
  const distinct = { n: kept.length, d, duplicates, kept };
  if (duplicates === 0) return { ...rows, ...distinct };
  const flat = rows.flat && { ...rows.flat, n: kept.length, kept };
  return { ...distinct, row: (i) => rows.row(kept[i]!), ...(flat ? { flat } : {}) };
}

/**
 * Reads a matrix of distances, and removes the points at distance 0 from an earlier one.
 *
 * @throws RangeError when it is not square, not symmetric, or has negative values; NoEstimateError for values that are not
 *   finite, and when fewer than 3 distinct points remain
 */
export async function readDistances({ distances }: DistanceMatrix): Promise<{
  readonly n: number;
  readonly duplicates: number;
  readonly kept: Int32Array;
  readonly distances: Float64Array;
}> {
  const { data, n, d } = await flattenMatrix(distances);
  if (n !== d) throw new RangeError(`distances must be a square matrix, got ${n} rows of ${d}`);
  assertFinite(flatRows(data, n, d));
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
    throw new NoEstimateError(
      `need at least 3 distinct points, got ${m} (${duplicates} duplicates removed)`,
      'give more points',
    );
  const distinct = new Float64Array(m * m);
  kept.forEach((i, a) => {
    kept.forEach((j, b) => {
      distinct[a * m + b] = (data[i * n + j]! + data[j * n + i]!) / 2;
    });
  });
  return { n: m, duplicates, kept: Int32Array.from(kept), distances: distinct };
}

async function flattenMatrix(distances: DistanceMatrix['distances']): Promise<FlatRows> {
  if (typeof distances !== 'object' || distances === null)
    throw new TypeError(`distances must be a matrix, got ${inWords(distances)}`);
  if (isTensor(distances)) return flattenTensor(distances);
  if (Array.isArray(distances)) return flattenArrays(distances);
  if (distances instanceof Float32Array || distances instanceof Float64Array) return flatSquare(distances);
  throw new TypeError('distances must be a tensor, number[][], Float32Array or Float64Array');
}

function flatSquare(data: Float32Array | Float64Array): FlatRows {
  const n = Math.round(Math.sqrt(data.length));
  if (n * n !== data.length) {
    throw new RangeError(
      `distances must be a square matrix, got ${data.length} numbers, which is not a square number`,
    );
  }
  return flatRows(data, n, n);
}

const FORMS = 'points must be a tensor, number[][], { data, shape }, { row, shape } or { distances }';

/**
 * Reads points into rows; data that is already flat is not copied. A tensor is only read, never disposed of. This function
 * does not check that the values are finite.
 *
 * @throws TypeError for another form, RangeError for wrong shapes.
 */
export async function readRows(points: Coordinates): Promise<Rows> {
  if (typeof points !== 'object' || points === null) throw new TypeError(`${FORMS}, got ${inWords(points)}`);
  if (isTensor(points)) return flattenTensor(points);
  if (Array.isArray(points)) return flattenArrays(points);
  if ('row' in points && 'shape' in points) {
    const [n, d] = points.shape;
    if (points.data) return checked(points.data, n, d);
    assertSome(n, d);
    return { n, d, row: (i) => rowOf(points, i) };
  }
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
  throw new TypeError(FORMS);
}

function isTensor(points: object): points is TensorLike {
  return 'dataSync' in points && 'shape' in points;
}

function flattenTensor(points: TensorLike): FlatRows {
  const [n, d, ...more] = points.shape;
  if (n === undefined || d === undefined || more.length > 0) {
    throw new RangeError(
      `points must be a tensor [points, dimensions], got shape [${points.shape}]: reshape it`,
    );
  }
  if (points.dtype === 'complex64' || points.dtype === 'string') {
    throw new TypeError(`points must be real numbers, got a tensor of dtype ${points.dtype}: convert it`);
  }
  const values = points.dataSync();
  const data =
    values instanceof Float32Array || values instanceof Float64Array
      ? values
      : Float64Array.from(values as ArrayLike<number>);
  return checked(data, n, d);
}

function flattenArrays(points: readonly (readonly number[])[]): FlatRows {
  const n = points.length;
  const d = points[0]?.length ?? 0;
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const point = points[i];
    if (!isList(point)) throw new TypeError(`row ${i} must be an array of numbers, got ${inWords(point)}`);
    if (point.length !== d) {
      throw new RangeError(
        `row ${i} has ${point.length} numbers, row 0 has ${d}: all points need the same length`,
      );
    }
    assertNumbers(point, i);
    data.set(point, i * d);
  }
  return checked(data, n, d);
}

function isList(point: unknown): point is ArrayLike<unknown> {
  return Array.isArray(point) || (ArrayBuffer.isView(point) && !(point instanceof DataView));
}

/** Rejects values other than numbers, since JavaScript would read null as 0, true as 1 and '2' as 2. */
function assertNumbers(point: ArrayLike<unknown>, i: number): asserts point is ArrayLike<number> {
  for (let c = 0; c < point.length; c++) {
    if (typeof point[c] === 'number') continue;
    throw new TypeError(
      `row ${i}, column ${c} is ${inWords(point[c])}, which is not a number: remove this row, or put a number there`,
    );
  }
}

function checked(data: Float32Array | Float64Array, n: number, d: number): FlatRows {
  assertSizes(n, d);
  if (data.length !== n * d) {
    throw new RangeError(`shape [${n}, ${d}] needs ${n * d} numbers, got ${data.length}: correct the shape`);
  }
  assertSome(n, d);
  return flatRows(data, n, d);
}

function assertSizes(n: number, d: number): void {
  if ([n, d].every((size) => Number.isSafeInteger(size) && size >= 0)) return;
  throw new RangeError(
    `the shape must be two whole numbers [points, dimensions], got [${inWords(n)}, ${inWords(d)}]`,
  );
}

function assertSome(n: number, d: number): void {
  assertSizes(n, d);
  if (n === 0 || d === 0) throw new RangeError(`need at least 3 distinct points, got shape [${n}, ${d}]`);
}

function rowOf(points: PointsOnDemand, i: number): Float32Array | Float64Array {
  const row = points.row(i);
  if (!(row instanceof Float32Array || row instanceof Float64Array)) {
    throw new TypeError(
      `points.row must give a Float32Array or Float64Array, row ${i} is another object: convert it`,
    );
  }
  if (row.length === points.shape[1]) return row;
  throw new RangeError(
    `row ${i} has ${row.length} numbers, but the shape is [${points.shape}]: correct the shape`,
  );
}

function lookAt({ n, d, flat, row }: Rows): Looks {
  const looks = { finite: new Uint8Array(n), hashes: new Int32Array(n) };
  if (flat) look(flat, looks, 0);
  else for (let i = 0; i < n; i++) look({ data: row(i), n: 1, d }, looks, i);
  return looks;
}

/** @throws NoEstimateError for values that are not finite, with their number and the first one */
export function assertFinite(rows: Rows, { finite }: Looks = lookAt(rows)): void {
  const { n, d } = rows;
  let bad = 0;
  let first = '';
  for (let i = 0; i < n; i++) {
    if (finite[i]) continue;
    const row = rows.row(i);
    for (let c = 0; c < d; c++) {
      if (Number.isFinite(row[c])) continue;
      if (bad++ === 0) first = `(${row[c]}) in row ${i}, column ${c}`;
    }
  }
  if (bad === 0) return;
  throw new NoEstimateError(
    `${bad} of ${n * d} values ${bad === 1 ? 'is' : 'are'} NaN or infinite, the first ${first}`,
    'remove or repair these rows',
  );
}

/** The row numbers of the first copy of each row, by their hashes and a full comparison. */
function firstOfEachRow(rows: Rows, { hashes }: Looks): Int32Array {
  const { n } = rows;
  const buckets = 1 << Math.max(4, Math.ceil(Math.log2(2 * n)));
  const head = new Int32Array(buckets).fill(-1);
  const next = new Int32Array(n);
  const kept = new Int32Array(n);
  let count = 0;
  for (let i = 0; i < n; i++) {
    const hash = hashes[i]!;
    const bucket = (hash ^ (hash >>> 15)) & (buckets - 1);
    let other = head[bucket]!;
    while (other >= 0 && !(hashes[other] === hash && equal(rows.row(other), rows.row(i)))) {
      other = next[other]!;
    }
    if (other >= 0) continue;
    next[i] = head[bucket]!;
    head[bucket] = i;
    kept[count++] = i;
  }
  return kept.subarray(0, count);
}

function equal(a: Float32Array | Float64Array, b: Float32Array | Float64Array): boolean {
  for (let c = 0; c < a.length; c++) if (a[c] !== b[c]) return false;
  return true;
}
