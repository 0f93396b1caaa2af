/** Tables of grokking: the 50 % steps beside the paper's, and how each layer's dimension moves with accuracy. */
import type { Correlation } from '../analysis/correlation';
import { grokkingRows, type HalfSteps, leadRows } from '../analysis/grokking-runs';
import type { RunSoFar } from '../records/run-record';
import { type Table, table } from './table';

/** {@link grokkingRows} for a notebook. */
export function grokkingTable(runs: readonly RunSoFar[], paper: HalfSteps): Table {
  return table(
    grokkingRows(runs, paper).map((row) => ({
      p: row.trainFraction,
      'weight decay': row.weightDecay,
      seed: row.seed,
      '50 % at step': row.ours,
      'paper’s': row.paper,
      factor: row.factor,
      'LLID peak': row.peak,
      'at 50 %': row.atTransition,
      least: row.least,
      end: row.final,
    })),
    { caption: 'Validation accuracy passes 50 %, ours and the paper’s; LLID on validation' },
  );
}

/** Named here, since a table without rows has columns, too. */
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

/** {@link leadRows} for a notebook; runs that do not grok or have no dimensions have no row. */
export function leadTable(
  runs: readonly RunSoFar[],
  options: Parameters<typeof leadRows>[1] & { readonly caption?: string } = {},
): Table {
  const rows = leadRows(runs, options).map((row) => ({
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
    ...(options.caption === undefined ? {} : { caption: options.caption }),
  });
}

/** -0.36 [-0.68, 0.15] */
function correlationText({ r, interval }: Correlation): string {
  return `${r.toFixed(2)} [${interval.lower.toFixed(2)}, ${interval.upper.toFixed(2)}]`;
}
