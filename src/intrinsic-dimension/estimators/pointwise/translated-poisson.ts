/** Maximum likelihood with noise: the likelihood of the distances to k neighbours that noise has changed (Haro et al. 2008). */
import type { NeighbourTable } from '../../search/neighbour-table';
import { defineEstimator } from '../estimator';
import { choice, flag, type Option, wholeNumber } from '../options';
import { COMBINE, combined } from './combine';

/** How the power r^(m - 1) in the paper's integrals, whose m is the dimension that is sought, is replaced. */
const APPROXIMATIONS = ['haro', 'convergent', 'iterated'] as const;

/** The name of a replacement. */
type Approximation = (typeof APPROXIMATIONS)[number];

const SIGMA: Option<number> = {
  description: 'standard deviation of the noise in a distance; 0 is levina-bickel',
  default: 0,
  defaultText: '0',
  range: () => 'a number of at least 0',
  allows: (value) => Number.isFinite(value) && (value as number) >= 0,
};

/** Translated Poisson processes. */
export const TRANSLATED_POISSON = defineEstimator({
  name: 'translated-poisson',
  summary: 'levina-bickel with distances that carry noise of known size',
  source: 'Haro, Randall and Sapiro 2008, equation 5',
  options: {
    k: wholeNumber(3, 20, 'neighbours of each point'),
    sigma: SIGMA,
    approximation: choice(
      APPROXIMATIONS,
      "of the power r^(m - 1) in the integrals: 1 as in the paper, r, or five rounds with each other's m",
    ),
    unbiased: flag('use k - 2 instead of k - 1, which makes the mean unbiased but differs from the paper'),
    combine: COMBINE,
  },
  with: ({ k, sigma, approximation, unbiased, combine }) => {
    const dimensions = (table: NeighbourTable): Float64Array => {
      const factor = unbiased ? k - 2 : k - 1;
      return pointwiseDimensions(table, k, { sigma, approximation, factor });
    };
    return {
      neighbours: k,
      estimate: (table) => combined(dimensions(table), combine, k),
      pointwise: { neighbours: k, dimensions },
    };
  },
});

/** Rounds of `iterated`. */
const ROUNDS = 5;

/**
 * Of a distance s that was measured, the true one r has the density f(s | r) r^(m - 1), with Gaussian f. The dimension at a point is
 *
 *   m = (k - 1) / sum over j < k of E(log(r_k / r) | r_j),
 *
 * where r^(m - 1) is 1 (`haro`, as in the paper), r (`convergent`, which bounds the integrals near r = 0), or r^(m - 1) with the m of the
 * round before, at least 1 (`iterated`). Infinite where the sum is not above 0: there noise explains all of it.
 */
function pointwiseDimensions(
  { n, k: width, distances }: NeighbourTable,
  k: number,
  how: {
    readonly sigma: number;
    readonly approximation: Approximation;
    /** k - 1, or k - 2. */
    readonly factor: number;
  },
): Float64Array {
  const { sigma, approximation, factor } = how;
  return Float64Array.from({ length: n }, (_, i) => {
    const nearest = distances.subarray(i * width, i * width + k);
    const dimension = (power: number): number => {
      let sum = 0;
      for (let j = 0; j < k - 1; j++) sum += expectedLogRatio(nearest[j]!, nearest[k - 1]!, sigma, power);
      return factor / sum;
    };
    let value = dimension(approximation === 'haro' ? 0 : 1);
    const rounds = approximation === 'iterated' ? ROUNDS : 0;
    for (let round = 0; round < rounds && Number.isFinite(value); round++) {
      value = dimension(Math.max(value, 1) - 1);
    }
    return value > 0 ? value : Number.POSITIVE_INFINITY;
  });
}

/** Where a Gaussian counts as 0, in standard deviations. */
const REACH = 9;
/** How far beyond the farthest neighbour the integrals go, in standard deviations. */
const BEYOND = 100;

/** The mean of log(farthest / r) under the density r^power exp(-((r - near) / sigma)^2 / 2) of r > 0. */
function expectedLogRatio(near: number, farthest: number, sigma: number, power: number): number {
  if (sigma === 0) return Math.log(farthest / near);
  const mode = (near + Math.sqrt(near * near + 4 * power * sigma * sigma)) / 2;
  const from = Math.max(0, mode - REACH * sigma);
  const length = Math.min(mode + REACH * sigma, farthest + BEYOND * sigma) - from;
  const height = power * Math.log(mode) - ((mode - near) / sigma) ** 2 / 2;
  let numerator = 0;
  let denominator = 0;
  for (let p = 0; p < NODES.length; p++) {
    const r = from + length * NODES[p]!;
    const log = Math.log(r);
    const density = WEIGHTS[p]! * Math.exp(power * log - ((r - near) / sigma) ** 2 / 2 - height);
    numerator += density * log;
    denominator += density;
  }
  return Math.log(farthest) - numerator / denominator;
}

/**
 * Nodes and weights of the double-exponential rule on (0, 1) (Takahasi and Mori 1974), which bears the logarithm's end at r = 0.
 * Its step resolves a Gaussian of 1 / 18 of the range to rounding.
 */
const STEP = 1 / 20;
const PLACES = Float64Array.from({ length: 127 }, (_, p) => STEP * (p - 63));
const NODES = PLACES.map((t) => 1 / (1 + Math.exp(-Math.PI * Math.sinh(t))));
const WEIGHTS = PLACES.map((t) => {
  const tail = Math.exp(-Math.PI * Math.abs(Math.sinh(t)));
  return (Math.cosh(t) * tail) / (1 + tail) ** 2;
});
