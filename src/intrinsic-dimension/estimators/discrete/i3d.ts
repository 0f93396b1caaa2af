/** I3D: the dimension of points on a lattice, from counts in two balls around each (Macocco et al. 2023). */
import { normalInterval } from '../../intervals';
import { NoEstimateError } from '../../no-estimate';
import { pauses } from '../../pauses';
import { type Space, wholeCoordinates } from '../../points/space';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from '../estimator';
import { openShare, wholeNumber } from '../options';
import { dimensionOfShare, volumeShare } from './lattice-volume';

/** Intrinsic dimension for discrete distances. */
export const I3D = defineEstimator({
  name: 'i3d',
  summary: 'whole numbers: counts in two balls around each point, against those of a lattice',
  source: 'Macocco et al. 2023, equations 5 to 7',
  options: {
    radius: wholeNumber(
      0,
      0,
      'of the larger balls, a Manhattan distance; 0 takes the smallest of at least 2 with 20 other points in a ball on average',
    ),
    ratio: openShare(
      0.5,
      'ratio of the radii of the two balls; the smaller one is rounded up, and stays smaller',
    ),
  },
  with: ({ radius, ratio }) => ({ measure: (points, how) => i3d(points, radius, ratio, how) }),
});

/** Points in a ball on average where its radius is chosen, and how many balls are looked at for that. */
const FILLED = 20;
const LOOKED_AT = 500;

/**
 * Of the k_i other points within Manhattan distance R of point i, n_i lie within r: binomial of k_i and V(r, d) / V(R, d), the share of the
 * lattice points in the balls. Hence d from V(r, d) / V(R, d) = sum n / sum k. Equal points count as often as they were given.
 *
 * The error of independent points is that of the paper, sqrt(p (1 - p) / sum k) / |dp/dd|. The sandwich knows that each pair is counted from
 * both ends, and that pairs share points: Var(sum (n - p k)) = 4 sum (n_i - p k_i)^2 - 2 sum over pairs of their own squares.
 *
 * @throws NoEstimateError for coordinates that are not whole numbers, and where the smaller balls hold none or all of the points
 */
async function i3d(
  points: Space,
  givenRadius: number,
  ratio: number,
  how: HowToEstimate,
): Promise<PointsEstimate> {
  const { n, copies } = points;
  const distance = manhattan(points);
  const outer = givenRadius || chosenRadius(n, copies, distance);
  const inner = Math.min(Math.ceil(ratio * outer), outer - 1);
  const near = Float64Array.from(copies, (count) => count - 1);
  const far = near.slice();
  const rest = pauses(how.onProgress, how.signal);
  for (let i = 0; i < n; i++) {
    await rest((i / n) ** 2);
    for (let j = 0; j < i; j++) {
      const apart = distance(i, j, outer);
      if (apart > outer) continue;
      far[i]! += copies[j]!;
      far[j]! += copies[i]!;
      if (apart > inner) continue;
      near[i]! += copies[j]!;
      near[j]! += copies[i]!;
    }
  }
  const total = (of: (i: number) => number): number =>
    copies.reduce((sum, count, i) => sum + count * of(i), 0);
  const counted = { near: total((i) => near[i]!), far: total((i) => far[i]!) };
  if (counted.near === 0 || counted.near === counted.far) {
    const [found, cure] = counted.near === 0 ? ['none', 'larger'] : ['all', 'smaller'];
    throw new NoEstimateError(
      `the balls of radius ${inner} hold ${found} of the points in the balls of radius ${outer}`,
      `choose a ${cure} ratio or ${counted.near === 0 ? 'a larger' : 'another'} radius`,
    );
  }
  const share = counted.near / counted.far;
  const value = dimensionOfShare(inner, outer, share);
  const slope = -volumeShare(inner, outer, value).slope;
  const pairs = counted.far * share * (1 - share);
  const shared = 4 * total((i) => (near[i]! - share * far[i]!) ** 2) - 2 * pairs;
  const variance = how.interval === 'iid' ? pairs : Math.max(shared, 2 * pairs);
  const standardError = Math.sqrt(variance) / counted.far / slope;
  const interval = normalInterval(value, standardError, how.level);
  return { value, standardError, interval, scale: outer, certified: 1 };
}

/** The smallest radius of at least 2 whose balls hold enough points, as evenly spaced points tell. */
function chosenRadius(n: number, copies: Int32Array, distance: Manhattan): number {
  const step = Math.ceil(n / LOOKED_AT);
  const rows = copies.reduce((sum, count) => sum + count, 0);
  const apart: { readonly r: number; readonly pairs: number }[] = [];
  let centres = 0;
  for (let i = 0; i < n; i += step) {
    centres += copies[i]!;
    for (let j = 0; j < n; j++) {
      const pairs = copies[i]! * (copies[j]! - (i === j ? 1 : 0));
      if (pairs > 0) apart.push({ r: distance(i, j, Number.POSITIVE_INFINITY), pairs });
    }
  }
  apart.sort((a, b) => a.r - b.r);
  const wanted = Math.min(FILLED, rows - 1) * centres;
  let found = 0;
  const last = apart.find(({ pairs }) => {
    found += pairs;
    return found >= wanted;
  });
  return Math.max(2, last!.r);
}

/** The Manhattan distance of two points, or any number above `limit`. */
type Manhattan = (i: number, j: number, limit: number) => number;

function manhattan(points: Space): Manhattan {
  const { data, d, period } = wholeCoordinates(points, I3D.name);
  return (i, j, limit) => {
    let sum = 0;
    for (let c = 0, p = i * d, q = j * d; c < d && sum <= limit; c++, p++, q++) {
      const apart = Math.abs(data[p]! - data[q]!);
      const around = period?.[c] ? period[c]! - apart : apart;
      sum += Math.min(apart, around);
    }
    return sum;
  };
}
