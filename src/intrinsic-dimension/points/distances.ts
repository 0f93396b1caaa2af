/** Squared distances in float64, computed from differences of coordinates. */
import { threads } from '../../threads';
import { type Coordinates, kernel, sourceOf } from '../search/kernel';
import type { Rows } from './points';

/** Pairs of points; the computation of a distance stops as soon as its square exceeds the limit. */
export interface Pairs {
  readonly i: Int32Array;
  readonly j: Int32Array;
  readonly limits: Float64Array;
}

/**
 * The squared distance of each pair, infinite if it exceeds the limit.
 *
 * @param ranges first column and the one after the last, of one range after the other
 */
export function squaredDistances(
  { flat, row }: Rows,
  ranges: Int32Array,
  { i, j, limits }: Pairs,
): Float64Array {
  const squared = new Float64Array(i.length);
  if (flat) kernel().measure(...sourceOf(flat), ranges, i, j, limits, squared, threads());
  else for (let p = 0; p < i.length; p++) squared[p] = distance(row(i[p]!), row(j[p]!), ranges, limits[p]!);
  return squared;
}

/** The squared distance between two points. */
export function squaredDistance({ d, row }: Rows, i: number, j: number): number {
  return distance(row(i), row(j), Int32Array.of(0, d), Number.POSITIVE_INFINITY);
}

const result = new Float64Array(1);

function distance(x: Coordinates, y: Coordinates, ranges: Int32Array, limit: number): number {
  if (x.constructor !== y.constructor)
    return distance(Float64Array.from(x), Float64Array.from(y), ranges, limit);
  kernel().distance(x, y, ranges, limit, result);
  return result[0]!;
}
