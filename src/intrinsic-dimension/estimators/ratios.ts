/** Ratios of neighbour distances, on which most estimators rest. */
import { NoEstimateError } from '../no-estimate';
import type { NeighbourTable } from '../search/neighbour-table';

/** A logarithm of a ratio below this is a tie: a lattice of float32 numbers is even to about 1e-6. */
const TIE = 4e-6;

/** log(r_n2 / r_n1) of every point, in the points' order. */
export function logRatios({ n, k, distances }: NeighbourTable, n1: number, n2: number): Float64Array {
  const logarithms = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    logarithms[i] = Math.log(distances[i * k + n2 - 1]! / distances[i * k + n1 - 1]!);
  }
  return logarithms;
}

/** @throws NoEstimateError when more than a quarter of the ratios are 1, as on a lattice */
export function assertUntied(logarithms: Float64Array): void {
  const n = logarithms.length;
  let ties = 0;
  for (const value of logarithms) if (value <= TIE) ties++;
  if (4 * ties <= n) return;
  throw new NoEstimateError(
    `${ties} of ${n} points have two nearest neighbours at the same distance, as on a lattice or among rounded values`,
    'the ratio of distances needs points without ties; add a little noise, or use another estimator',
  );
}
