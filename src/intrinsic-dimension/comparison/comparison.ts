/** A comparison of two descriptions of the same points: a mean over the points, with its standard error. */
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

/** Options of a comparison. */
export type ComparisonOptions = SpaceOptions & IntervalOptions;

const COMPARISON_KINDS: Kinds<ComparisonOptions & { readonly k?: number }> = {
  ...SPACE_KINDS,
  level: NUMBER,
  k: NUMBER,
};

/** A value with its standard error and interval. */
export interface Comparison {
  readonly value: number;
  readonly standardError: number;
  readonly interval: Interval;
}

/** The contributions of points to a mean over them. */
export interface Contributions {
  /** [points] The contribution of each point; their mean is the value. */
  readonly own: Float64Array;
  /** [points] How much the presence of each point adds to the contributions of the others. */
  readonly throughOthers: Float64Array;
}

/**
 * The mean of the contributions, with the smaller of two standard errors. The sandwich over the tables' neighbours treats points
 * that share neighbours as dependent; it is too large if the contributions differ from place to place. The jackknife is based on
 * the contributions of the others without a point; it is too large if these depend on pairs of points (Efron and Stein 1981), but
 * never too small on average.
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
 * @param further other options that it reads
 * @throws RangeError for options that are unknown or of the wrong kind, a `k` that is not a whole number of neighbours, and a
 *   level out of range
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
