/** Fisher separability: the dimension of the sphere on which the same share of pairs of points would be inseparable. */
import { normalInterval } from '../../intervals';
import { NoEstimateError } from '../../no-estimate';
import { partOf, pauses } from '../../pauses';
import type { FlatRows, Rows } from '../../points/points';
import { coordinates } from '../../points/space';
import type { SearchOptions } from '../../search/neighbours';
import { eigen } from '../eigen';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from '../estimator';
import { positiveNumber } from '../options';
import { centre, secondMoments } from '../spectrum';

/** The estimator by Fisher separability analysis. */
export const FISHER_SEPARABILITY = defineEstimator({
  name: 'fisher-separability',
  summary: 'how many points can be separated from each point by a hyperplane, after whitening',
  source: 'Albergante et al. 2019, Estimating the effective dimension of large biological datasets',
  options: {
    conditionNumber: positiveNumber(
      10,
      'largest condition number: components with less than 1 / this of the largest variance are left out',
    ),
  },
  with: ({ conditionNumber }) => ({
    measure: (points, how) =>
      fisherSeparability(coordinates(points, 'fisher-separability'), conditionNumber, how),
  }),
});

/** The margins at which separability is tested: .6, .62 .. .98, with the rounding of numpy's arange. */
const ALPHAS = Float64Array.from({ length: 20 }, (_, a) => 0.6 + a * (0.62 - 0.6));

/**
 * Point x is inseparable from y at margin alpha when <x, y> >= alpha <x, x>. On the sphere of dimension n the share of such
 * pairs is p = (1 - alpha^2)^((n-1)/2) / (alpha sqrt(2 pi n)). This is solved for n at one margin, the one nearest to .9 times
 * the largest margin at which any pair is inseparable (Albergante et al. 2019).
 *
 * @throws NoEstimateError if all points are separable at every margin
 */
async function fisherSeparability(
  rows: Rows,
  conditionNumber: number,
  how: HowToEstimate,
): Promise<PointsEstimate> {
  const { n } = rows;
  const centred = centre(rows);
  const { directions, size, variance } = await whitened(centred, conditionNumber, partOf(how, 0, 0.4));
  const counts = await inseparable(directions, n, size, partOf(how, 0.4, 1));
  const shares = counts.map((each) => each.reduce((sum, count) => sum + count / n / n, 0));
  const last = shares.findLastIndex((share) => share > 0);
  if (last < 0) {
    throw new NoEstimateError(
      `all ${n} points are separable at margin ${ALPHAS[0]}, as in high dimensions`,
      'give more points, or use another estimator',
    );
  }
  const reference = 0.9 * ALPHAS[last]!;
  const nearest = Math.min(...ALPHAS.map((alpha) => Math.abs(alpha - reference)));
  const chosen = ALPHAS.findIndex((alpha) => Math.abs(alpha - reference) === nearest);
  const share = shares[chosen]!;
  const dimension = (p: number): number => sphereDimension(p, ALPHAS[chosen]!);
  const value = dimension(share);
  const step = 1e-4;
  const slope = (dimension(share * (1 + step)) - dimension(share * (1 - step))) / (2 * step * share);
  const standardError = Math.abs(slope) * shareError(counts[chosen]!, share);
  return {
    value,
    standardError,
    interval: normalInterval(value, standardError, how.level),
    scale: Math.sqrt(2 * variance) * centred.unit,
    certified: 1,
  };
}

/** Directions [n, size] of the points after the components that are large enough have been whitened. */
async function whitened(
  points: FlatRows,
  conditionNumber: number,
  how: SearchOptions,
): Promise<{ readonly directions: Float64Array; readonly size: number; readonly variance: number }> {
  const { data, n, d } = points;
  const { matrix, size: all, side } = await secondMoments(points, partOf(how, 0, 0.3));
  const { values, vectors } = await eigen(matrix, all, partOf(how, 0.3, 0.6));
  const size = values.filter((value) => value / values[0]! > 1 / conditionNumber).length;
  const directions = new Float64Array(n * size);
  const { onProgress, signal } = partOf(how, 0.6, 1);
  const rest = pauses(onProgress, signal);
  for (let i = 0; i < n; i++) {
    await rest(i / n);
    let squared = 0;
    for (let m = 0; m < size; m++) {
      let projection = 0;
      if (side === 'points') projection = vectors[m * all + i]!;
      else {
        for (let c = 0; c < d; c++) projection += data[i * d + c]! * vectors[m * all + c]!;
        projection /= Math.sqrt(values[m]!);
      }
      directions[i * size + m] = projection;
      squared += projection ** 2;
    }
    // A point at the centre has no direction, and is separable from all others.
    if (squared > 0) for (let m = 0; m < size; m++) directions[i * size + m]! /= Math.sqrt(squared);
  }
  return { directions, size, variance: values.reduce((sum, value) => sum + value, 0) };
}

/** For each margin, the number of points from which each point is inseparable, [n]. */
async function inseparable(
  directions: Float64Array,
  n: number,
  size: number,
  { onProgress, signal }: SearchOptions,
): Promise<Float64Array[]> {
  const counts = Array.from(ALPHAS, () => new Float64Array(n));
  const rest = pauses(onProgress, signal);
  for (let i = 0; i < n; i++) {
    await rest((i / n) ** 2);
    for (let j = 0; j < i; j++) {
      let cosine = 0;
      for (let p = i * size, q = j * size, end = p + size; p < end; p++, q++)
        cosine += directions[p]! * directions[q]!;
      for (let a = 0; a < ALPHAS.length && cosine >= ALPHAS[a]!; a++) {
        counts[a]![i]!++;
        counts[a]![j]!++;
      }
    }
  }
  return counts;
}

/**
 * The standard error of a share of pairs (Hoeffding 1948). Its square is 4/n times the variance of the points' own shares, plus
 * 2/n^2 times that of a pair. The observed shares vary by 1/n of a pair's variance more than the true ones, hence the minus.
 */
function shareError(counts: Float64Array, share: number): number {
  const n = counts.length;
  const ofPoints = counts.reduce((sum, count) => sum + (count / n - share) ** 2 / n, 0);
  const ofPair = share * (1 - share);
  return Math.sqrt(Math.max(2 * ofPair, 4 * n * ofPoints - 2 * ofPair)) / n;
}

/** Solves p = (1 - alpha^2)^((n-1)/2) / (alpha sqrt(2 pi n)): n = W(-w / (2 pi p^2 alpha^2 (1 - alpha^2))) / -w, w = log(1 - alpha^2). */
function sphereDimension(p: number, alpha: number): number {
  const squared = alpha * alpha;
  const w = Math.log(1 - squared);
  return lambertW(-w / (2 * Math.PI * p * p * squared * (1 - squared))) / -w;
}

/** The number w with w e^w = x, for x > 0, by Newton's steps on w + log w = log x. */
function lambertW(x: number): number {
  let w = Math.log1p(x);
  for (let step = 0; step < 50; step++) {
    const change = (w * (Math.log(x) - Math.log(w) - w)) / (1 + w);
    w = Math.max(w + change, w / 10);
    if (Math.abs(change) <= 1e-16 * w) break;
  }
  return w;
}
