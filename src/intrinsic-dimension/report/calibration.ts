/** Calibrates a value: finds the dimensions of known surfaces on which the same estimator gives it with as many points. */
import { streamSeed } from '../../random';
import type { FromNeighbours } from '../estimators/estimator';
import { type Interval, reachOf } from '../intervals';
import { space } from '../points/space';
import type { SearchOptions } from '../search/neighbours';
import { drawFamily, FAMILIES, type Family } from './families';
import { glance, neighboursToSee, type Seen } from './scales';

/** Dimensions that are tried. Between them, the logarithm of the value is nearly linear in that of the dimension. */
const NODES = [1, 2, 3, 4, 5, 6, 8, 11, 15, 21, 30, 45, 70, 110, 170, 260, 400];

/** Beyond the last node, values hardly grow: growth below this is chance, and no reading is higher. */
const LEVEL_SLOPE = 0.02;
const HIGHEST = 10_000;

/** The number of points drawn for one dimension of one family, in as many sets as needed, and at least one. */
const DRAWN = 4000;
const MOST_SETS = 16;

/** A family agrees with the points if its scale curve is at most this many standard errors away ... */
const AGREES = 2.5;
/** ... plus this share of the value, since no surface belongs exactly to the family. */
const TOLERANCE = 0.04;

/** The share of the value by which a surface may differ from its family, for each dimension, since bias grows with it; at most a tenth. */
const UNLIKE = { each: 0.004, most: 0.1 };

/** The number of families nearest to the points that are always used, since a single family may agree by chance. */
const HEARD = 4;

/** The reading of a value by one family. */
export interface FamilyReading {
  readonly family: string;
  readonly summary: string;
  /** The dimension at which this family gives the value. */
  readonly dimension: number;
  /** The same for the ends of the interval of the value. */
  readonly lower: number;
  readonly upper: number;
  /** How far its scale curve is from that of the points, in standard errors. */
  readonly distance: number;
  /** True if the scale curve of the points could belong to this family. */
  readonly agrees: boolean;
}

/** A value without the bias that known surfaces have with as many points. */
export interface Corrected {
  /** The median over the families whose scale curve agrees with that of the points, and at least four families. */
  readonly value: number;
  /** From the lowest to the highest dimension that any of these families allows. */
  readonly interval: Interval;
  /** True if any family has a scale curve like that of the points; otherwise the interval covers all families and scales. */
  readonly explained: boolean;
  readonly readings: readonly FamilyReading[];
  /** The number of points on each known surface. */
  readonly points: number;
}

/** Further facts about the points, besides {@link Seen}. */
export interface Limits {
  readonly level: number;
  /** The number of coordinates, which no dimension exceeds. @default none */
  readonly columns?: number | undefined;
  /** The lowest and highest value at any scale, which is needed if no family explains the points. */
  extremes(): Promise<{ readonly lowest: number; readonly highest: number }>;
}

/** Simulated means at one dimension: the logarithm of the value, and the shape of the scale curve. */
interface Node {
  readonly dimension: number;
  readonly value: number;
  readonly shape: readonly number[];
}

/** Calibrates values of one estimator with one number of points; what is drawn for one value is reused for the next. */
export interface Calibration {
  correct(seen: Seen, limits: Limits, options?: SearchOptions): Promise<Corrected>;
}

/** The number of calibrations that are kept, for example for the layers of a network, which have the same number of points. */
const KEPT = 8;
const kept = new Map<string, Calibration>();

/**
 * The calibration of an estimator with a number of points. The surfaces have no more coordinates than they need: further
 * coordinates would not change their distances. What is drawn is reused by later calls.
 *
 * @param name of the estimator with all of its options
 */
export function calibration(
  name: string,
  estimator: FromNeighbours,
  points: number,
  seed: number,
): Calibration {
  const key = JSON.stringify([name, points, seed]);
  const made = kept.get(key) ?? newCalibration(estimator, points, seed);
  kept.delete(key);
  kept.set(key, made);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  return made;
}

function newCalibration(estimator: FromNeighbours, points: number, seed: number): Calibration {
  const sets = Math.min(MOST_SETS, Math.max(1, Math.ceil(DRAWN / points)));
  const curves = FAMILIES.map((family, f) =>
    familyCurve(family, estimator, { points, sets, seed: streamSeed(seed, f) }),
  );
  return {
    async correct(seen, limits, { onProgress, signal } = {}) {
      const readings: FamilyReading[] = [];
      for (const [f, curve] of curves.entries()) {
        // Families are similar enough for the dimension of one to be a good start of the search for that of the next.
        const near = readings.at(-1)?.dimension ?? seen.value;
        const within = (done: number): void => onProgress?.((f + done) / curves.length);
        const how = { onProgress: within, ...(signal ? { signal } : {}) };
        readings.push(await read(curve, seen, { level: limits.level, sets, near, how }));
        onProgress?.((f + 1) / curves.length);
      }
      return { ...(await summarise(readings, seen, limits)), readings, points };
    },
  };
}

