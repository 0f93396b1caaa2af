/** Squared distances in float64, computed from differences of coordinates. */

import { distance, measure } from '../search/search-kernel';
import type { Columns } from './columns';
import type { Rows } from './points';

/** Pairs of points; the computation of a distance stops as soon as its square exceeds the limit. */
export interface Pairs {
  readonly i: Int32Array;
  readonly j: Int32Array;
  readonly limits: Float64Array;
}

/** The squared distance of each pair, infinite if it exceeds the limit. */
export function squaredDistances(
  { flat, row }: Rows,
  { ranges }: Pick<Columns, 'ranges'>,
  pairs: Pairs,
): Float64Array {
  const { i, j, limits } = pairs;
  const squared = new Float64Array(i.length);
  if (flat) measure(flat, ranges, pairs, squared);
  else for (let p = 0; p < i.length; p++) squared[p] = distance(row(i[p]!), row(j[p]!), ranges, limits[p]!);
  return squared;
}

/** The squared distance between two points. */
export function squaredDistance({ d, row }: Rows, i: number, j: number): number {
  return distance(row(i), row(j), Int32Array.of(0, d), Number.POSITIVE_INFINITY);
}
