/** Rules that decide from the eigenvalues of a covariance how many components are more than noise. */
import { jStat } from 'jstat';
import { NoEstimateError } from '../../no-estimate';

/** The eigenvalues of a covariance, and the size of the set that they come from. */
export interface Spectrum {
  /** [min(points, coordinates)] In falling order, and at least 0. */
  readonly values: Float64Array;
  readonly points: number;
  readonly coordinates: number;
}

/** Eigenvalues below this share of the largest are rounding errors. */
const ROUNDING = 1e-13;

/** The fewest components that hold a share of the variance (Jolliffe 2002, section 6.1.1). */
export function shareOfVariance({ values }: Spectrum, share: number): number {
  // The sum of all eigenvalues may miss 1 by rounding.
  return firstBeyond(values, share - 1e-12) + 1;
}

/** The eigenvalues above a share of the largest (Fukunaga and Olsen 1971). */
export function fukunagaOlsen({ values }: Spectrum, share: number): number {
  return values.filter((value) => value > share * values[0]!).length;
}

/**
 * The rule of Fan et al. 2010. The noise is the mean of the eigenvalues after those that hold the share `signal` of the
 * variance. It is subtracted from all eigenvalues; the components end at the first gap, or where they hold the share `share`
 * of the remaining variance.
 *
 * @param gap the smallest ratio of an eigenvalue to the next one that counts as a gap
 */
export function fan({ values }: Spectrum, gap: number, share: number, signal: number): number {
  const noise = values.subarray(firstBeyond(values, signal));
  const cleaned = values.map((value) => value - sum(noise) / noise.length);
  const atGap = cleaned.findIndex((value, m) => m + 1 < cleaned.length && value / cleaned[m + 1]! > gap);
  const atShare = firstBeyond(cleaned, share);
  return 1 + (atGap < 0 ? atShare : Math.min(atGap, atShare));
}

/** The components before the largest ratio of an eigenvalue to the next. */
export function maxGap({ values }: Spectrum): number {
  let [at, largest] = [0, 0];
  for (let m = 0; m + 1 < values.length; m++) {
    const [value, next] = [values[m]!, values[m + 1]!];
    // Beyond the rank there are only rounding errors, which have no gaps.
    if (value <= ROUNDING * values[0]!) break;
    const ratio = next <= ROUNDING * values[0]! ? Number.POSITIVE_INFINITY : value / next;
    if (ratio > largest) [at, largest] = [m, ratio];
  }
  return at + 1;
}

/** The eigenvalues above their mean (Kaiser 1960). */
export function kaiser({ values }: Spectrum): number {
  const mean = sum(values) / values.length;
  return values.filter((value) => value > mean).length;
}

/**
 * The component, counted from 1, at which the share of the variance first falls below that of a stick broken at random,
 * (1/m + ... + 1/p) / p (Frontier 1976). As in scikit-dimension, this component itself is counted, and the result is 0 if no
 * share falls below.
 */
export function brokenStick({ values }: Spectrum): number {
  const total = sum(values);
  const p = values.length;
  let expected = 0;
  let found = 0;
  for (let m = p; m >= 1; m--) {
    expected += 1 / m / p;
    if (expected > values[m - 1]! / total) found = m;
  }
  return found;
}

/**
 * The number of components with the largest Bayesian evidence (Minka 2000).
 *
 * @throws NoEstimateError unless there are more points than coordinates
 */
export function minka({ values, points, coordinates: d }: Spectrum): number {
  if (points <= d)
    throw new NoEstimateError(
      `rule 'minka' needs more points than coordinates, got ${points} and ${d}`,
      'give more points, or choose another rule',
    );
  let [best, highest] = [1, Number.NEGATIVE_INFINITY];
  let ofComponents = 0;
  for (let rank = 1; rank < d && values[rank - 1]! > ROUNDING * values[0]!; rank++) {
    ofComponents += evidenceOfComponent(values, rank - 1, points);
    const evidence = ofComponents + evidenceOfNoise(values, rank, points);
    if (evidence > highest) [best, highest] = [rank, evidence];
  }
  return best;
}

