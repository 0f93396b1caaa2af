/** BID: the dimension of binary points, from the histogram of their Hamming distances (Acevedo et al. 2024). */
import { normalInterval } from '../../intervals';
import { NoEstimateError } from '../../no-estimate';
import { pauses } from '../../pauses';
import { coordinates, type Space } from '../../points/space';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from '../estimator';
import { flag, share } from '../options';
import { fitBinary, scoreOf } from './binary-fit';

/** Binary intrinsic dimension. */
export const BID = defineEstimator({
  name: 'bid',
  summary: 'two values a coordinate: how often each Hamming distance occurs, near 0',
  source: 'Acevedo, Rodriguez and Laio 2024 (arXiv 2406.17383)',
  options: {
    from: share('[0, 1)', 0, 'share of the pairs that are nearer than all that are looked at'),
    to: share('(0, 1]', 0.2, 'share of the pairs up to the farthest that are looked at'),
    signs: flag('take the signs of the coordinates (above 0, or not), which then may have any values'),
  },
  with: ({ from, to, signs }) => ({
    measure: (points, how) => bid(points, { from, to, signs }, how),
  }),
});

interface Asked {
  readonly from: number;
  readonly to: number;
  readonly signs: boolean;
}

/**
 * L independent fair bits have the Hamming distance r with probability C(L, r) / 2^L. Near r = 0 bits that depend on each other are like d(r) of
 * them, d(r) = d0 + d1 r: P(r) is proportional to C(d(r), r) / 2^d(r) over the distances that are looked at. d0 and d1 make the
 * Kullback-Leibler divergence from the histogram smallest, and d0 is the dimension. Equal points count as often as they were given.
 *
 * The error is that of a mean over pairs, by what each point's pairs add (Hoeffding 1948).
 *
 * @throws NoEstimateError for more than two values, and for fewer than three distances that are looked at
 */
async function bid(points: Space, asked: Asked, how: HowToEstimate): Promise<PointsEstimate> {
  const { copies } = points;
  const { words, width, bits } = packed(points, asked.signs);
  const histogram = new Float64Array(bits + 1);
  for (const count of copies) histogram[0]! += count * (count - 1);
  await throughPairs(words, width, how, 0, (i, j, r) => {
    histogram[r]! += 2 * copies[i]! * copies[j]!;
  });
  const { distances, shares, pairs } = lookedAt(histogram, asked);
  const fit = fitBinary(distances, shares, bits);
  if (!fit) {
    throw new NoEstimateError(
      `the Hamming distances ${distances[0]} to ${distances.at(-1)} are not like those of d0 + d1 r independent bits for any d0 and d1`,
      'choose a larger to, or give more points',
    );
  }
  const scores = new Float64Array(bits + 1);
  for (const [p, score] of scoreOf(fit, distances, shares).entries()) scores[distances[p]!] = score;
  // [points] what a row's pairs add; equal rows have equal pairs.
  const sums = Float64Array.from(copies, (count) => (count - 1) * scores[0]!);
  await throughPairs(words, width, how, 1, (i, j, r) => {
    sums[i]! += copies[j]! * scores[r]!;
    sums[j]! += copies[i]! * scores[r]!;
  });
  const own = histogram.reduce((sum, count, r) => sum + count * scores[r]! ** 2, 0);
  const shared = 4 * copies.reduce((sum, count, i) => sum + count * sums[i]! ** 2, 0) - 2 * own;
  const variance = how.interval === 'iid' ? own : Math.max(shared, 2 * own);
  const standardError = Math.sqrt(variance) / pairs;
  const interval = normalInterval(fit.d0, standardError, how.level);
  return { value: fit.d0, standardError, interval, scale: distances.at(-1)!, certified: 1 };
}

/** Calls `visit` with the Hamming distance of every pair, in one of two rounds. */
async function throughPairs(
  words: Int32Array,
  width: number,
  { onProgress, signal }: HowToEstimate,
  round: 0 | 1,
  visit: (i: number, j: number, apart: number) => void,
): Promise<void> {
  const n = words.length / width;
  const rest = pauses(onProgress && ((done) => onProgress((round + done) / 2)), signal);
  for (let i = 0; i < n; i++) {
    await rest((i / n) ** 2);
    for (let j = 0; j < i; j++) {
      let apart = 0;
      for (let p = i * width, q = j * width, end = p + width; p < end; p++, q++)
        apart += onesOf(words[p]! ^ words[q]!);
      visit(i, j, apart);
    }
  }
}

/** The distances that occur between two quantiles, as DADApy chooses them, and how often. */
function lookedAt(
  histogram: Float64Array,
  { from, to }: Asked,
): { readonly distances: number[]; readonly shares: Float64Array; readonly pairs: number } {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  const occurring = Array.from(histogram.keys()).filter((r) => histogram[r]! > 0);
  // The last distance up to which there are no more than this share of the pairs; the first where there is none.
  const quantile = (share: number): number => {
    let sum = 0;
    const beyond = occurring.findIndex((r) => {
      sum += histogram[r]!;
      return sum > share * total;
    });
    return Math.max(0, (beyond < 0 ? occurring.length : beyond) - 1);
  };
  const distances = occurring.slice(from === 0 ? 0 : quantile(from), quantile(to) + 1);
  if (distances.length < 3) {
    throw new NoEstimateError(
      `${distances.length} different Hamming distances lie between the quantiles ${from} and ${to}, and 3 are needed`,
      'choose a larger to or a smaller from, or give points with more coordinates',
    );
  }
  const pairs = distances.reduce((sum, r) => sum + histogram[r]!, 0);
  return { distances, shares: Float64Array.from(distances, (r) => histogram[r]! / pairs), pairs };
}

/** The points as bits, 32 in a word. */
function packed(
  points: Space,
  signs: boolean,
): { readonly words: Int32Array; readonly width: number; readonly bits: number } {
  const { row, n, d } = coordinates(points, BID.name);
  const width = Math.ceil(d / 32);
  const words = new Int32Array(n * width);
  const low = signs ? undefined : Math.min(...twoValues(points));
  for (let i = 0; i < n; i++) {
    const values = row(i);
    for (let c = 0; c < d; c++) {
      const set = low === undefined ? values[c]! > 0 : values[c]! !== low;
      if (set) words[i * width + (c >> 5)]! |= 1 << (c & 31);
    }
  }
  return { words, width, bits: d };
}

/** @throws NoEstimateError where the coordinates have more than two values */
function twoValues(points: Space): number[] {
  const { row, n } = coordinates(points, BID.name);
  const values = new Set<number>();
  for (let i = 0; i < n; i++) {
    for (const value of row(i)) {
      values.add(value);
      if (values.size <= 2) continue;
      throw new NoEstimateError(
        `the coordinates have more than two values, among them ${[...values].join(', ')} (row ${points.kept[i]!})`,
        "set signs to take their signs, or choose 'i3d' for whole numbers and another estimator for others",
      );
    }
  }
  return [...values];
}

/** The number of ones in a word (Warren, Hacker's Delight, section 5-1). */
function onesOf(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
