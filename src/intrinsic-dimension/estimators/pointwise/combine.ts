/** One dimension from the dimensions at all points: their mean, median or harmonic mean. */
import { independentStandardError, normalInterval, sandwichStandardError } from '../../intervals';
import { NoEstimateError } from '../../no-estimate';
import { certifiedShare, meanDistance } from '../../search/neighbour-table';
import type { FromPoints, LocalEstimate, Pointwise } from '../estimator';
import { choice } from '../options';

/** How the dimensions at the points are combined into one. */
const COMBINATIONS = ['mean', 'median', 'harmonic'] as const;

/** The name of a combination. */
export type Combination = (typeof COMBINATIONS)[number];

/** The option that chooses the combination. */
export const COMBINE = choice(COMBINATIONS, 'how the dimensions at the points are combined into one');

/** The share of points with tied distances that the median and the harmonic mean tolerate. */
const TIED = 1 / 4;

/**
 * The mean, median or harmonic mean of the dimensions at the points, and how far each point moves it. The harmonic mean is the
 * maximum-likelihood estimate of all points at once (MacKay and Ghahramani 2005).
 *
 * @param neighbours the number of neighbours that the dimension of a point depends on
 * @throws NoEstimateError if a point's distances are tied; the median and the harmonic mean tolerate up to a quarter of such points
 */
export function combined(
  dimensions: Float64Array,
  combination: Combination,
  neighbours: number,
): LocalEstimate {
  const n = dimensions.length;
  const tied = dimensions.reduce((count, each) => count + (Number.isFinite(each) ? 0 : 1), 0);
  if (tied > (combination === 'mean' ? 0 : TIED * n)) {
    const bearable = tied <= TIED * n ? `; combine: 'harmonic' tolerates up to a quarter of such points` : '';
    throw new NoEstimateError(
      `${tied} of ${n} points have neighbours all at the same distance, as on a lattice`,
      `use more neighbours, or add a little noise${bearable}`,
    );
  }
  const value = combine(dimensions, combination);
  const influences = (): Float64Array => {
    if (combination === 'mean') return dimensions.map((each) => each - value);
    if (combination === 'harmonic') return dimensions.map((each) => value - value ** 2 / each);
    const slope = medianSlope(dimensions);
    return dimensions.map((each) => (slope * Math.sign(each - value)) / 2);
  };
  return { value, influences, neighbours };
}

/** The mean, median or harmonic mean of the dimensions at points. */
export function combine(dimensions: Float64Array, combination: Combination): number {
  const n = dimensions.length;
  if (combination === 'mean') return dimensions.reduce((sum, each) => sum + each / n, 0);
  if (combination === 'harmonic') return n / dimensions.reduce((sum, each) => sum + 1 / each, 0);
  const sorted = dimensions.slice().sort();
  return (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2;
}

/** 1 / density at the median, from the values at the ends of a window of n^(2/3) points around it (Siddiqui 1960). */
function medianSlope(dimensions: Float64Array): number {
  const n = dimensions.length;
  const sorted = dimensions.slice().sort();
  const half = Math.max(1, Math.round(n ** (2 / 3) / 2));
  const [from, to] = [Math.max(0, (n >> 1) - half), Math.min(n - 1, (n >> 1) + half)];
  return ((sorted[to]! - sorted[from]!) * n) / (to - from);
}

/** An estimator that combines dimensions at points, for dimensions that need more than a table of neighbours. */
export function fromPointwise(pointwise: Pointwise, combination: Combination): FromPoints {
  const { neighbours: k } = pointwise;
  return {
    pointwise,
    async measure(points, how) {
      const table = await points.neighbours(k, how);
      const { value, influences } = combined(await pointwise.dimensions(table, points, how), combination, k);
      const standardError =
        how.interval === 'iid'
          ? independentStandardError(influences())
          : sandwichStandardError(influences(), table, k);
      const interval = normalInterval(value, standardError, how.level);
      return {
        value,
        standardError,
        interval,
        scale: meanDistance(table, k),
        certified: certifiedShare(table),
      };
    },
  };
}
