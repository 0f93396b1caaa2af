/** Pearson's correlation with a bootstrap interval. */
import { ascending, group, mean, quantileSorted } from 'd3-array';
import { ANYTHING, assertGiven, type Kinds, NUMBER } from '../given';
import type { Interval } from '../intrinsic-dimension/intervals';
import { mulberry32 } from '../random';

/** Pearson's r with its interval. */
export interface Correlation {
  readonly r: number;
  readonly interval: Interval;
  /** Pairs used. */
  readonly n: number;
  /** Groups of pairs, where whole groups were drawn. */
  readonly groups?: number;
}

/** Pearson's r of two samples of one length; NaN where one of them is constant. */
export function pearson(x: readonly number[], y: readonly number[]): number {
  const n = x.length;
  const [mx, my] = [mean(x)!, mean(y)!];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    xx += (x[i]! - mx) ** 2;
    yy += (y[i]! - my) ** 2;
    xy += (x[i]! - mx) * (y[i]! - my);
  }
  return xy / Math.sqrt(xx * yy);
}

/** How pairs that depend on each other are drawn in a bootstrap, and how often. */
export interface BootstrapOptions {
  /** Pairs in a block of neighbours in time, which are drawn together. @default the cube root of n, rounded up */
  readonly block?: number;
  /**
   * The group of each pair, such as the setting of a run: whole groups are drawn instead of blocks, since runs of one
   * setting are not independent of each other.
   */
  readonly groups?: readonly (string | number)[];
  /** @default 2000 */
  readonly repetitions?: number;
  /** @default 0.95 */
  readonly level?: number;
  /** @default 0 */
  readonly seed?: number;
}

const BOOTSTRAP_KINDS: Kinds<BootstrapOptions> = {
  block: NUMBER,
  groups: ANYTHING,
  repetitions: NUMBER,
  level: NUMBER,
  seed: NUMBER,
};

/**
 * Pearson's r with the percentile interval of a bootstrap, which draws blocks of neighbours in time (Kuensch 1989) or
 * whole groups (Field and Welsh 2007).
 *
 * @throws RangeError for fewer than 4 pairs, samples of different lengths, or fewer than 4 groups
 */
export function correlation(
  x: readonly number[],
  y: readonly number[],
  options: BootstrapOptions = {},
): Correlation {
  assertGiven('correlation', options, BOOTSTRAP_KINDS);
  return bootstrapped([x, y], ([x, y]) => pearson(x!, y!), options);
}

/**
 * Pearson's r of x and y when what a linear function of `given` says of both is taken away, with its interval as in
 * {@link correlation}.
 *
 * @throws RangeError as {@link correlation} does
 */
export function partialCorrelation(
  x: readonly number[],
  y: readonly number[],
  given: readonly number[],
  options: BootstrapOptions = {},
): Correlation {
  assertGiven('partialCorrelation', options, BOOTSTRAP_KINDS);
  return bootstrapped([x, y, given], ([x, y, z]) => partial(x!, y!, z!), options);
}

function partial(x: readonly number[], y: readonly number[], z: readonly number[]): number {
  const [xy, xz, yz] = [pearson(x, y), pearson(x, z), pearson(y, z)];
  return (xy - xz * yz) / Math.sqrt((1 - xz ** 2) * (1 - yz ** 2));
}

/** A statistic of columns of one length, and its interval. */
function bootstrapped(
  columns: readonly (readonly number[])[],
  statistic: (columns: readonly (readonly number[])[]) => number,
  { block, groups, repetitions = 2000, level = 0.95, seed = 0 }: BootstrapOptions,
): Correlation {
  const n = columns[0]!.length;
  if (n < 4 || columns.some(({ length }) => length !== n) || (groups && groups.length !== n))
    throw new RangeError(
      `a correlation needs at least 4 pairs, and as many numbers of each kind: got ${[...columns, ...(groups ? [groups] : [])].map(({ length }) => length).join(', ')}`,
    );
  const members = groups && [...group(groups.keys(), (i) => groups[i]!).values()];
  if (members && members.length < 4)
    throw new RangeError(`a correlation needs at least 4 groups, got ${members.length}`);
  const uniform = mulberry32(seed);
  const draw = members
    ? () => members.flatMap(() => members[Math.floor(uniform() * members.length)]!)
    : () => blocks(n, block ?? Math.ceil(Math.cbrt(n)), uniform);
  const found: number[] = [];
  for (let b = 0; b < repetitions; b++) {
    const chosen = draw();
    const value = statistic(columns.map((column) => chosen.map((i) => column[i]!)));
    if (Number.isFinite(value)) found.push(value);
  }
  found.sort(ascending);
  const quantile = (p: number): number => quantileSorted(found, p) ?? Number.NaN;
  return {
    r: statistic(columns),
    interval: { lower: quantile((1 - level) / 2), upper: quantile((1 + level) / 2), level },
    n,
    ...(members ? { groups: members.length } : {}),
  };
}

/** Indices of n pairs in blocks of neighbours, drawn with replacement. */
function blocks(n: number, block: number, uniform: () => number): number[] {
  const chosen: number[] = [];
  while (chosen.length < n) {
    const start = Math.floor(uniform() * (n - block + 1));
    for (let i = start; i < start + block && chosen.length < n; i++) chosen.push(i);
  }
  return chosen;
}

/** r = −0.83, 95 % interval −0.95 to −0.50, 24 runs of 12 settings */
export function correlationText(found: Correlation | undefined): string {
  if (!found) return 'too few runs for a correlation';
  const { r, interval, n, groups } = found;
  const [lower, upper] = [interval.lower, interval.upper].map(signed);
  const of = groups === undefined ? '' : ` of ${groups} settings`;
  return `r = ${signed(r)}, ${100 * interval.level} % interval ${lower} to ${upper}, ${n} runs${of}`;
}

/** −0.83 [−0.95, −0.50], for a column that says what the interval is */
export function coefficientText({ r, interval: { lower, upper } }: Correlation): string {
  return `${signed(r)} [${signed(lower)}, ${signed(upper)}]`;
}

/** With two decimals and a minus sign as wide as a plus. */
function signed(value: number): string {
  return value.toFixed(2).replace('-', '−');
}
