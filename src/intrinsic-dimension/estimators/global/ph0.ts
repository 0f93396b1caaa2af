/** The persistent-homology dimension in degree 0: how the minimum spanning tree grows with the number of points. */
import { shuffled, streamSeed } from '../../../random';
import { normalInterval } from '../../intervals';
import { NoEstimateError } from '../../no-estimate';
import { pauses } from '../../pauses';
import type { Space } from '../../points/space';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from '../estimator';
import { positiveNumber, wholeNumber } from '../options';
import { gathered } from '../pointwise/neighbourhood';
import { spanningLengths } from './minimum-spanning-tree';

/** The estimator by persistent homology. */
export const PH0 = defineEstimator({
  name: 'ph0',
  summary: 'how the length of the minimum spanning tree grows with the number of points',
  source: 'Birdal et al. 2021, algorithm 1; Adams et al. 2020',
  options: {
    power: positiveNumber(1, 'power of the edge lengths in the tree; it must be below the dimension'),
    sizes: wholeNumber(3, 8, 'number of sizes of subsamples, equally spaced'),
    draws: wholeNumber(1, 8, 'subsamples of each size'),
    most: wholeNumber(30, 1000, 'points in the largest subsamples'),
    seed: wholeNumber(0, 0, 'seed of the random numbers'),
  },
  with: (options) => {
    const { most, sizes } = options;
    if (most < leastPoints(sizes))
      throw new RangeError(
        `most must be at least ${leastPoints(sizes)} for ${sizes} sizes, got ${most}: choose a larger one, or fewer sizes`,
      );
    return { measure: (points, how) => persistentHomology(points, options, how) };
  },
});

interface Ph0Options {
  readonly power: number;
  readonly sizes: number;
  readonly draws: number;
  readonly most: number;
  readonly seed: number;
}

/** How the logarithm of the tree's length depends on the logarithm of the number of points. */
interface Growth {
  readonly slope: number;
  /** The mean length of an edge in the largest trees. */
  readonly line: number;
}

/** The number of parts of the points whose slopes give the standard error. */
const PARTS = 10;

/** The least number of points in a part for each size of its trees. */
const POINTS_PER_SIZE = 3;

/** The number of points in two parts, which a standard error needs at least. */
function leastPoints(sizes: number): number {
  return 2 * POINTS_PER_SIZE * sizes;
}

/**
 * The edge lengths of the minimum spanning tree are the lifetimes of connected components in the Vietoris-Rips filtration. The
 * sum E of their powers grows like n^((d - power) / d) with the number of points n (Steele 1988), so that d = power / (1 - m),
 * where m is the slope of log E over log n (Birdal et al. 2021, algorithm 1). E is the mean over several subsamples of a size.
 *
 * The standard error of m is its standard deviation over disjoint parts of the points, a tenth each, divided by the square root
 * of the number of parts.
 *
 * @throws NoEstimateError for too few points, and if the length grows in proportion to the number of points
 */
async function persistentHomology(
  points: Space,
  options: Ph0Options,
  how: HowToEstimate,
): Promise<PointsEstimate> {
  const { power, sizes, most, seed } = options;
  const { n } = points;
  if (n < leastPoints(sizes)) {
    throw new NoEstimateError(
      `${n} points are too few for trees of ${sizes} sizes and a standard error`,
      `give ${leastPoints(sizes)} or more, or choose fewer sizes`,
    );
  }
  const rest = pauses(how.onProgress, how.signal);
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const { slope, line } = await growth(points, all, options, seed, (done) => rest(0.9 * done));
  if (!(slope < 1)) {
    throw new NoEstimateError(
      `the minimum spanning tree of ${n} points grows in proportion to their number or faster`,
      'give more points',
    );
  }
  const value = power / (1 - slope);
  const used = shuffled(n, streamSeed(seed, 1)).subarray(0, Math.min(n, most));
  const parts = Math.min(PARTS, Math.floor(used.length / (POINTS_PER_SIZE * sizes)));
  const slopes: number[] = [];
  for (let part = 0; part < parts; part++) {
    const members = used.slice(
      Math.floor((part * used.length) / parts),
      Math.floor(((part + 1) * used.length) / parts),
    );
    const own = streamSeed(seed, 2 + part);
    slopes.push(
      (await growth(points, members, options, own, (done) => rest(0.9 + (0.1 * (part + done)) / parts)))
        .slope,
    );
  }
  const mean = slopes.reduce((sum, each) => sum + each / parts, 0);
  const variance = slopes.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (parts - 1) / parts;
  const standardError = (value ** 2 / power) * Math.sqrt(variance);
  return {
    value,
    standardError,
    interval: normalInterval(value, standardError, how.level),
    scale: line,
    certified: 1,
  };
}

async function growth(
  points: Space,
  members: Int32Array,
  { power, sizes, draws, most }: Ph0Options,
  seed: number,
  rest: (done: number) => Promise<void>,
): Promise<Growth> {
  const largest = Math.min(members.length, most);
  const x: number[] = [];
  const y: number[] = [];
  let line = 0;
  for (let s = 1; s <= sizes; s++) {
    const size = Math.floor((largest * s) / sizes);
    // There is only one way to draw all points.
    const times = size === members.length ? 1 : draws;
    let sum = 0;
    line = 0;
    for (let draw = 0; draw < times; draw++) {
      await rest((s - 1 + draw / times) / sizes);
      const drawn = shuffled(members.length, seed, s * draws + draw).subarray(0, size);
      const lengths = treeLengths(
        points,
        Int32Array.from(drawn, (m) => members[m]!),
      );
      for (let i = 1; i < size; i++) {
        sum += lengths[i]! ** power / times;
        line += lengths[i]! / times / (size - 1);
      }
    }
    x.push(Math.log(size));
    y.push(Math.log(sum));
  }
  const [meanX, meanY] = [x, y].map((values) => values.reduce((sum, each) => sum + each / sizes, 0)) as [
    number,
    number,
  ];
  const xy = x.reduce((sum, each, s) => sum + (each - meanX) * (y[s]! - meanY), 0);
  const xx = x.reduce((sum, each) => sum + (each - meanX) ** 2, 0);
  return { slope: xy / xx, line };
}

/** [members] The lines of their tree; the first is 0. */
function treeLengths(points: Space, members: Int32Array): Float64Array {
  const { rows, distance } = points;
  if (!rows) return spanningLengths(members.length, (i, j) => distance(members[i]!, members[j]!));
  const { d } = rows;
  const data = gathered(rows, members);
  const squared = (i: number, j: number): number => {
    let sum = 0;
    for (let p = i * d, q = j * d, end = p + d; p < end; p++, q++) sum += (data[p]! - data[q]!) ** 2;
    return sum;
  };
  return spanningLengths(members.length, squared).map(Math.sqrt);
}
