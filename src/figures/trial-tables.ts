/** Tables of trials on manifolds of known dimension: every estimator, and which one to take. */
import { recommendations } from '../analysis/recommendation';
import { dimensionClasses, type TrialSummary, trialCells, trialSummaries } from '../analysis/trial-summary';
import type { Trial } from '../intrinsic-dimension/trials';
import { formatSigned } from '../number-format';
import { type Table, table } from './table';

/** The most estimators that are named as good as the best. */
const SHOWN = 3;

/** One row for each number of points and estimator: mean error, bias by dimension, spread, coverage and time. */
export function trialTable(trials: readonly Trial[]): Table {
  const cells = trialCells(trials);
  const classes = dimensionClasses(cells);
  const rows = trialSummaries(cells)
    .sort((a, b) => a.points - b.points || (a.error ?? 9) - (b.error ?? 9))
    .map((row) => {
      const own = cells.filter((cell) => cell.estimator === row.estimator && cell.points === row.points);
      const bias = classes.map(({ name, from, to }): [string, string] => {
        const [part] = trialSummaries(own.filter(({ dimension }) => from <= dimension && dimension <= to));
        return [`bias in ${name}`, signedPercent(part?.bias)];
      });
      return {
        points: row.points,
        estimator: row.estimator,
        error: percent(row.error),
        ...Object.fromEntries(bias),
        spread: percent(row.spread),
        coverage: percent(row.coverage),
        'CPU time': time(row),
        'without a value':
          row.failed === 0 ? '' : `${row.failed} of ${own.reduce((sum, { seeds }) => sum + seeds, 0)}`,
      };
    });
  return table(rows, { caption: 'Estimators on manifolds of known dimension, in per cent of the dimension' });
}

/** Which estimator to take in each case, as the trials say. */
export function recommendationTable(trials: readonly Trial[]): Table {
  const rows = recommendations(trials).map(
    ({ dimensions, points, best, asGood, linear, fastest, surest, untried }) => ({
      dimension: dimensions,
      points,
      'smallest mean error': best.estimator,
      error: percent(best.error),
      bias: signedPercent(best.bias),
      coverage: percent(best.coverage),
      'as good within chance': firstOf(
        asGood.slice(1).map(({ estimator, error }) => `${estimator} (${percent(error)})`),
      ),
      'fastest of these': `${fastest.estimator} (${time(fastest)})`,
      'if it is flat': linear ? `${linear.estimator} (${percent(linear.error)})` : undefined,
      'best coverage': `${surest.estimator} (${percent(surest.coverage)})`,
      'not tried': untried.join(', '),
    }),
  );
  return table(rows, {
    caption: 'Which estimator to take, by the mean error on manifolds of known dimension',
  });
}

/** The first names of a list, and the number of the others. */
function firstOf(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return [...names.slice(0, SHOWN), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}

function signedPercent(share: number | undefined): string {
  return share === undefined ? '–' : `${formatSigned(100 * share, Math.abs(share) < 0.0995 ? 1 : 0)} %`;
}

function time({ cpuMs: ms }: TrialSummary): string {
  if (ms === undefined) return '–';
  return ms < 1000 ? `${Number(ms.toPrecision(2))} ms` : `${Number((ms / 1000).toPrecision(2))} s`;
}
