/** Hidalgo's mixture as an estimator: the mean of the dimensions at the points. */
import { hidalgoIn, MIXTURE } from '../../mixture/hidalgo';
import type { Space } from '../../points/space';
import { certifiedShare, meanDistance } from '../../search/neighbour-table';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from '../estimator';
import { positiveNumber, share, wholeNumber } from '../options';

/** The estimator by Hidalgo's mixture. */
export const HIDALGO = defineEstimator({
  name: 'hidalgo',
  summary: 'the mean dimension of the points in a mixture of dimensions, by Gibbs sampling',
  source: 'Allegra et al. 2020',
  options: {
    components: wholeNumber(1, MIXTURE.components, 'components of the mixture'),
    q: wholeNumber(1, MIXTURE.q, 'neighbours of each point that tend to belong to its component'),
    xi: share(
      '[0, 1)',
      MIXTURE.xi,
      'weight of a neighbour in the same component; one in another component weighs 1 - xi',
    ),
    weightPrior: positiveNumber(MIXTURE.weightPrior, 'parameter of the Dirichlet prior for the weights'),
    dimensionShape: positiveNumber(MIXTURE.priorShape, 'shape of the gamma prior for the dimensions'),
    dimensionRate: positiveNumber(MIXTURE.priorRate, 'rate of the gamma prior for the dimensions'),
    chains: wholeNumber(1, 2, 'Markov chains'),
    sweeps: wholeNumber(4, 500, 'draws that are kept from each chain'),
    burnIn: wholeNumber(1, 500, 'draws that are discarded before them'),
    seed: wholeNumber(0, 0, 'seed of the random numbers'),
  },
  with: ({ dimensionShape, dimensionRate, ...others }) => {
    const options = { ...others, priorShape: dimensionShape, priorRate: dimensionRate };
    return {
      pointwise: {
        neighbours: Math.max(2, options.q),
        dimensions: async (_table, points, how) =>
          (await hidalgoIn(points, { ...how, ...options })).dimensions,
      },
      measure: (points, how) => meanDimension(points, options, how),
    };
  },
});

/** The standard error and the interval are those of the posterior, which ignores that points share neighbours. */
async function meanDimension(
  points: Space,
  options: NonNullable<Parameters<typeof hidalgoIn>[1]>,
  how: HowToEstimate,
): Promise<PointsEstimate> {
  const { meanDimensions } = await hidalgoIn(points, { ...how, ...options });
  const table = await points.neighbours(2, { ...(how.memory ? { memory: how.memory } : {}) });
  const count = meanDimensions.length;
  const value = meanDimensions.reduce((sum, each) => sum + each / count, 0);
  const variance = meanDimensions.reduce((sum, each) => sum + (each - value) ** 2 / (count - 1), 0);
  const sorted = meanDimensions.slice().sort();
  const quantile = (share: number): number => sorted[Math.round(share * (count - 1))]!;
  const { level } = how;
  return {
    value,
    standardError: Math.sqrt(variance),
    interval: { lower: quantile((1 - level) / 2), upper: quantile((1 + level) / 2), level },
    scale: meanDistance(table, 2),
    certified: certifiedShare(table),
  };
}
