/** Estimates on random subsamples, all from the neighbour table of the full set. */
import { jStat } from 'jstat';
import { type Kinds, NUMBER, SEED } from '../given';
import { mulberry32, streamSeed } from '../random';
import { NoEstimateError } from './no-estimate';
import type { Space } from './points/space';
import type { Depth, NeighbourTable } from './search/neighbour-table';

/** The default number of subsamples, and the share of the points in each. */
export const SUBSAMPLES = { count: 20, fraction: 0.9 };

/** Random subsamples without replacement. */
export interface SubsampleOptions {
  /** The number of subsamples, at least 2. @default that of {@link SUBSAMPLES} */
  readonly count?: number;
  /** The share of the points in each subsample. @default that of {@link SUBSAMPLES} */
  readonly fraction?: number;
  /** @default 0 */
  readonly seed?: number;
}

/** The kinds of the options of subsamples. */
export const SUBSAMPLE_KINDS: Kinds<SubsampleOptions> = { count: NUMBER, fraction: NUMBER, seed: SEED };

/** Estimates on random subsamples. */
export interface Subsamples {
  readonly mean: number;
  /** The standard deviation over the subsamples, with n in the denominator, as in numpy's std. */
  readonly standardDeviation: number;
  readonly values: readonly number[];
}

/** The most subsamples that can be drawn. */
const MOST = 1e6;

/** The expected number of points, over all subsamples, that may lack neighbours. */
const LACKING = 0.1;

/**
 * The number of neighbours that the table of `n` points must hold so that hardly any point has fewer than k of them in a
 * subsample: 9 for k = 2 and 20 subsamples of 90 % of 10,000 points. The rare point with fewer is compared with all members.
 */
export function neighboursForSubsamples(
  k: number,
  n: number,
  { count = SUBSAMPLES.count, fraction = SUBSAMPLES.fraction }: SubsampleOptions,
): number {
  let width = k;
  while (width < n && count * fraction * n * jStat.binomial.cdf(k - 1, width, fraction) > LACKING) width++;
  return width;
}

/**
 * The members of random subsamples of `n` points, from which an estimator needs `k` neighbours of each.
 *
 * @throws RangeError for an impossible count or fraction; NoEstimateError if a subsample is too small only because of duplicates
 */
export function drawSubsamples(
  { n, duplicates }: Pick<Space, 'n' | 'duplicates'>,
  k: number,
  { count = SUBSAMPLES.count, fraction = SUBSAMPLES.fraction, seed = 0 }: SubsampleOptions,
): Int32Array[] {
  if (!(Number.isInteger(count) && count >= 2 && count <= MOST)) {
    const range = count > MOST ? `of at most ${MOST.toLocaleString('en')}` : 'of at least 2';
    throw new RangeError(`subsamples.count must be a whole number ${range}, got ${count}`);
  }
  const size = Math.trunc(n * fraction);
  const least = Math.max(k, 2) + 1;
  if (!(size >= least && size <= n)) {
    const reason = `a subsample of ${fraction} of ${n} points has ${size}`;
    const cure = `it needs ${least} to ${n}`;
    if (fraction <= 1 && Math.trunc((n + duplicates) * fraction) >= least)
      throw new NoEstimateError(
        `a subsample of ${fraction} of ${n} distinct points has ${size}`,
        `it needs ${least}`,
      );
    throw new RangeError(`${reason}: ${cure}`);
  }
  const order = Int32Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: count }, (_, s) => {
    const uniform = mulberry32(streamSeed(seed, s));
    for (let i = 0; i < size; i++) {
      const j = i + Math.floor(uniform() * (n - i));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order.slice(0, size);
  });
}

/** The number of subsamples in one 32-bit set. */
const WORD = 32;

/**
 * How many of a point's neighbours are needed to hold k members of each subsample that the point belongs to; at least k.
 *
 * @param most the number that is needed if the neighbours so far do not hold enough members
 */
export function depthForSubsamples(
  subsamples: readonly Int32Array[],
  n: number,
  k: number,
  most: number,
): Depth {
  // membership[w][i] is the set of subsamples, among the w-th 32, that contain point i.
  const membership = Array.from({ length: Math.ceil(subsamples.length / WORD) }, (_, w) => {
    const word = new Int32Array(n);
    for (const [s, members] of subsamples.slice(w * WORD, (w + 1) * WORD).entries()) {
      for (let m = 0; m < members.length; m++) word[members[m]!]! |= 1 << s;
    }
    return word;
  });
  // hold[c] is the set of subsamples that contain more than c of the neighbours so far.
  const hold = new Int32Array(k);
  return (i, nearest) => {
    let deepest = k;
    for (const word of membership) {
      hold.fill(0);
      let p = 0;
      for (; (word[i]! & ~hold[k - 1]!) !== 0; p++) {
        if (p === nearest.length) return most;
        const member = word[nearest[p]!]!;
        for (let c = k - 1; c > 0; c--) hold[c]! |= hold[c - 1]! & member;
        hold[0]! |= member;
      }
      if (p > deepest) deepest = p;
    }
    return deepest;
  };
}

/** Runs an estimator that needs `k` neighbours on each subsample. */
export function estimateSubsamples(
  space: Space,
  table: NeighbourTable,
  subsamples: readonly Int32Array[],
  k: number,
  estimate: (table: NeighbourTable) => number,
): Subsamples {
  const values = subsamples.map((members) => estimate(tableOfMembers(space, table, k, members)));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, standardDeviation: Math.sqrt(variance), values };
}

/** The table of a subset: the first k members among each member's neighbours. */
export function tableOfMembers(
  space: Space,
  full: NeighbourTable,
  k: number,
  members: Int32Array,
): NeighbourTable {
  const n = members.length;
  const rank = new Int32Array(full.n).fill(-1);
  for (let i = 0; i < n; i++) rank[members[i]!] = i;
  const indices = new Int32Array(n * k);
  const distances = new Float64Array(n * k);
  for (let i = 0; i < n; i++) {
    const end = (i + 1) * k;
    let found = i * k;
    for (let p = members[i]! * full.k, last = p + full.k; p < last && found < end; p++) {
      const neighbour = full.indices[p]!;
      if (neighbour < 0) break; // The search did not go this far.
      const other = rank[neighbour]!;
      if (other < 0) continue;
      indices[found] = other;
      distances[found++] = full.distances[p]!;
    }
    if (found < end)
      measureMembers(space, members, i, indices.subarray(i * k, end), distances.subarray(i * k, end));
  }
  return { n, k, indices, distances, searchedAgain: 0, duplicates: full.duplicates ?? 0 };
}

/** The members nearest to the i-th, from its distances to all members. */
function measureMembers(
  space: Space,
  members: Int32Array,
  i: number,
  indices: Int32Array,
  distances: Float64Array,
): void {
  const measured = Float64Array.from(members, (member, j) =>
    j === i ? Number.POSITIVE_INFINITY : space.distance(members[i]!, member),
  );
  const order = Int32Array.from(members.keys()).sort((a, b) => measured[a]! - measured[b]!);
  for (let p = 0; p < indices.length; p++) {
    indices[p] = order[p]!;
    distances[p] = measured[order[p]!]!;
  }
}
