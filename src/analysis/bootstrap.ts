/**
 * A statistic of observations, each of one or more numbers, with an interval that takes into account which observations depend on
 * each other.
 */
import { ascending, group, quantileSorted } from 'd3-array';
import { ANYTHING, assertGiven, type Kinds, NUMBER } from '../given';
import type { Interval } from '../intrinsic-dimension/intervals';
import { mulberry32 } from '../random';

/** A statistic with its interval. */
export interface Bootstrapped {
  readonly value: number;
  readonly interval: Interval;
  /** The number of observations. */
  readonly n: number;
  /** The number of groups of observations, if whole groups were drawn. */
  readonly groups?: number;
}

/** How observations that depend on each other are drawn in a bootstrap, and how often. */
export interface BootstrapOptions {
  /** The number of consecutive observations in a block, which are drawn together. @default the cube root of n, rounded up */
  readonly block?: number;
  /**
   * The group of each observation, such as the setting of a run: whole groups are drawn instead of blocks, since runs of
   * one setting are not independent of each other.
   */
  readonly groups?: readonly (string | number)[];
  /** @default 2000 */
  readonly repetitions?: number;
  /** @default 0.95 */
  readonly level?: number;
  /** @default 0 */
  readonly seed?: number;
}

export const BOOTSTRAP_KINDS: Kinds<BootstrapOptions> = {
  block: NUMBER,
  groups: ANYTHING,
  repetitions: NUMBER,
  level: NUMBER,
  seed: NUMBER,
};

/**
 * A statistic of columns of equal length, with the percentile interval of a bootstrap that draws blocks of consecutive
 * observations (Kuensch 1989) or whole groups (Field and Welsh 2007). Draws for which the statistic is not finite are left out.
 *
 * @throws RangeError for fewer than 4 observations, columns of different lengths, or fewer than 4 groups
 */
export function bootstrap(
  columns: readonly (readonly number[])[],
  statistic: (columns: readonly (readonly number[])[]) => number,
  options: BootstrapOptions = {},
): Bootstrapped {
  assertGiven('bootstrap', options, BOOTSTRAP_KINDS);
  const { block, groups, repetitions = 2000, level = 0.95, seed = 0 } = options;
  const n = columns[0]!.length;
  if (n < 4 || columns.some(({ length }) => length !== n) || (groups && groups.length !== n))
    throw new RangeError(
      `an interval needs at least 4 observations, and as many numbers of each kind: got ${[...columns, ...(groups ? [groups] : [])].map(({ length }) => length).join(', ')}`,
    );
  const members = groups && [...group(groups.keys(), (i) => groups[i]!).values()];
  if (members && members.length < 4)
    throw new RangeError(`an interval needs at least 4 groups, got ${members.length}`);
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
    value: statistic(columns),
    interval: { lower: quantile((1 - level) / 2), upper: quantile((1 + level) / 2), level },
    n,
    ...(members ? { groups: members.length } : {}),
  };
}

/** The indices of n observations, in blocks of consecutive ones that are drawn with replacement. */
function blocks(n: number, block: number, uniform: () => number): number[] {
  const chosen: number[] = [];
  while (chosen.length < n) {
    const start = Math.floor(uniform() * (n - block + 1));
    for (let i = start; i < start + block && chosen.length < n; i++) chosen.push(i);
  }
  return chosen;
}
