/** Points of any accepted form, read into rows. */
import { inWords } from '../../given';
import { counted } from '../../number-format';
import { NoEstimateError } from '../no-estimate';

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
  if ('then' in points) throw new TypeError(`${FORMS}, got a promise: await it`);
  if ('row' in points && 'shape' in points) {
    const [n, d] = shapeOf(points);
    if (points.data) return checked(points.data, n, d);
    assertSome(n, d);
    return { n, d, row: (i) => rowOf(points, i) };
  }
  if ('data' in points && 'shape' in points) {
    const { data } = points;
    const [n, d] = shapeOf(points);
    if (!(data instanceof Float32Array || data instanceof Float64Array)) {
      throw new TypeError(
        'points.data must be a Float32Array or Float64Array: convert it, or pass number[][]',
      );
    }
    return checked(data, n, d);
  }
  const names = Object.keys(points).slice(0, 4);
  const got = ArrayBuffer.isView(points)
    ? 'numbers without a shape'
    : names.length > 0
      ? `an object with ${names.join(', ')}`
      : 'another object';
  throw new TypeError(`${FORMS}, got ${got}`);
}

/** @throws RangeError for anything but a list of two sizes */
function shapeOf({ shape }: { readonly shape: unknown }): readonly [number, number] {
  if (Array.isArray(shape) && shape.length === 2) return shape as [number, number];
  throw new RangeError(
    `points.shape must be [points, dimensions], got ${inWords(shape)}: flatten any trailing axes`,
  );
}

export function isTensor(points: object): points is TensorLike {
  return 'dataSync' in points && 'shape' in points;
}

/** @throws TypeError for numbers that are not real, RangeError for another shape */
export function flattenTensor(points: TensorLike): FlatRows {
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

/** @throws TypeError for what is not a number, RangeError for rows of different lengths */
export function flattenArrays(points: readonly (readonly number[])[]): FlatRows {
  const n = points.length;
  const d = points[0]?.length ?? 0;
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const point = points[i];
    if (!isList(point)) throw new TypeError(`row ${i} must be an array of numbers, got ${inWords(point)}`);
    if (point.length !== d) {
      throw new RangeError(
        `row ${i} has ${counted(point.length, 'number')}, row 0 has ${d}: all points need the same length`,
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
    throw new RangeError(
      `shape [${n}, ${d}] needs ${counted(n * d, 'number')}, got ${data.length}: correct the shape`,
    );
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
  if (n > 0 && d > 0) return;
  throw new NoEstimateError(
    `need at least 3 distinct points, got shape [${n}, ${d}]`,
    n === 0 ? 'give more points' : 'points need at least one coordinate',
  );
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
    `row ${i} has ${counted(row.length, 'number')}, but the shape is [${points.shape}]: correct the shape`,
  );
}
