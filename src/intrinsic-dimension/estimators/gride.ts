/** GRIDE: the dimension from the ratio of the distances to two neighbours of any order (Denti et al. 2022). */

import type { NeighbourTable } from '../search/neighbour-table';
import { mean } from './binomial';
import { defineEstimator, type LocalEstimate } from './estimator';
import { fartherNeighbour, flag, wholeNumber } from './options';
import { assertUntied, logRatios, type Order, orderOf } from './ratios';

/** The estimator GRIDE at one scale. */
export const GRIDE = defineEstimator({
  name: 'gride',
  summary: 'maximum likelihood of the ratio of the distances to two neighbours of any order',
  source: 'Denti et al. 2022, equation 11',
  options: {
    n1: wholeNumber(1, 1, 'the nearer neighbour'),
    n2: fartherNeighbour('n1', 'the farther neighbour'),
    finite: flag('count one point less in the likelihood, which removes the bias of few points'),
    filter: flag(
      'leave out ratios that are far above the others, such as those of points that nearly coincide',
    ),
  },
  with: ({ n1, n2, finite, filter }) => ({
    neighbours: n2,
    estimate: (table) => gride(table, n1, n2, { finite, filter }),
  }),
});

/**
 * Maximises the likelihood of mu = r_n2 / r_n1 (Denti et al. 2022, equation 11),
 *
 *   f(mu) = d (mu^d - 1)^(n2 - n1 - 1) / (B(n2 - n1, n1) mu^((n2 - 1) d + 1)),
 *
 * which is concave in d. With x = log mu the score of a point is
 * 1/d + (n2 - n1 - 1) x / (1 - e^(-dx)) - (n2 - 1) x, and its information
 * 1/d^2 + (n2 - n1 - 1) (x / (2 sinh(dx / 2)))^2. n1 = 1, n2 = 2 is TwoNN's likelihood. Each point may have orders of its own.
 */
export function gride(
  table: NeighbourTable,
  n1: Order,
  n2: Order,
  { finite = false, filter = false }: GrideVariant = {},
): LocalEstimate {
  const x = logRatios(table, n1, n2);
  assertUntied(x);
  const limit = filter ? largestKept(x) : Number.POSITIVE_INFINITY;
  const kept = x.reduce((count, xi) => count + (xi < limit ? 1 : 0), 0);
  const counted = finite ? 1 - 1 / kept : 1;
  const score = (d: number, xi: number, i: number): number => {
    const near = orderOf(n1, i);
    const far = orderOf(n2, i);
    return counted / d + (far - near - 1) * (xi === 0 ? 1 / d : xi / -Math.expm1(-d * xi)) - (far - 1) * xi;
  };
  const information = (d: number, xi: number, i: number): number => {
    const between = orderOf(n2, i) - orderOf(n1, i) - 1;
    return counted / d ** 2 + between * (xi === 0 ? 1 / d : xi / (2 * Math.sinh((d * xi) / 2))) ** 2;
  };
  const total = (f: (d: number, xi: number, i: number) => number, d: number): number =>
    x.reduce((sum, xi, i) => (xi < limit ? sum + f(d, xi, i) : sum), 0);

  // The mean of x is (1/n1 + ... + 1/(n2 - 1)) / d.
  let value = total((_, __, i) => harmonic(orderOf(n1, i), orderOf(n2, i)), 0) / total((_, xi) => xi, 0);
  for (let step = 0; step < 100; step++) {
    const change = total(score, value) / total(information, value);
    value = Math.max(value + change, value / 2);
    if (Math.abs(change) <= 1e-15 * value) break;
  }
  const influences = (): Float64Array => {
    const scale = x.length / total(information, value);
    return x.map((xi, i) => (xi < limit ? scale * score(value, xi, i) : 0));
  };
  const neighbours = typeof n2 === 'number' ? n2 : Math.round(mean(n2));
  return { value, influences, neighbours };
}

/** Variants of GRIDE's likelihood. */
export interface GrideVariant {
  /** Replaces N by N - 1 in the likelihood's first term. @default false */
  readonly finite?: boolean;
  /** Leaves out ratios that are far above the others. @default false */
  readonly filter?: boolean;
}

/**
 * The logarithm of the largest ratio that is kept: 20 times as far above the median as the 95 % quantile is (DADApy's
 * `_filter_mus`). Ratios of independent points practically never exceed it; those of points that nearly coincide do.
 */
function largestKept(logarithms: Float64Array): number {
  const ratios = logarithms.map(Math.exp).sort();
  const quantile = (share: number): number => {
    const place = share * (ratios.length - 1);
    const low = Math.floor(place);
    const high = Math.min(low + 1, ratios.length - 1);
    return ratios[low]! + (place - low) * (ratios[high]! - ratios[low]!);
  };
  const middle = quantile(0.5);
  return Math.log(middle + 20 * (quantile(0.95) - middle));
}

/** 1/n1 + ... + 1/(n2 - 1). */
function harmonic(n1: number, n2: number): number {
  let sum = 0;
  for (let j = n1; j < n2; j++) sum += 1 / j;
  return sum;
}
