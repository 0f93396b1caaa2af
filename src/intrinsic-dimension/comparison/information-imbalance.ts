/** Information imbalance: how well neighbours in one description of points predict those in another (Glielmo et al. 2022). */
import { assertNeighbours } from '../points/distinct-points';
import type { Points } from '../points/points';
import type { Space } from '../points/space';
import type { NeighbourTable } from '../search/neighbour-table';
import { commonPoints } from './common-points';
import { assertComparable, type Comparison, type ComparisonOptions, comparisonOf } from './comparison';
import { ranksOf } from './ranks';

/** Options of the information imbalance. */
export interface ImbalanceOptions extends ComparisonOptions {
  /** The number of nearest neighbours in one description whose ranks in the other are used. @default 1 */
  readonly k?: number;
}

/** The information imbalance in both directions. */
export interface InformationImbalance {
  /** Near 0 if `a` predicts the neighbours in `b`, and 1 if it says nothing about them. */
  readonly aToB: Comparison;
  readonly bToA: Comparison;
  readonly points: number;
  /** The number of points removed because they repeat an earlier one in either set. */
  readonly duplicates: number;
}

/**
 * Delta(A -> B) is 2 / N times the mean rank in B of the k nearest neighbours in A (Glielmo et al. 2022, with k = 1).
 * Row i of `a` and row i of `b` describe the same point. All points are used, with N^2 distances in each set.
 *
 * @throws RangeError for different numbers of rows, and options out of range; NoEstimateError for too few points
 */
export async function informationImbalance(
  a: Points,
  b: Points,
  options: ImbalanceOptions = {},
): Promise<InformationImbalance> {
  assertComparable('informationImbalance', options);
  const { k = 1, onProgress } = options;
  const { a: first, b: second, duplicates } = await commonPoints(a, b, options.metric);
  const part = (index: number) => ({
    ...options,
    ...(onProgress ? { onProgress: (done: number) => onProgress((index + done) / 4) } : {}),
  });
  assertNeighbours(k, first.n);
  // One neighbour more, which takes the place of a point that is left out.
  const deep = Math.min(k + 1, first.n - 1);
  const inA = await first.neighbours(deep, part(0));
  const inB = await second.neighbours(deep, part(1));
  return {
    aToB: await imbalance(k, inA, second, inB, part(2)),
    bToA: await imbalance(k, inB, first, inA, part(3)),
    points: first.n,
    duplicates,
  };
}

async function imbalance(
  k: number,
  from: NeighbourTable,
  to: Space,
  inTo: NeighbourTable,
  options: ImbalanceOptions,
): Promise<Comparison> {
  const { n, k: deep, indices } = from;
  const unit = 2 / k / n;
  const { ranks, nearer } = await ranksOf(to, indices, deep, k, options);
  const own = new Float64Array(n);
  // Without a point, the neighbours that are farther away than it move up by one rank.
  const throughOthers = nearer.map((count) => unit * count);
  for (let i = 0; i < n; i++) {
    const next = ranks[(i + 1) * deep - 1]!;
    for (let p = i * deep; p < i * deep + k; p++) {
      own[i]! += unit * ranks[p]!;
      throughOthers[indices[p]!]! += unit * (ranks[p]! - next);
    }
  }
  return comparisonOf({ own, throughOthers }, [from, inTo], k, options.level);
}
