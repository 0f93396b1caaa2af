/** GRIDE: the dimension from the ratio of the distances to two neighbours of any order (Denti et al. 2022). */

import type { NeighbourTable } from '../search/neighbour-table';
import { defineEstimator, type LocalEstimate } from './estimator';
import { fartherNeighbour, wholeNumber } from './options';
import { assertUntied, logRatios } from './ratios';

/** GRIDE at one scale. */
export const GRIDE = defineEstimator({
  name: 'gride',
  summary: 'maximum likelihood of the ratio of the distances to two neighbours of any order',
  source: 'Denti et al. 2022, equation 11',
  options: {
    n1: wholeNumber(1, 1, 'the nearer neighbour'),
    n2: fartherNeighbour('n1', 'the farther neighbour'),
  },
  with: ({ n1, n2 }) => ({ neighbours: n2, estimate: (table) => gride(table, n1, n2) }),
});

/**
 * Maximises the likelihood of mu = r_n2 / r_n1 (Denti et al. 2022, equation 11),
 *
 *   f(mu) = d (mu^d - 1)^(n2 - n1 - 1) / (B(n2 - n1, n1) mu^((n2 - 1) d + 1)),
 *
 * which is concave in d. With x = log mu the score of a point is
 * 1/d + (n2 - n1 - 1) x / (1 - e^(-dx)) - (n2 - 1) x, and its information
 * 1/d^2 + (n2 - n1 - 1) (x / (2 sinh(dx / 2)))^2. n1 = 1, n2 = 2 is TwoNN's likelihood.
 */
export function gride(table: NeighbourTable, n1: number, n2: number): LocalEstimate {
  const x = logRatios(table, n1, n2);
  assertUntied(x);
  const between = n2 - n1 - 1;
  const score = (d: number, xi: number): number =>
    1 / d + between * (xi === 0 ? 1 / d : xi / -Math.expm1(-d * xi)) - (n2 - 1) * xi;
  const information = (d: number, xi: number): number =>
    1 / d ** 2 + between * (xi === 0 ? 1 / d : xi / (2 * Math.sinh((d * xi) / 2))) ** 2;
  const total = (f: (d: number, xi: number) => number, d: number): number =>
    x.reduce((sum, xi) => sum + f(d, xi), 0);

  let value = firstGuess(x, n1, n2);
  for (let step = 0; step < 100; step++) {
    const change = total(score, value) / total(information, value);
    value = Math.max(value + change, value / 2);
    if (Math.abs(change) <= 1e-15 * value) break;
  }
  const influences = (): Float64Array => {
    const scale = x.length / total(information, value);
    return x.map((xi) => scale * score(value, xi));
  };
  return { value, influences, neighbours: n2 };
}

/** From the mean of x, which is (1/n1 + ... + 1/(n2 - 1)) / d. */
function firstGuess(x: Float64Array, n1: number, n2: number): number {
  let harmonic = 0;
  for (let j = n1; j < n2; j++) harmonic += 1 / j;
  return (harmonic * x.length) / x.reduce((sum, xi) => sum + xi, 0);
}
