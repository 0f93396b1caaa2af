/** Tables of grokking: 50 % steps beside the paper's, and how the dimension of each layer moves with accuracy. */
import type { Correlation } from '../analysis/correlation';
import {
  grokkingRows,
  type HalfSteps,
  LEAD_KINDS,
  type LeadOptions,
  leadRows,
} from '../analysis/grokking-runs';
import { assertGiven, TEXT } from '../given';
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

/** Named here, since there may be no row. */
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

/** {@link leadRows} for a notebook; no row for runs that do not grok or have no dimensions. */
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

/** -0.36 [-0.68, 0.15] */
function correlationText({ r, interval }: Correlation): string {
  return `${r.toFixed(2)} [${interval.lower.toFixed(2)}, ${interval.upper.toFixed(2)}]`;
}
