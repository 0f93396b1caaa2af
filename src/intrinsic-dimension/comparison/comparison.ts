/** A comparison of two descriptions of the same points: a mean over the points, with its error. */
import { assertGiven, type Kind, type Kinds, NUMBER } from '../../given';
import {
  DEFAULT_LEVEL,
  type Interval,
  type IntervalOptions,
  independentStandardError,
  levelOf,
  normalInterval,
  sandwichStandardError,
} from '../intervals';
import { SPACE_KINDS, type SpaceOptions } from '../points/space';
import type { NeighbourTable } from '../search/neighbour-table';

/** How to compare. */
export type ComparisonOptions = SpaceOptions & IntervalOptions;

const COMPARISON_KINDS: Kinds<ComparisonOptions & { readonly k?: number }> = {
  ...SPACE_KINDS,
  level: NUMBER,
  k: NUMBER,
};

/** A value with its error. */
export interface Comparison {
  readonly value: number;
  readonly standardError: number;
  readonly interval: Interval;
}

/** What points add to a mean over them. */
export interface Contributions {
  /** [points] What each adds by itself; their mean is the value. */
  readonly own: Float64Array;
  /** [points] How much more the others add since the point is there. */
  readonly throughOthers: Float64Array;
}

/**
 * The mean of what the points add, with the smaller of two errors. The sandwich over the tables' neighbours counts points that share
 * neighbours as dependent; it is too large where the value depends on the place. The jackknife counts what the others would add
 * without a point, and is too large where that depends on pairs of points (Efron and Stein 1981: never too small on average).
 *
 * @param tables the neighbours that the value depends on, the first `k` of each row
 */
export function comparisonOf(
  { own, throughOthers }: Contributions,
  tables: readonly NeighbourTable[],
  k: number,
  level = DEFAULT_LEVEL,
): Comparison {
  const value = meanOf(own);
  const centred = own.map((each) => each - value);
  const mean = meanOf(throughOthers);
  const removed = centred.map((each, i) => each + throughOthers[i]! - mean);
  const sandwich = Math.max(...tables.map((table) => sandwichStandardError(centred, table, k)));
  const standardError = Math.min(sandwich, independentStandardError(removed));
  return { value, standardError, interval: normalInterval(value, standardError, level) };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}

/**
 * @param reader the function that reads the options
 * @param further options that it reads besides
 * @throws RangeError for options that are unknown or of another kind, a `k` that is not a whole number of neighbours, and a level
 *   out of range
 */
export function assertComparable(
  reader: string,
  options: ComparisonOptions & { readonly k?: number },
  further: Readonly<Record<string, Kind>> = {},
): void {
  assertGiven(reader, options, { ...COMPARISON_KINDS, ...further });
  const { k } = options;
  if (k !== undefined && !(Number.isInteger(k) && k >= 1))
    throw new RangeError(`k must be a whole number of at least 1, got ${k}`);
  levelOf(options);
}
