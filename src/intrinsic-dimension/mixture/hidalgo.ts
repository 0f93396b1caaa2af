/** Hidalgo: a mixture of dimensions in one set, with the points that belong to each (Allegra et al. 2020). */
import { assertGiven, type Kinds, NUMBER, SEED } from '../../given';
import { streamSeed } from '../../random';
import { assertUntied, logRatios } from '../estimators/ratios';
import { levelOf } from '../intervals';
import { pauses } from '../pauses';
import type { Points } from '../points/points';
import { PERIODIC_KINDS, type PeriodicOptions, type Space, space } from '../points/space';
import { type ChainState, hidalgoChain, type Mixture, mixtureData } from './hidalgo-chain';

/** Options of the fit. */
export interface HidalgoOptions extends PeriodicOptions, Partial<Mixture> {
  /** The number of Markov chains, each with its own initial labels. @default 4 */
  readonly chains?: number;
  /** The number of draws that are kept from each chain. @default 1000 */
  readonly sweeps?: number;
  /** The number of draws that are discarded before them. @default 1000 */
  readonly burnIn?: number;
  /** Level of the intervals. @default 0.95 */
  readonly level?: number;
  /** @default 0 */
  readonly seed?: number;
}

/** The posterior. */
export interface Hidalgo {
  /** [points] Posterior mean of the dimension at each point. */
  readonly dimensions: Float64Array;
  /** [points] */
  readonly lower: Float64Array;
  /** [points] */
  readonly upper: Float64Array;
  /** The mean dimension over all points in every draw, chain after chain. */
  readonly meanDimensions: Float64Array;
  /** The classes of the draw with the largest density, by rising dimension. */
  readonly classes: readonly HidalgoClass[];
  /** [points] The class of each point in that draw. */
  readonly labels: Int32Array;
  /** How well the chains agree: near 1 if they sample one distribution; above 1.1, the fit should not be trusted. */
  readonly rHat: number;
  /** [points] The row of each point in the original set. */
  readonly rows: Int32Array;
  readonly duplicates: number;
}

/** A class of points of one dimension. */
export interface HidalgoClass {
  /** The mean over its points of their posterior mean dimensions. */
  readonly dimension: number;
  readonly points: number;
  /** [points] For each point, the share of draws in which most points of its component are in this class. */
  readonly membership: Float64Array;
}

/** The default mixture, with the priors of intRinsic. */
export const MIXTURE: Mixture = {
  components: 10,
  q: 3,
  xi: 0.75,
  weightPrior: 0.05,
  priorShape: 1,
  priorRate: 1,
};

/** The kinds of the options of {@link hidalgo}. */
const HIDALGO_KINDS: Kinds<HidalgoOptions> = {
  ...PERIODIC_KINDS,
  components: NUMBER,
  q: NUMBER,
  xi: NUMBER,
  weightPrior: NUMBER,
  priorShape: NUMBER,
  priorRate: NUMBER,
  chains: NUMBER,
  sweeps: NUMBER,
  burnIn: NUMBER,
  level: NUMBER,
  seed: SEED,
};

/** The most draws over all chains, whose means are kept. */
const MOST_DRAWS = 1e8;

/** The number of draws over all chains whose dimensions are kept for the intervals. */
const KEPT = 1000;

/**
 * The density of the ratio of a point's two nearest distances is given by the dimension of its component, and each of its q
 * neighbours has the weight xi in the same component and 1 - xi in another (Allegra et al. 2020). Labels, weights and dimensions
 * are drawn alternately.
 * The model prefers components that are connected pieces, so that with more components than dimensions, one dimension is spread
 * over several components. Read those with about the same dimension as one.
 *
 * @throws RangeError for options out of range; NoEstimateError for ties and too few points
 */
export async function hidalgo(points: Points, options: HidalgoOptions = {}): Promise<Hidalgo> {
  assertGiven('hidalgo', options, HIDALGO_KINDS);
  levelOf(options);
  const set = await space(points, options);
  return { ...(await hidalgoIn(set, options)), rows: set.kept, duplicates: set.duplicates };
}

/** The same for points that are already validated. */
export async function hidalgoIn(
  set: Space,
  options: HidalgoOptions,
): Promise<Omit<Hidalgo, 'rows' | 'duplicates'>> {
  const { chains = 4, sweeps = 1000, burnIn = 1000, level = 0.95, seed = 0, onProgress, signal } = options;
  const mixture = { ...MIXTURE, ...given(options) };
  assertRanges(mixture, { chains, sweeps, burnIn });
  const { n } = set;
  const table = await set.neighbours(Math.max(2, mixture.q), options);
  const x = logRatios(table, 1, 2);
  assertUntied(x);
  const data = mixtureData(x, table, mixture);
  const rest = pauses(onProgress, signal);
  const every = Math.max(1, Math.ceil((chains * sweeps) / KEPT));
  const kept: { readonly labels: Int32Array; readonly dimensions: Float64Array }[] = [];
  const means = new Float64Array(n);
  const meanDimensions = new Float64Array(chains * sweeps);
  let best: ChainState | undefined;
  for (let chain = 0; chain < chains; chain++) {
    const next = hidalgoChain(data, mixture, streamSeed(seed, chain));
    for (let sweep = -burnIn; sweep < sweeps; sweep++) {
      await rest((chain + (sweep + burnIn) / (sweeps + burnIn)) / chains);
      const state = next();
      if (sweep < 0) continue;
      const { labels, dimensions } = state;
      let mean = 0;
      for (let i = 0; i < n; i++) {
        const dimension = dimensions[labels[i]!]!;
        means[i]! += dimension / (chains * sweeps);
        mean += dimension / n;
      }
      meanDimensions[chain * sweeps + sweep] = mean;
      const copy = { ...state, labels: labels.slice(), dimensions: dimensions.slice() };
      if (best === undefined || state.logDensity > best.logDensity) best = copy;
      if ((chain * sweeps + sweep) % every === 0) kept.push(copy);
    }
  }
  const quantiles = quantilesOf(kept, n, [(1 - level) / 2, (1 + level) / 2]);
  return {
    dimensions: means,
    lower: quantiles[0]!,
    upper: quantiles[1]!,
    meanDimensions,
    ...classesOf(best!, kept, means),
    rHat: splitRHat(meanDimensions, chains),
  };
}

