/** Logarithms of a point's neighbour distances, the basis of likelihoods of k neighbours. */
import { NoEstimateError } from '../no-estimate';
import type { NeighbourTable } from '../search/neighbour-table';

/**
 * The sum over j < k of log(r_k / r_j) of each point.
 *
 * @param tiedShare the share of points that may have all k nearest neighbours at one distance
 * @throws NoEstimateError if the share is larger
 */
export function logDistanceSums(
  { n, k: width, distances }: NeighbourTable,
  k: number,
  tiedShare: number,
): Float64Array {
  const sums = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const last = distances[i * width + k - 1]!;
    for (let p = i * width; p < i * width + k - 1; p++) sums[i]! += Math.log(last / distances[p]!);
  }
  const tied = sums.reduce((count, sum) => count + (sum === 0 ? 1 : 0), 0);
  if (tied <= tiedShare * n) return sums;
  throw new NoEstimateError(
    `${tied} of ${n} points have their ${k} nearest neighbours all at the same distance, as on a lattice`,
    'the likelihood needs points without ties; use a larger k, or add a little noise',
  );
}
