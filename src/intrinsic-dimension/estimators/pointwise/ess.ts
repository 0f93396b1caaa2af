/** Expected simplex skewness: the dimension from the angles between the vectors from the centre of a neighbourhood. */
import { mulberry32, streamSeed } from '../../../random';
import { pauses } from '../../pauses';
import type { Space } from '../../points/space';
import { defineEstimator } from '../estimator';
import { choice, wholeNumber } from '../options';
import { COMBINE, fromPointwise } from './combine';
import { gathered } from './neighbourhood';

const VARIANTS = ['a', 'b'] as const;

/** The most simplices of more than two vectors that are drawn; pairs are always all used. */
const SIMPLICES = 5000;

/** If less than this share of a squared length is left of a vector, it is rounding error. */
const ROUNDING = 1e-14;

/** The estimator by expected simplex skewness. */
export const ESS = defineEstimator({
  name: 'ess',
  summary: 'the angles between the vectors from the centre of each neighbourhood to its points',
  source:
    'Johnsson et al. 2015, Low bias local intrinsic dimension estimation from expected simplex skewness',
  options: {
    k: wholeNumber(3, 100, 'neighbours of each point'),
    variant: choice(VARIANTS, 'a: volumes of simplices; b: projections of pairs'),
    order: wholeNumber(1, 1, 'dimension of the simplices; variant a only'),
    seed: wholeNumber(0, 0, 'seed of the random numbers'),
    combine: COMBINE,
  },
  with: ({ k, variant, order, seed, combine }) => {
    if (variant === 'b' && order !== 1)
      throw new RangeError(
        `order must be 1 with variant 'b', got ${order}: leave it out, or choose variant 'a'`,
      );
    if (order >= k) throw new RangeError(`order must be less than k = ${k}, got ${order}: choose a larger k`);
    const expected = variant === 'a' ? expectedVolumes(order) : expectedProjections();
    return fromPointwise(
      {
        neighbours: k,
        async dimensions({ n, k: width, indices }, points, { onProgress, signal }) {
          const dimensions = new Float64Array(n);
          const rest = pauses(onProgress, signal);
          for (let i = 0; i < n; i++) {
            await rest(i / n);
            const products = centredProducts(points, indices.subarray(i * width, i * width + k));
            const skewness =
              order === 1
                ? pairSkewness(products, k, variant)
                : simplexSkewness(products, k, order + 1, mulberry32(streamSeed(seed, i)));
            dimensions[i] = expected.dimensionOf(skewness);
          }
          return dimensions;
        },
      },
      combine,
    );
  },
});

/** Inner products of the vectors from the mean of some points to each of them, [k, k]; from distances if only these are known. */
function centredProducts(points: Space, members: Int32Array): Float64Array {
  return points.rows
    ? productsOfRows(gathered(points.rows, members), members.length, points.rows.d)
    : productsOfDistances(points, members);
}

function productsOfRows(data: Float64Array, k: number, d: number): Float64Array {
  let largest = 0;
  for (let c = 0; c < d; c++) {
    let mean = 0;
    for (let i = 0; i < k; i++) mean += data[i * d + c]! / k;
    for (let i = 0; i < k; i++) {
      data[i * d + c]! -= mean;
      largest = Math.max(largest, Math.abs(data[i * d + c]!));
    }
  }
  // The skewness does not depend on the scale, so the products are scaled to keep products of products from overflowing.
  for (let p = 0; p < data.length; p++) data[p]! /= largest;
  const products = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let p = i * d, q = j * d, end = p + d; p < end; p++, q++) sum += data[p]! * data[q]!;
      products[i * k + j] = sum;
      products[j * k + i] = sum;
    }
  }
  return products;
}

/** -1/2 times the squared distances, with the means of rows and columns subtracted (Torgerson 1952). */
function productsOfDistances({ distance }: Space, members: Int32Array): Float64Array {
  const k = members.length;
  const apart = Float64Array.from({ length: k * k }, (_, p) =>
    distance(members[Math.floor(p / k)]!, members[p % k]!),
  );
  const largest = apart.reduce((most, each) => Math.max(most, each), 0);
  const products = apart.map((each) => -((each / largest) ** 2) / 2);
  const means = Float64Array.from(
    { length: k },
    (_, i) => products.subarray(i * k, (i + 1) * k).reduce((sum, each) => sum + each, 0) / k,
  );
  const mean = means.reduce((sum, each) => sum + each, 0) / k;
  return products.map((each, p) => each - means[Math.floor(p / k)]! - means[p % k]! + mean);
}

/** The sum over all pairs of the areas |u v sin| (a) or projections |u v cos| (b), divided by the sum of |u| |v|. */
function pairSkewness(products: Float64Array, k: number, variant: (typeof VARIANTS)[number]): number {
  let measured = 0;
  let weight = 0;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < i; j++) {
      const squares = products[i * k + i]! * products[j * k + j]!;
      const product = products[i * k + j]!;
      measured += variant === 'a' ? Math.sqrt(Math.max(0, squares - product ** 2)) : Math.abs(product);
      weight += Math.sqrt(squares);
    }
  }
  return measured / weight;
}

