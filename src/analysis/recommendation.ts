/** Which estimator to take: derived from trials by their mean error, with a test of which others are as good. */
import { mean } from 'd3-array';
import type { Trial, TrialEstimator } from '../intrinsic-dimension/trials';
import { bootstrap } from './bootstrap';
import {
  dimensionClasses,
  type TrialCell,
  type TrialSummary,
  trialCells,
  trialSummaries,
} from './trial-summary';

/** The estimators that count the directions of the whole cloud of points: they are right for flat surfaces only. */
const LINEAR: readonly TrialEstimator[] = [
  'participation-ratio',
  'participation-ratio-corrected',
  'pca',
  'fisher-separability',
];

/** The estimators to take in one case. */
export interface Recommendation {
  /** The dimensions of the manifolds, such as `1 to 4`; `any` for all of them. */
  readonly dimensions: string;
  readonly points: number;
  /** The estimator with the smallest mean error, of those that can see curved surfaces. */
  readonly best: TrialSummary;
  /**
   * The best and those that are as good: the 95 % interval of the difference of their mean errors, from a bootstrap over
   * manifolds, holds 0. The smallest error is first.
   */
  readonly asGood: readonly TrialSummary[];
  /** The best of the estimators that are right for flat surfaces only. */
  readonly linear?: TrialSummary;
  /** The fastest of those as good as the best. */
  readonly fastest: TrialSummary;
  /** The estimator whose 95 % intervals hold the dimension most often. */
  readonly surest: TrialSummary;
  /** The estimators that were tried elsewhere, but not on all manifolds of this case. */
  readonly untried: readonly TrialEstimator[];
}

/** Fewer manifolds do not tell which estimators are as good as the best. */
const FEWEST = 4;

/**
 * The estimators to take for each number of points, first for all dimensions, and then for each class of dimensions. Estimators that were not
 * tried on all manifolds of a case, or have no value on one of them, are left out of it.
 */
export function recommendations(trials: readonly Trial[]): Recommendation[] {
  const cells = trialCells(trials);
  const classes = dimensionClasses(cells);
  const known = [...new Set(cells.map(({ estimator }) => estimator))];
  return [...new Set(cells.map(({ points }) => points))]
    .sort((a, b) => a - b)
    .flatMap((points) => {
      const here = cells.filter((cell) => cell.points === points);
      return [
        ...recommend('any', points, here, known),
        ...classes.flatMap(({ name, from, to }) =>
          recommend(
            name,
            points,
            here.filter(({ dimension }) => from <= dimension && dimension <= to),
            known,
          ),
        ),
      ];
    });
}

function recommend(
  dimensions: string,
  points: number,
  cells: readonly TrialCell[],
  known: readonly TrialEstimator[],
): Recommendation[] {
  const manifolds = [...new Set(cells.map(({ manifold }) => manifold))];
  if (manifolds.length < FEWEST) return [];
  const tried = trialSummaries(cells).filter((each) => each.manifolds === manifolds.length);
  const all = tried.filter(({ error }) => error !== undefined).sort((a, b) => a.error! - b.error!);
  const linear = all.find(({ estimator }) => LINEAR.includes(estimator));
  const ranked = all.filter(({ estimator }) => !LINEAR.includes(estimator));
  const best = ranked[0];
  if (!best) return [];
  const errors = (name: TrialEstimator): number[] =>
    manifolds.map(
      (manifold) => cells.find((each) => each.estimator === name && each.manifold === manifold)!.error!,
    );
  const least = errors(best.estimator);
  const asGood = ranked.filter((each) => {
    if (each === best) return true;
    const more = errors(each.estimator).map((error, i) => error - least[i]!);
    const { interval } = bootstrap([more], ([column]) => mean(column!)!, { block: 1 });
    return interval.lower <= 0;
  });
  const first = <T>(rows: readonly T[], before: (a: T, b: T) => boolean): T =>
    rows.reduce((found, row) => (before(row, found) ? row : found));
  return [
    {
      dimensions,
      points,
      best,
      asGood,
      ...(linear ? { linear } : {}),
      fastest: first(
        asGood,
        (a, b) => (a.cpuMs ?? Number.POSITIVE_INFINITY) < (b.cpuMs ?? Number.POSITIVE_INFINITY),
      ),
      surest: first(ranked, (a, b) => a.coverage! > b.coverage!),
      untried: known.filter((name) => !tried.some(({ estimator }) => estimator === name)),
    },
  ];
}
