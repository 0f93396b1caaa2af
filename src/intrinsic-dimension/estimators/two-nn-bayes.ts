/** TwoNN with a prior: the posterior of the dimension, given the ratios of the two nearest distances. */
import { gammaQuantiles } from '../intervals';
import type { NeighbourTable } from '../search/neighbour-table';
import { defineEstimator, type LocalEstimate } from './estimator';
import { flag, positiveNumber } from './options';
import { assertUntied, logRatios } from './ratios';

/** The estimator TwoNN with a gamma prior. */
export const TWO_NN_BAYES = defineEstimator({
  name: 'two-nn-bayes',
  summary: "TwoNN's posterior under a gamma prior for the dimension",
  source: 'Facco et al. 2017; Denti 2023',
  options: {
    priorShape: positiveNumber(2, 'shape of the gamma prior'),
    priorRate: positiveNumber(5, 'rate of the gamma prior, whose mean is shape / rate'),
    mode: flag("use the posterior's mode instead of its mean"),
  },
  with: ({ priorShape, priorRate, mode }) => ({
    neighbours: 2,
    estimate: (table) => twoNnBayes(table, priorShape, priorRate, mode),
  }),
});

/**
 * x = log(r2 / r1) is exponential with rate d (Facco et al. 2017), whose conjugate prior Gamma(a, b) gives the posterior
 * Gamma(a + N, b + sum x): mean (a + N) / (b + sum x), mode (a + N - 1) / (b + sum x), standard deviation
 * sqrt(a + N) / (b + sum x). With `interval: 'iid'`, the standard error and the interval are those of the posterior.
 */
function twoNnBayes(table: NeighbourTable, shape: number, rate: number, mode: boolean): LocalEstimate {
  const x = logRatios(table, 1, 2);
  assertUntied(x);
  const n = x.length;
  const posterior = { shape: shape + n, rate: x.reduce((sum, xi) => sum + xi, rate) };
  const value = (posterior.shape - (mode ? 1 : 0)) / posterior.rate;
  const mean = (posterior.rate - rate) / n;
  return {
    value,
    influences: () => x.map((xi) => (n / posterior.rate) * value * (mean - xi)),
    neighbours: 2,
    exactInterval: (level) => gammaQuantiles(posterior.shape, posterior.rate, level),
    exactStandardError: Math.sqrt(posterior.shape) / posterior.rate,
  };
}
