/** Tables of grokking: the 50 % steps beside the paper's, and how each layer's dimension moves with accuracy. */
import { extent, group, mean } from 'd3-array';
import type { Correlation } from '../analysis/correlation';
import {
  type GrokkingRow,
  grokkingRows,
  type HalfSteps,
  LEAD_KINDS,
  type LeadOptions,
  leadRows,
} from '../analysis/grokking-runs';
import { assertGiven, TEXT } from '../given';
import { formatSigned, formatStep } from '../number-format';
import type { RunSoFar } from '../records/run-record';
import { type Cell, type Table, table } from './table';

/**
 * {@link grokkingRows} as a table for a notebook, with a row for each setting. If a setting has several seeds, the row has their
 * means and the range of their steps, in which runs that never pass 50 % do not count.
 */
export function grokkingTable(runs: readonly RunSoFar[], paper: HalfSteps): Table {
  const settings = [...group(grokkingRows(runs, paper), (row) => `${row.trainFraction} ${row.weightDecay}`)];
  const repeated = settings.some(([, rows]) => rows.length > 1);
  return table(
    settings.map(([, rows]) => {
      const steps = rows.flatMap(({ ours }) => ours ?? []);
      const { trainFraction, weightDecay, seed, paper } = rows[0]!;
      const half = mean(steps);
      const average = (of: (row: GrokkingRow) => number | undefined, digits: number): Cell => {
        const value = mean(rows, of);
        return value === undefined ? undefined : Number(value.toFixed(digits));
      };
      return {
        p: trainFraction,
        'weight decay': weightDecay,
        ...(repeated ? { seeds: rows.length } : { seed }),
        '50 % at step': half === undefined ? undefined : Math.round(half),
        ...(repeated
          ? { 'of the seeds': rows.length > 1 ? `${steps.length} at ${stepRange(steps)}` : '' }
          : {}),
        'paper’s': paper,
        factor: average(({ factor }) => factor, 2),
        'LLID peak': average(({ peak }) => peak, 1),
        'at 50 %': average(({ atTransition }) => atTransition, 1),
        least: average(({ least }) => least, 1),
        end: average(({ final }) => final, 1),
      };
    }),
    { caption: 'Validation accuracy passes 50 %, ours and the paper’s; LLID on validation' },
  );
}

/** A range of steps, such as 5,400–6,300; a single step; or `never`. */
export function stepRange(steps: readonly number[]): string {
  const [least, greatest] = extent(steps);
  if (least === undefined) return 'never';
  return least === greatest ? formatStep(least) : `${formatStep(least)}–${formatStep(greatest)}`;
}

/** The columns are named here, since a table without rows has columns, too. */
const LEAD_COLUMNS = [
  'p',
  'weight decay',
  'site',
  'split',
  'fall',
  'half of it at step',
  'lead, steps',
  'lead, decades',
  'r of slopes',
];

/** {@link leadRows} as a table for a notebook; runs that do not grok or have no dimensions have no row. */
export function leadTable(
  runs: readonly RunSoFar[],
  options: LeadOptions & { readonly caption?: string } = {},
): Table {
  assertGiven('tables.lead', options, { ...LEAD_KINDS, caption: TEXT });
  const { caption, ...which } = options;
  const rows = leadRows(runs, which).map((row) => ({
    p: row.trainFraction,
    'weight decay': row.weightDecay,
    site: row.site,
    split: row.split,
    fall: row.fall,
    'half of it at step': row.halfFall,
    'lead, steps': row.leadSteps,
    'lead, decades': row.leadDecades,
    'r of slopes': row.slopes && correlationText(row.slopes),
  }));
  return table(rows, {
    columns: LEAD_COLUMNS,
    ...(caption === undefined ? {} : { caption }),
  });
}

/** A correlation with its interval, such as −0.36 [−0.68, 0.15]. */
function correlationText({ r, interval }: Correlation): string {
  return `${formatSigned(r)} [${formatSigned(interval.lower)}, ${formatSigned(interval.upper)}]`;
}
