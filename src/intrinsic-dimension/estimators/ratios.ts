/** Ratios of neighbour distances, on which most estimators are based. */
import { NoEstimateError } from '../no-estimate';
import type { NeighbourTable } from '../search/neighbour-table';

/** If the logarithm of a ratio is below this, the distances are tied: a lattice of float32 numbers is even to about 1e-6. */
export const TIE = 4e-6;

/** Which neighbour: one order for all points, or [points] one for each. */
export type Order = number | Int32Array;

/** The order at a point. */
export function orderOf(order: Order, point: number): number {
  return typeof order === 'number' ? order : order[point]!;
}

/** log(r_n2 / r_n1) of every point, in the order of the points. */
export function logRatios({ n, k, distances }: NeighbourTable, n1: Order, n2: Order): Float64Array {
  const logarithms = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const nearer = orderOf(n1, i);
    const farther = orderOf(n2, i);
    logarithms[i] = Math.log(distances[i * k + farther - 1]! / distances[i * k + nearer - 1]!);
  }
  return logarithms;
}

/**
 * How many of the smallest ratios of n points are kept.
 *
 * @param least the number of ratios that an estimate needs
 * @throws RangeError if the fraction leaves too few ratios even with all points; NoEstimateError if it does so because of
 *   duplicates
 */
export function keptRatios(
  { n, duplicates = 0 }: NeighbourTable,
  discardFraction: number,
  least: number,
): number {
  const keptOf = (points: number): number => Math.trunc(points * (1 - discardFraction));
  const kept = keptOf(n);
  if (kept >= least) return kept;
  const reason = `discardFraction ${discardFraction} keeps ${kept} of ${n} distinct points, and ${least} are needed`;
  const cure = 'choose a smaller one, or give more points';
  if (keptOf(n + duplicates) < least) throw new RangeError(`${reason}: ${cure}`);
  throw new NoEstimateError(reason, cure);
}

/** @throws NoEstimateError when more than a quarter of the ratios are 1, as on a lattice */
export function assertUntied(logarithms: Float64Array): void {
  const n = logarithms.length;
  let ties = 0;
  for (const value of logarithms) if (value <= TIE) ties++;
  if (4 * ties <= n) return;
  throw new NoEstimateError(
    `${ties} of ${n} points have two neighbours at the same distance, as on a lattice or among rounded values`,
    'the ratio of distances needs points without ties; add a little noise, or use another estimator',
  );
}
