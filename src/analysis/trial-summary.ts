/** What trials on manifolds of known dimension say about estimators: error, bias, spread, coverage and time. */
import { deviation, group, mean, median } from 'd3-array';
import type { ManifoldName } from '../intrinsic-dimension/manifolds/manifold';
import type { Trial, TrialEstimator } from '../intrinsic-dimension/trials';

/** One estimator on one manifold with one number of points, over all seeds. Errors are shares of the true dimension. */
export interface TrialCell {
  readonly estimator: TrialEstimator;
  readonly manifold: ManifoldName;
  readonly points: number;
  readonly dimension: number;
  /** Mean of |value - dimension| / dimension; undefined if an estimate failed. */
  readonly error: number | undefined;
  /** Mean of (value - dimension) / dimension. */
  readonly bias: number | undefined;
  /** Standard deviation over the seeds; undefined with one seed. */
  readonly spread: number | undefined;
  /** The share of the 95 % intervals that hold the dimension. */
  readonly coverage: number | undefined;
  /** Median of the processor's time in milliseconds; undefined where it is not known. */
  readonly cpuMs: number | undefined;
  readonly seeds: number;
  /** The seeds without a value. */
  readonly failed: number;
}

/** An estimator on several manifolds with one number of points: means over the manifolds. */
export interface TrialSummary extends Omit<TrialCell, 'manifold' | 'dimension' | 'seeds'> {
  readonly manifolds: number;
}

/** Manifolds of similar dimension. */
export interface DimensionClass {
  /** Such as `1 to 4`. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Bounds between the classes, where the 24 benchmark manifolds have gaps. */
const BOUNDS = [0, 4.5, 14, Number.POSITIVE_INFINITY];

/** All cells of some trials. */
export function trialCells(trials: readonly Trial[]): TrialCell[] {
  const sets = group(trials, ({ estimator, manifold, points }) => `${estimator}/${manifold}/${points}`);
  return [...sets.values()].map((members) => {
    const { estimator, manifold, points, dimension } = members[0]!;
    const values = members.flatMap((each) => (each.value === null ? [] : [each]));
    const errors = values.map(({ value }) => value / dimension - 1);
    const whole = values.length === members.length;
    return {
      estimator,
      manifold,
      points,
      dimension,
      error: whole ? mean(errors, Math.abs) : undefined,
      bias: whole ? mean(errors) : undefined,
      spread: whole ? deviation(errors) : undefined,
      coverage: whole
        ? mean(values, ({ lower, upper }) => Number(lower <= dimension && dimension <= upper))
        : undefined,
      cpuMs: median(members, (each) => each.cpuMs),
      seeds: members.length,
      failed: members.length - values.length,
    };
  });
}

/** The classes of dimensions that some cells have, named after the lowest and highest of these. */
export function dimensionClasses(cells: readonly TrialCell[]): DimensionClass[] {
  return BOUNDS.slice(1).flatMap((upper, i) => {
    const inside = cells.map(({ dimension }) => dimension).filter((d) => d > BOUNDS[i]! && d <= upper);
    if (inside.length === 0) return [];
    const [from, to] = [Math.min(...inside), Math.max(...inside)];
    return [{ name: from === to ? `${from}` : `${from} to ${to}`, from, to }];
  });
}

/** One row for each estimator and number of points; an estimator that failed on a manifold has no error on average. */
export function trialSummaries(cells: readonly TrialCell[]): TrialSummary[] {
  const rows = group(cells, ({ estimator, points }) => `${estimator}/${points}`);
  return [...rows.values()].map((members) => {
    const { estimator, points } = members[0]!;
    const average = (of: (cell: TrialCell) => number | undefined): number | undefined =>
      members.every((cell) => of(cell) !== undefined) ? mean(members, of) : undefined;
    return {
      estimator,
      points,
      error: average(({ error }) => error),
      bias: average(({ bias }) => bias),
      spread: average(({ spread }) => spread),
      coverage: average(({ coverage }) => coverage),
      cpuMs: median(members, (each) => each.cpuMs),
      failed: members.reduce((sum, { failed }) => sum + failed, 0),
      manifolds: members.length,
    };
  });
}