/** The given options that belong to the mixture. */
function given(options: Partial<Mixture>): Partial<Mixture> {
  return Object.fromEntries(
    Object.keys(MIXTURE).flatMap((name) => {
      const value = options[name as keyof Mixture];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function assertRanges(mixture: Mixture, lengths: Readonly<Record<string, number>>): void {
  const { components, q, xi, weightPrior, priorShape, priorRate } = mixture;
  for (const [name, value] of Object.entries({ components, q, ...lengths })) {
    if (!(Number.isInteger(value) && value >= 1))
      throw new RangeError(`${name} must be a whole number of at least 1, got ${value}`);
  }
  const draws = lengths['chains']! * lengths['sweeps']!;
  if (draws > MOST_DRAWS)
    throw new RangeError(
      `chains x sweeps must be at most ${MOST_DRAWS.toLocaleString('en')}, got ${draws.toLocaleString('en')}`,
    );
  if (!(lengths['sweeps']! >= 4)) throw new RangeError(`sweeps must be at least 4, got ${lengths['sweeps']}`);
  if (!(xi > 0 && xi < 1)) throw new RangeError(`xi must be in (0, 1), got ${xi}`);
  for (const [name, value] of Object.entries({ weightPrior, priorShape, priorRate })) {
    if (!(value > 0 && Number.isFinite(value)))
      throw new RangeError(`${name} must be a number above 0, got ${value}`);
  }
}

function quantilesOf(
  draws: readonly Pick<ChainState, 'labels' | 'dimensions'>[],
  n: number,
  shares: readonly number[],
): Float64Array[] {
  const found = shares.map(() => new Float64Array(n));
  const values = new Float64Array(draws.length);
  for (let i = 0; i < n; i++) {
    for (const [d, { labels, dimensions }] of draws.entries()) values[d] = dimensions[labels[i]!]!;
    values.sort();
    for (const [s, share] of shares.entries()) found[s]![i] = values[Math.round(share * (draws.length - 1))]!;
  }
  return found;
}

/** The classes of one draw, and how often each point is in them in all draws; a component counts as the class of most of its points. */
function classesOf(
  best: ChainState,
  draws: readonly Pick<ChainState, 'labels'>[],
  means: Float64Array,
): Pick<Hidalgo, 'classes' | 'labels'> {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const [i, label] of best.labels.entries()) {
    const { sum, count } = sums.get(label) ?? { sum: 0, count: 0 };
    sums.set(label, { sum: sum + means[i]!, count: count + 1 });
  }
  const order = [...sums].sort(([, a], [, b]) => a.sum / a.count - b.sum / b.count);
  const place = new Map(order.map(([label], c) => [label, c]));
  const labels = best.labels.map((label) => place.get(label)!);
  const membership = order.map(() => new Float64Array(labels.length));
  for (const draw of draws) {
    const overlaps = new Map<number, Float64Array>();
    for (const [i, label] of draw.labels.entries()) {
      if (!overlaps.has(label)) overlaps.set(label, new Float64Array(order.length));
      overlaps.get(label)![labels[i]!]!++;
    }
    const standsFor = new Map([...overlaps].map(([label, each]) => [label, each.indexOf(Math.max(...each))]));
    for (const [i, label] of draw.labels.entries())
      membership[standsFor.get(label)!]![i]! += 1 / draws.length;
  }
  const classes = order.map(([, { sum, count }], c) => ({
    dimension: sum / count,
    points: count,
    membership: membership[c]!,
  }));
  return { classes, labels };
}

/** Gelman and Rubin's R, computed from the halves of chains (Gelman et al. 2013, section 11.4). */
function splitRHat(values: Float64Array, chains: number): number {
  const length = Math.floor(values.length / chains / 2);
  const halves = Array.from({ length: 2 * chains }, (_, h) => {
    const start = Math.floor(h / 2) * (values.length / chains) + (h % 2) * length;
    const half = values.subarray(start, start + length);
    const mean = half.reduce((sum, each) => sum + each / length, 0);
    return { mean, variance: half.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (length - 1) };
  });
  const count = halves.length;
  const mean = halves.reduce((sum, half) => sum + half.mean / count, 0);
  const within = halves.reduce((sum, half) => sum + half.variance / count, 0);
  const between = halves.reduce((sum, half) => sum + (half.mean - mean) ** 2, 0) / (count - 1);
  return Math.sqrt((length - 1) / length + between / within);
}