async function summarise(
  readings: readonly FamilyReading[],
  { value }: Seen,
  { level, columns = Number.POSITIVE_INFINITY, extremes }: Limits,
): Promise<Omit<Corrected, 'readings' | 'points'>> {
  const explained = readings.some(({ agrees }) => agrees);
  const nearest = [...readings].sort((a, b) => a.distance - b.distance).slice(0, HEARD);
  const used = explained ? readings.filter((each) => each.agrees || nearest.includes(each)) : readings;
  const middle = used.map(({ dimension }) => dimension).sort((a, b) => a - b);
  let lower = Math.min(...used.map((each) => each.lower));
  let upper = Math.max(...used.map((each) => each.upper));
  if (!explained) {
    // If no family explains how the value changes with scale, the change from distance 0 to the nearest scale is assumed to be
    // at most that from the nearest to the farthest scale.
    const { lowest, highest } = await extremes();
    lower = Math.min(lower, lowest, value ** 2 / highest);
    upper = Math.max(upper, highest);
  }
  return {
    value: Math.min(columns, (middle[(middle.length - 1) >> 1]! + middle[middle.length >> 1]!) / 2),
    interval: { lower: Math.min(columns, lower), upper: Math.min(columns, upper), level },
    explained,
  };
}

/** Parameters of the reading of a family. */
interface Reading {
  readonly level: number;
  /** The number of sets that were drawn from each surface. */
  readonly sets: number;
  /** The dimension at which the search for the value starts. */
  readonly near: number;
  readonly how: SearchOptions;
}

async function read(
  { family, between }: FamilyCurve,
  seen: Seen,
  { level, sets, near, how }: Reading,
): Promise<FamilyReading> {
  // The means of the family have errors of their own, which are as large as that of the value if one set was drawn.
  const drawn = 1 + 1 / sets;
  const unlike = Math.min(UNLIKE.most, UNLIKE.each * seen.value);
  const reach = reachOf(level) * Math.hypot(unlike, Math.sqrt(drawn) * (seen.standardError / seen.value));
  const target = Math.log(seen.value);
  const each = eachHalf(how);
  const at = await between(target, near, each);
  const [lower, upper] = [
    await between(target - reach, at.dimension, each),
    await between(target + reach, at.dimension, each),
  ];
  const distance = seen.shape.reduce((most, each, s) => {
    const error = Math.hypot(TOLERANCE, Math.sqrt(drawn) * seen.shapeErrors[s]!);
    return Math.max(most, Math.abs(each - at.shape[s]!) / error);
  }, 0);
  return {
    family: family.name,
    summary: family.summary,
    dimension: at.dimension,
    lower: lower.dimension,
    upper: upper.dimension,
    distance,
    agrees: distance <= AGREES,
  };
}

interface FamilyCurve {
  readonly family: Family;
  /** The dimension at which the logarithm of the value is `target`, and the shape there; the search starts at `near`. */
  between(target: number, near: number, each: Each): Promise<Node>;
}

/** Runs a part of a longer work with the progress of the whole. */
type Each = <T>(part: (how: SearchOptions) => Promise<T>) => Promise<T>;

/** The progress of a work of which nobody knows how many parts follow: each part counts as half of what is left. */
function eachHalf({ onProgress, ...how }: SearchOptions): Each {
  let done = 0;
  return async (part) => {
    const found = await part({
      ...how,
      onProgress: (share) => onProgress?.(done + (share * (1 - done)) / 2),
    });
    done = (1 + done) / 2;
    return found;
  };
}

function familyCurve(
  family: Family,
  estimator: FromNeighbours,
  how: { readonly points: number; readonly sets: number; readonly seed: number },
): FamilyCurve {
  const nodes = new Map<number, Node>();
  const node = async (i: number, each: Each): Promise<Node> => {
    const known =
      nodes.get(i) ??
      (await each((search) => simulate(family, estimator, { ...how, dimension: NODES[i]!, search })));
    nodes.set(i, known);
    return known;
  };
  return {
    family,
    async between(target, near, each) {
      const first = NODES.findIndex((dimension) => dimension >= near);
      let i = first < 0 ? NODES.length - 1 : Math.max(1, first);
      while (i < NODES.length - 1 && (await node(i, each)).value < target) i++;
      while (i > 1 && (await node(i - 1, each)).value > target) i--;
      const [below, above] = [await node(i - 1, each), await node(i, each)];
      // Below the first and above the last node the lines are extrapolated, if the last one rises.
      const share = (target - below.value) / Math.max(LEVEL_SLOPE, above.value - below.value);
      const mix = (a: number, b: number): number => a + share * (b - a);
      return {
        dimension: Math.min(HIGHEST, Math.exp(mix(Math.log(below.dimension), Math.log(above.dimension)))),
        value: target,
        shape: below.shape.map((ratio, s) => mix(ratio, above.shape[s]!)),
      };
    },
  };
}

async function simulate(
  family: Family,
  estimator: FromNeighbours,
  {
    points,
    sets,
    seed,
    dimension,
    search: { onProgress, ...search },
  }: {
    readonly points: number;
    readonly sets: number;
    readonly seed: number;
    readonly dimension: number;
    readonly search: SearchOptions;
  },
): Promise<Node> {
  const needed = neighboursToSee(estimator, points);
  let value = 0;
  let shape: readonly number[] = [];
  for (let s = 0; s < sets; s++) {
    const drawn = await space(
      drawFamily(family, { points, dimension, seed: streamSeed(streamSeed(seed, s), dimension) }),
    );
    const table = await drawn.neighbours(needed, {
      ...search,
      onProgress: (done) => onProgress?.((s + done) / sets),
    });
    const seen = glance(table, estimator);
    value += Math.log(seen.value) / sets;
    shape = seen.shape.map((each, i) => (shape[i] ?? 0) + each / sets);
  }
  return { dimension, value, shape };
}
