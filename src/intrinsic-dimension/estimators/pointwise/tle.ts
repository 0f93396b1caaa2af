/** The tight local estimator: a likelihood that includes the distances among the neighbours of a point. */
import { pauses } from '../../pauses';
import { defineEstimator } from '../estimator';
import { share, wholeNumber } from '../options';
import { COMBINE, fromPointwise } from './combine';
import { distancesAmong } from './neighbourhood';

/** The tight local estimator. */
export const TLE = defineEstimator({
  name: 'tle',
  summary: 'likelihood that includes the distances among the neighbours of each point',
  source: 'Amsaleg et al. 2019, Intrinsic dimensionality estimation within tight localities',
  options: {
    k: wholeNumber(2, 20, 'neighbours of each point'),
    epsilon: share('[0, 1)', 1e-4, 'measurements below this share of the largest distance are left out'),
    combine: COMBINE,
  },
  with: ({ k, epsilon, combine }) =>
    fromPointwise(
      {
        neighbours: k,
        async dimensions({ n, k: width, indices, distances }, points, { onProgress, signal }) {
          const dimensions = new Float64Array(n);
          const rest = pauses(onProgress, signal);
          for (let i = 0; i < n; i++) {
            await rest(i / n);
            const between = distancesAmong(points, indices.subarray(i * width, i * width + k));
            dimensions[i] = tightDimension(distances.subarray(i * width, i * width + k), between, epsilon);
          }
          return dimensions;
        },
      },
      combine,
    ),
});

/**
 * -1 divided by the mean of log(t / r), where r is the largest distance, over the measurements t of a neighbourhood of k points.
 * The measurements are the distances u_i from the centre (counted twice) and, for each pair, s_ij and t_ij. s_ij is the radius
 * of the ball that has shrunk from radius r towards x_i until x_j lies on its boundary; t_ij is the same for x_j reflected in
 * the centre (Amsaleg et al. 2019).
 *
 * @param from [k] distances u, rising
 * @param between [k, k] distances v
 */
function tightDimension(from: Float64Array, between: Float64Array, epsilon: number): number {
  const k = from.length;
  const r = from[k - 1]!;
  let sum = 0;
  let count = 0;
  const take = (measured: number, times: number): void => {
    if (!(measured > 0 && measured >= epsilon)) return;
    sum += times * Math.log(measured);
    count += times;
  };
  for (let i = 0; i < k; i++) {
    const u = from[i]! / r;
    take(u, 2);
    for (let j = 0; j < k; j++) {
      if (j === i) continue;
      const w = from[j]! / r;
      const v = (between[i * k + j]! / r) ** 2;
      const seen = seenFrom(u, w, v);
      const mirrored = seenFrom(u, w, Math.max(0, 2 * u * u + 2 * w * w - v));
      // For balance, either both of a pair are left out or neither.
      if (Math.min(seen, mirrored) < epsilon) continue;
      take(seen, 1);
      take(mirrored, 1);
    }
  }
  return -count / sum;
}

/** Squared distance, relative to that of the farthest neighbour, below which points differ by rounding. */
const ROUNDING = 1e-12;

/**
 * The radius of the unit ball when it has shrunk towards a point at distance u from its centre until another point, at distance
 * w from the centre and squared distance v from the first point, lies on its boundary:
 * (sqrt(a^2 + 4 v b) - a) / (2 b) with a = u^2 + v - w^2 and b = 1 - u^2, in a form without cancellation.
 */
function seenFrom(u: number, w: number, v: number): number {
  const a = u * u + v - w * w;
  const b = 1 - u * u;
  if (v < ROUNDING) return 0;
  const root = Math.sqrt(a * a + 4 * v * b);
  return a > 0 ? (2 * v) / (root + a) : (root - a) / (2 * b);
}