/** What a component adds to the logarithm of the evidence of all ranks above it, whatever the noise. */
function evidenceOfComponent(values: Float64Array, m: number, n: number): number {
  const value = values[m]!;
  const free = (values.length - m) / 2;
  let curvatures = 0;
  for (let j = 0; j < m; j++) curvatures += Math.log(1 / value - 1 / values[j]!);
  for (let j = m + 1; j < values.length; j++) curvatures += Math.log(value - values[j]!);
  return jStat.gammaln(free) + free * Math.log(2 / n) - Math.LN2 - (n * Math.log(value) + curvatures) / 2;
}

/** What the noise adds to the logarithm of the evidence of `rank` components. */
function evidenceOfNoise(values: Float64Array, rank: number, n: number): number {
  const others = values.length - rank;
  const noise = Math.max(ROUNDING * values[0]!, sum(values.subarray(rank)) / others);
  let curvatures = 0;
  for (let i = 0; i < rank; i++) curvatures += Math.log(1 / noise - 1 / values[i]!);
  return (-others * (n * Math.log(noise) + curvatures)) / 2;
}

/**
 * The eigenvalues above the upper edge s^2 (1 + sqrt(b))^2 of pure noise (Marchenko and Pastur 1967). The noise variance s^2 is
 * chosen so that the median of the eigenvalues is that of the distribution (Gavish and Donoho 2014).
 */
export function marchenkoPastur({ values, points, coordinates }: Spectrum): number {
  // Centring removes the variance of one direction.
  const size = Math.min(points - 1, coordinates);
  const shape = size / Math.max(points - 1, coordinates);
  const middle = (values[(size - 1) >> 1]! + values[size >> 1]!) / 2;
  const noise = (middle / marchenkoPasturMedian(shape)) * (1 + Math.sqrt(shape)) ** 2;
  const edge = Math.max(ROUNDING * values[0]!, noise);
  return values.filter((value) => value > edge).length;
}

/** Steps of the integral over the density; the error falls with the square of their number, and is below 1e-7. */
const STEPS = 4000;

/**
 * The median of the Marchenko-Pastur distribution with variance 1 and shape b = d / n <= 1, up to which the integral of
 * sqrt((x+ - x) (x - x-)) / (2 pi b x) is one half, where x+- = (1 +- sqrt(b))^2. With x = 1 + b - 2 sqrt(b) cos(t), the
 * integrand has no singularity at the ends.
 */
export function marchenkoPasturMedian(shape: number): number {
  const root = Math.sqrt(shape);
  const at = (t: number): number => 1 + shape - 2 * root * Math.cos(t);
  // With shape 1, x is 0 at t = 0, where sin(t)^2 / x has the limit 1.
  const density = (t: number): number => (at(t) < 1e-12 ? 2 : (2 * Math.sin(t) ** 2) / at(t)) / Math.PI;
  const step = Math.PI / STEPS;
  let held = 0;
  for (let s = 0; s < STEPS; s++) {
    const more = ((density(s * step) + density((s + 1) * step)) / 2) * step;
    if (held + more >= 0.5) return at((s + (0.5 - held) / more) * step);
    held += more;
  }
  return at(Math.PI);
}

/** The leading eigenvalues above those of noise, with one threshold for each (Horn 1965). */
export function parallelAnalysis({ values }: Spectrum, thresholds: Float64Array): number {
  const at = values.findIndex((value, m) => value <= thresholds[m]!);
  return at < 0 ? values.length : at;
}

/** The first index at which the cumulative sum exceeds a share of the total. */
function firstBeyond(values: Float64Array, share: number): number {
  const total = sum(values);
  let cumulative = 0;
  for (const [m, value] of values.entries()) {
    cumulative += value;
    if (cumulative / total > share) return m;
  }
  return values.length - 1;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
