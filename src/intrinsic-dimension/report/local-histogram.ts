/** How the dimension varies from point to point. */
import { estimatorOf } from '../estimators/registry';
import { gammaQuantiles } from '../intervals';
import type { Space } from '../points/space';
import type { SearchOptions } from '../search/neighbours';

/** The number of neighbours of each point. */
const NEIGHBOURS = 20;
const BARS = 30;

/** A histogram of the dimension at each point. */
export interface LocalHistogram {
  readonly estimator: string;
  readonly neighbours: number;
  /** [bars + 1] The edges in rising order. */
  readonly edges: readonly number[];
  /** [bars] The number of points in each bar. */
  readonly counts: readonly number[];
  /** The number of points beyond the last edge, or with tied neighbours. */
  readonly beyond: number;
  readonly median: number;
  /** The middle half of the points lies between these. */
  readonly quartiles: readonly [number, number];
  /** The expected quartiles if the dimension equals the median everywhere. */
  readonly expected: readonly [number, number];
  /** All but the lowest and the highest twentieth of the points lie between these. */
  readonly tails: readonly [number, number];
  /** The same if the dimension equals the median everywhere. */
  readonly expectedTails: readonly [number, number];
}

/** The histogram, by the unbiased estimate at each point (Levina and Bickel 2004, equation 8). */
export async function localHistogram(points: Space, options: SearchOptions): Promise<LocalHistogram> {
  const neighbours = Math.min(NEIGHBOURS, points.n - 1);
  const name = 'levina-bickel';
  const { pointwise } = estimatorOf({ estimator: name, k: neighbours, unbiased: true });
  const values = await pointwise!.dimensions(await points.neighbours(neighbours, options), points, options);
  const sorted = values.slice().sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  const median = at(0.5);
  const end = Math.min(at(0.995), 5 * median);
  const edges = Array.from({ length: BARS + 1 }, (_, b) => (end * b) / BARS);
  const counts = new Array<number>(BARS).fill(0);
  let beyond = 0;
  for (const value of values) {
    if (value > end) beyond++;
    else counts[Math.min(BARS - 1, Math.floor((value / end) * BARS))]!++;
  }
  // The sum over the k - 1 neighbours has a gamma distribution with shape k - 1.
  const middle = gammaQuantiles(neighbours - 1, 1, 1e-9).lower;
  const expected = (level: number): [number, number] => {
    const { lower, upper } = gammaQuantiles(neighbours - 1, 1, level);
    return [(median * middle) / upper, (median * middle) / lower];
  };
  return {
    estimator: name,
    neighbours,
    edges,
    counts,
    beyond,
    median,
    quartiles: [at(0.25), Math.min(at(0.75), end)],
    expected: expected(0.5),
    tails: [at(0.05), at(0.95)],
    expectedTails: expected(0.9),
  };
}
