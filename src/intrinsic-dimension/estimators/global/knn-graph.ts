/** How the length of the graph of nearest neighbours grows with the number of points. */
import { independentStandardError, reachOf, sandwichStandardError } from '../../intervals';
import { NoEstimateError } from '../../no-estimate';
import type { Space } from '../../points/space';
import { certifiedShare, meanDistance, type NeighbourTable } from '../../search/neighbour-table';
import { drawSubsamples, neighboursForSubsamples, tableOfMembers } from '../../subsamples';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from '../estimator';
import { positiveNumber, wholeNumber } from '../options';

/** Sizes of the random subsets, as shares of the points. */
const SHARES = [0.5, 0.6, 0.7, 0.8, 0.9];

/** The estimator from graphs of nearest neighbours. */
export const KNN_GRAPH = defineEstimator({
  name: 'knn-graph',
  summary: 'how the length of the graph of nearest neighbours grows with the number of points',
  source: 'Carter, Raich and Hero 2010, On local intrinsic dimension estimation and its applications',
  options: {
    k: wholeNumber(1, 2, 'neighbours of each point'),
    gamma: positiveNumber(2, 'power of the distances that are summed'),
    repetitions: wholeNumber(1, 10, 'random subsets of each size'),
    seed: wholeNumber(0, 0, 'seed of the random numbers'),
  },
  with: (options) => ({ measure: (points, how) => graphDimension(points, options, how) }),
});

interface GraphOptions {
  readonly k: number;
  readonly gamma: number;
  readonly repetitions: number;
  readonly seed: number;
}

/** The lengths of the graphs of subsets of one size. */
export interface GraphLengths {
  /** The number of points in each subset. */
  readonly size: number;
  readonly lengths: readonly number[];
}

/** @throws NoEstimateError if half of the points are too few for a graph of k neighbours */
async function graphDimension(
  points: Space,
  { k, gamma, repetitions, seed }: GraphOptions,
  how: HowToEstimate,
): Promise<PointsEstimate> {
  const { n } = points;
  const fewest = Math.max(k, 2) + 1;
  if (Math.trunc(n * SHARES[0]!) < fewest)
    throw new NoEstimateError(
      `graphs of half of ${n} points, with ${k} neighbours of each, need at least ${fewest} points`,
      `give ${Math.ceil(fewest / SHARES[0]!)} or more${k > 2 ? ', or choose a smaller k' : ''}`,
    );
  const least = { fraction: SHARES[0]!, count: Math.max(2, repetitions) };
  const width = Math.max(k, Math.min(n - 1, neighboursForSubsamples(k, n, least)));
  const table = await points.neighbours(width, how);
  // The dimension does not depend on the scale, so the distances are scaled to keep sums of powers from overflowing.
  const unit = meanDistance(table, k);
  // shares[q][i] is the mean contribution of point i to the length, over the subsets of that size.
  const shares = SHARES.map(() => ({ sum: new Float64Array(n), count: new Float64Array(n) }));
  const graphs: GraphLengths[] = [];
  for (const [q, fraction] of SHARES.entries()) {
    const subsets = drawSubsamples(points, k, { ...least, fraction, seed: seed * SHARES.length + q });
    const lengths: number[] = [];
    for (const members of subsets.slice(0, repetitions)) {
      const own = edgeLengths(tableOfMembers(points, table, k, members), k, gamma, unit);
      lengths.push(own.reduce((sum, each) => sum + each, 0));
      for (const [m, i] of members.entries()) {
        shares[q]!.sum[i]! += own[m]!;
        shares[q]!.count[i]! += 1;
      }
    }
    graphs.push({ size: subsets[0]!.length, lengths });
    how.signal?.throwIfAborted();
  }
  const most = points.rows?.d ?? n - 1;
  const { dimension: value } = bestDimension(graphs, gamma, most);
  const { power, slopes } = growth(graphs);
  const influences = Float64Array.from({ length: n }, (_, i) =>
    slopes.reduce((sum, slope, q) => {
      const { size, lengths } = graphs[q]!;
      const mean = lengths.reduce((total, each) => total + each, 0) / lengths.length / size;
      const { sum: added, count } = shares[q]!;
      return sum + (count[i]! > 0 ? slope * size * (added[i]! / count[i]! - mean) : 0);
    }, 0),
  );
  const error =
    how.interval === 'iid'
      ? independentStandardError(influences)
      : sandwichStandardError(influences, table, k);
  // The length grows like the number of points to the power 1 - gamma / d.
  const dimensionAt = (at: number): number =>
    at >= 1 ? most : Math.min(most, Math.max(1, Math.round(gamma / (1 - at))));
  const reach = reachOf(how.level);
  const interval = {
    lower: Math.min(value, dimensionAt(power - reach * error)),
    upper: Math.max(value, dimensionAt(power + reach * error)),
    level: how.level,
  };
  return {
    value,
    standardError: (error * value ** 2) / gamma,
    interval,
    scale: unit,
    certified: certifiedShare(table),
  };
}

/** For each point of a table, the sum of powers of the distances to its k neighbours. */
export function edgeLengths(
  { n, k: width, distances }: NeighbourTable,
  k: number,
  gamma: number,
  unit: number,
): Float64Array {
  return Float64Array.from({ length: n }, (_, i) =>
    distances.subarray(i * width, i * width + k).reduce((sum, r) => sum + (r / unit) ** gamma, 0),
  );
}

/**
 * The whole number m for which c p^((m - gamma) / m), with the best factor c, is nearest to the lengths of graphs of p points
 * (Carter et al. 2010).
 */
export function bestDimension(
  graphs: readonly GraphLengths[],
  gamma: number,
  most: number,
): { readonly dimension: number; readonly residual: number } {
  let best = { dimension: 1, residual: Number.POSITIVE_INFINITY };
  for (let dimension = 1; dimension <= most; dimension++) {
    const residual = residualOf(graphs, (dimension - gamma) / dimension);
    if (residual < best.residual) best = { dimension, residual };
  }
  return best;
}

function residualOf(graphs: readonly GraphLengths[], power: number): number {
  let products = 0;
  let squares = 0;
  for (const { size, lengths } of graphs) {
    const expected = size ** power;
    for (const length of lengths) {
      products += expected * length;
      squares += expected ** 2;
    }
  }
  const factor = products / squares;
  let residual = 0;
  for (const { size, lengths } of graphs) {
    for (const length of lengths) residual += (length - factor * size ** power) ** 2;
  }
  return residual;
}

/** The exponent of the lengths' growth, from a straight line through logarithms, and its derivative by each mean length. */
function growth(graphs: readonly GraphLengths[]): { readonly power: number; readonly slopes: number[] } {
  const means = graphs.map(({ lengths }) => lengths.reduce((sum, each) => sum + each, 0) / lengths.length);
  const x = graphs.map(({ size }) => Math.log(size));
  const middle = x.reduce((sum, each) => sum + each, 0) / x.length;
  const squares = x.reduce((sum, each) => sum + (each - middle) ** 2, 0);
  const weights = x.map((each) => (each - middle) / squares);
  return {
    power: weights.reduce((sum, weight, q) => sum + weight * Math.log(means[q]!), 0),
    slopes: weights.map((weight, q) => weight / means[q]!),
  };
}