/** The sum of the volumes that `size` vectors span, divided by the sum of the products of their lengths, for all or random sets. */
function simplexSkewness(products: Float64Array, k: number, size: number, uniform: () => number): number {
  let volumes = 0;
  let weights = 0;
  const take = (members: readonly number[]): void => {
    volumes += Math.sqrt(determinant(products, k, members));
    weights += Math.sqrt(members.reduce((product, i) => product * products[i * k + i]!, 1));
  };
  if (combinations(k, size) <= SIMPLICES) forEachSubset(k, size, take);
  else {
    const order = Array.from({ length: k }, (_, i) => i);
    for (let s = 0; s < SIMPLICES; s++) {
      for (let i = 0; i < size; i++) {
        const j = i + Math.floor(uniform() * (k - i));
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      take(order.slice(0, size));
    }
  }
  return volumes / weights;
}

function combinations(n: number, k: number): number {
  let count = 1;
  for (let i = 1; i <= k; i++) count *= (n - k + i) / i;
  return count;
}

function forEachSubset(n: number, size: number, use: (members: readonly number[]) => void): void {
  const extend = (members: readonly number[], from: number): void => {
    if (members.length === size) use(members);
    else for (let i = from; i < n; i++) extend([...members, i], i + 1);
  };
  extend([], 0);
}

/** The determinant of some rows and columns of a matrix of products, by Cholesky's decomposition; at least 0. */
function determinant(products: Float64Array, k: number, members: readonly number[]): number {
  const factor: number[][] = [];
  let found = 1;
  for (const [a, i] of members.entries()) {
    const row: number[] = [];
    for (const [b, j] of members.slice(0, a).entries()) {
      let left = products[i * k + j]!;
      for (let c = 0; c < b; c++) left -= row[c]! * factor[b]![c]!;
      row.push(left / factor[b]![b]!);
    }
    const pivot = products[i * k + i]! - row.reduce((sum, value) => sum + value * value, 0);
    // The vector lies in the span of the others, up to rounding errors.
    if (!(pivot > ROUNDING * products[i * k + i]!)) return 0;
    found *= pivot;
    row.push(Math.sqrt(pivot));
    factor.push(row);
  }
  return found;
}

/** The expected skewness by dimension, in which an observed skewness is looked up. */
interface Expected {
  dimensionOf(skewness: number): number;
}

/**
 * In a ball of dimension n, the expected volume of d + 1 vectors is (G(n/2) / G((n+1)/2))^d G(n/2) / G((n-d)/2) times the
 * product of their lengths, where G is the gamma function (Johnsson et al. 2015). It rises with n, from 0 at n = d.
 */
function expectedVolumes(d: number): Expected {
  const shrink = [Math.sqrt(Math.PI), 2 / Math.sqrt(Math.PI)];
  const grow = [gammaHalf(d + 1) / gammaHalf(1), gammaHalf(d + 2) / gammaHalf(2)];
  const value = (n: number): number => {
    while (shrink.length < n) shrink.push((shrink.at(-2)! * (shrink.length - 1)) / shrink.length);
    while (grow.length < n - d) {
      const m = grow.length - 1 + d; // two dimensions before the one to come
      grow.push((grow.at(-2)! * m) / (m - d));
    }
    return n <= d ? 0 : shrink[n - 1]! ** d * grow[n - d - 1]!;
  };
  return { dimensionOf: (skewness) => lookUp((n) => value(n), skewness, d) };
}

/** The expected projection of a pair is 2 G((n+2)/2) / (sqrt(pi) n G((n+1)/2)) times the product; it falls from 1. */
function expectedProjections(): Expected {
  const growth = [Math.sqrt(Math.PI) / 2, 2 / Math.sqrt(Math.PI)];
  const value = (n: number): number => {
    while (growth.length < n) growth.push((growth.at(-2)! * (growth.length + 1)) / growth.length);
    return ((2 / Math.sqrt(Math.PI)) * growth[n - 1]!) / n;
  };
  return { dimensionOf: (skewness) => lookUp((n) => -value(n), -skewness, 1) };
}

/** Where a rising function of whole numbers takes a value, by linear interpolation. */
function lookUp(rising: (n: number) => number, value: number, least: number): number {
  let n = least;
  while (rising(n + 1) <= value) n++;
  return n + Math.max(0, value - rising(n)) / (rising(n + 1) - rising(n));
}

/** The gamma function at m / 2. */
function gammaHalf(m: number): number {
  let value = m % 2 === 0 ? 1 : Math.sqrt(Math.PI);
  for (let j = m; j > 2; j -= 2) value *= (j - 2) / 2;
  return value;
}
