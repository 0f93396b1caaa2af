/** The points of one saved layer, in memory if they fit, and otherwise read from the file row by row. */
import { type Box, readBox, type StoredArray } from '../../intrinsic-dimension/files/stored-array';
import type { PointsOnDemand } from '../../intrinsic-dimension/points/points';
import { cachedRows } from '../cached-rows';
import { type Axes, axesNamed } from './axes';
import type { Selection } from './tokens';

type Numbers = Float32Array | Float64Array;

/** The number of elements that are read from the file at once. */
const AT_ONCE = 2 ** 22;

/**
 * @param layer index along the axis L, if the array has one
 * @param memory bytes that the points may take
 */
export function savedPoints(
  array: StoredArray,
  axes: Axes,
  layer: number,
  selection: Selection,
  memory: number,
): PointsOnDemand {
  const rows = rowReader(array, axes, layer, selection);
  const n = selection.places.length;
  const d = rows.width;
  const sample = n > 0 ? rows.read(0, 1) : new Float32Array();
  const shape = [n, d] as const;
  const bytes = sample.BYTES_PER_ELEMENT * d;
  const empty = (length: number): Numbers =>
    sample instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  if (n * bytes > memory) {
    const row = cachedRows(
      () => empty(d),
      bytes,
      (i, into) => into.set(rows.read(i, i + 1)),
    );
    return { shape, row };
  }
  const data = empty(n * d);
  for (let from = 0; from < n; ) {
    const to = rows.end(from);
    data.set(rows.read(from, to), from * d);
    from = to;
  }
  return { shape, data, row: (i) => data.subarray(i * d, (i + 1) * d) };
}

interface RowReader {
  readonly width: number;
  /** The last point, exclusive, that is read together with the point `from`. */
  end(from: number): number;
  read(from: number, to: number): Numbers;
}

function rowReader(array: StoredArray, axes: Axes, layer: number, selection: Selection): RowReader {
  const { places, tokens, mean } = selection;
  const [layerAxis] = axesNamed(axes, 'L');
  const [exampleAxis] = axesNamed(axes, 'N') as [number];
  const tokenAxes = axesNamed(axes, 'T');
  const featureAxes = axesNamed(axes, 'D');
  const width = featureAxes.reduce((size, axis) => size * array.shape[axis]!, 1);
  const order = [exampleAxis, ...tokenAxes, ...featureAxes];
  const exampleOf = (point: number): number => Math.floor(places[point]! / tokens);
  const tokenOf = (point: number): number => places[point]! % tokens;
  const isSparse = !mean && places.length < 0.25 * array.shape[exampleAxis]! * tokens;
  const atOnce = Math.max(1, Math.floor(AT_ONCE / (width * (isSparse ? 1 : tokens))));

  const box = (first: number, count: number, token?: number): Box => {
    const from = array.shape.map(() => 0);
    const counts = [...array.shape];
    [from[exampleAxis], counts[exampleAxis]] = [first, count];
    if (layerAxis !== undefined) [from[layerAxis], counts[layerAxis]] = [layer, 1];
    if (token !== undefined) {
      let rest = token;
      for (const axis of [...tokenAxes].reverse()) {
        [from[axis], counts[axis]] = [rest % array.shape[axis]!, 1];
        rest = Math.floor(rest / array.shape[axis]!);
      }
    }
    return { from, count: counts };
  };

  /** Points that are the same token of successive examples are one box. */
  const sameToken = (from: number): number => {
    let to = from + 1;
    while (to < places.length && to - from < atOnce && places[to] === places[to - 1]! + tokens) to++;
    return to;
  };
  /** Points of the next few examples are one box. */
  const sameExamples = (from: number): number => {
    const last = exampleOf(from) + atOnce;
    let to = from + 1;
    while (to < places.length && exampleOf(to) < last) to++;
    return to;
  };

  const read = (from: number, to: number): Numbers => {
    const first = exampleOf(from);
    const count = exampleOf(to - 1) - first + 1;
    if (!mean && (isSparse || to - from === 1))
      return readBox(array, box(first, count, tokenOf(from)), order);
    const all = readBox(array, box(first, count), order);
    const start = first * tokens;
    const rows =
      all instanceof Float32Array
        ? new Float32Array((to - from) * width)
        : new Float64Array((to - from) * width);
    for (let i = 0; i < to - from; i++) {
      const place = places[from + i]!;
      const row = rows.subarray(i * width, (i + 1) * width);
      if (mean) meanOver(all, (place - start) * width, place, row);
      else row.set(all.subarray((place - start) * width, (place - start + 1) * width));
    }
    return rows;
  };

  const meanOver = (all: Numbers, at: number, place: number, into: Numbers): void => {
    const sums = new Float64Array(width);
    let count = 0;
    for (let t = 0; t < tokens; t++) {
      if (mean?.valid && mean.valid[place + t] === 0) continue;
      count++;
      for (let c = 0; c < width; c++) sums[c] = sums[c]! + all[at + t * width + c]!;
    }
    for (let c = 0; c < width; c++) into[c] = sums[c]! / count;
  };

  return { width, end: isSparse ? sameToken : sameExamples, read };
}
