/** Tables of regularisation: the strengths of a sweep, and our numbers beside the paper's. */
import { max } from 'd3-array';
import { type Correlation, coefficientText, correlationText } from '../analysis/correlation';
import {
  generalizationCorrelation,
  HARMLESS_KINDS,
  type HarmlessOptions,
  strengthCorrelation,
} from '../analysis/paper-correlations';
import { predictions } from '../analysis/predictors';
import {
  type Level,
  type Quantity,
  type Regularization,
  type StrengthSweep,
  sweepsOf,
} from '../analysis/regularization';
import { assertGiven } from '../given';
import { counted, formatSetting } from '../number-format';
import type { RunSoFar } from '../records/run-record';
import { STRENGTH_NAMES } from './strength-axis';
import { type Cell, type Table, table } from './table';

/** The numbers of the paper's figures 1 to 3 that the tables put beside ours, by data set. */
export interface PaperRegularization {
  readonly regularizationCorrelation: ByDataset<BySweep<number>>;
  readonly regularizationLlid: ByDataset<BySweep<readonly [none: number, most: number]>>;
  readonly generalizationCorrelation: ByDataset<number>;
  readonly weightDecayPid: ByDataset<readonly [none: number, highest: number, most: number]>;
  readonly onsetOfHarm: ByDataset<BySweep<number>>;
}
type ByDataset<T> = Readonly<Record<'cifar10' | 'cifar100', T>>;
type BySweep<T> = Readonly<Record<'weightDecay' | 'dropout', T>>;

const PAPER_KEYS = { weightDecay: 'weightDecay', blockDropout: 'dropout' } as const satisfies Record<
  Regularization,
  string
>;

/** A row for every strength of a sweep: mean ± standard deviation over its runs. */
export function strengthTable({ regularization, sweep }: StrengthSweep): Table {
  const ratio = ({ mean }: Level): number => mean.peakId / mean.lastLayerId;
  return table(
    sweep.map((level) => ({
      [STRENGTH_NAMES[regularization]]: level.strength,
      runs: level.outcomes.length,
      'validation accuracy': spread(level, 'accuracy', 4),
      LLID: spread(level, 'lastLayerId', 2),
      PID: spread(level, 'peakId', 2),
      'PID / LLID': Number.isFinite(ratio(level)) ? Number(ratio(level).toFixed(2)) : undefined,
      '': level.collapsed ? 'has not learnt' : '',
    })),
    { caption: `${STRENGTH_NAMES[regularization]}: mean ± deviation over seeds` },
  );
}

/** Figure 1, ours beside the paper's: the correlation, and how far LLID comes down. */
export function regularizationTable(runs: readonly RunSoFar[], paper: PaperRegularization): Table {
  return besidePaper(
    sweepsOf(runs).flatMap(({ regularization, ends, sweep }) => {
      const name = STRENGTH_NAMES[regularization];
      const scale = regularization === 'weightDecay' ? `log ${name}` : name;
      const theirs = PAPER_KEYS[regularization];
      const most = sweep.findLast(({ collapsed }) => !collapsed)!;
      const of = (pick: (dataset: 'cifar10' | 'cifar100') => number): Theirs => [
        pick('cifar10'),
        pick('cifar100'),
      ];
      return [
        row(
          `r of LLID with ${scale}`,
          correlationText(strengthCorrelation(ends, regularization)),
          of((dataset) => paper.regularizationCorrelation[dataset][theirs]),
        ),
        row(
          `LLID at ${name} 0`,
          sweep[0]!.mean.lastLayerId,
          of((dataset) => paper.regularizationLlid[dataset][theirs][0]),
        ),
        row(
          `LLID at the greatest ${name} that learns (ours: ${most.strength})`,
          most.mean.lastLayerId,
          of((dataset) => paper.regularizationLlid[dataset][theirs][1]),
        ),
      ];
    }),
  );
}

/** Figure 2: the correlation of accuracy with PID / LLID. */
export function generalizationTable(runs: readonly RunSoFar[], paper: PaperRegularization): Table {
  const { cifar10, cifar100 } = paper.generalizationCorrelation;
  const name = 'r of validation accuracy with PID / LLID';
  const ours = (harmless: boolean): string => correlationText(generalizationCorrelation(runs, { harmless }));
  return besidePaper([
    row(`${name}, below the onset of harm`, ours(true), [cifar10, cifar100]),
    row(`${name}, all runs that have learnt`, ours(false), [undefined, undefined]),
  ]);
}

/** How well PID / LLID and simpler numbers predict accuracy, and what PID / LLID adds to each of them. */
export function predictorsTable(runs: readonly RunSoFar[], options: HarmlessOptions = {}): Table {
  const text = (found: Correlation | undefined): string => {
    if (!found) return '';
    return Number.isFinite(found.r) ? coefficientText(found) : 'undefined: the two move together';
  };
  assertGiven('tables.predictors', options, HARMLESS_KINDS);
  const found = predictions(runs, options);
  const { n = 0, groups = 0 } = found[0]!.accuracy ?? {};
  return table(
    found.map(({ predictor, accuracy, ratioGivenIt, itGivenRatio }) => ({
      predictor,
      'r with accuracy': accuracy ? text(accuracy) : 'too few runs have it',
      'partial r of PID / LLID, given it': text(ratioGivenIt),
      'partial r of it, given PID / LLID': text(itGivenRatio),
    })),
    {
      caption: `What predicts validation accuracy: Pearson’s r with 95 % intervals, ${counted(n, 'run')} of ${counted(groups, 'setting')}`,
    },
  );
}

/** Figure 3: where harm begins, and how PID changes. */
export function overRegularizationTable(runs: readonly RunSoFar[], paper: PaperRegularization): Table {
  return besidePaper(
    sweepsOf(runs).flatMap(({ regularization, sweep, onset, harmIsJudged }) => {
      const name = STRENGTH_NAMES[regularization];
      const theirs = PAPER_KEYS[regularization];
      const pids = sweep.map(({ mean }) => mean.peakId);
      const decay = regularization === 'weightDecay';
      const of = (pick: (dataset: 'cifar10' | 'cifar100') => number): Theirs =>
        decay ? [pick('cifar10'), pick('cifar100')] : [undefined, undefined];
      const { cifar10, cifar100 } = paper.onsetOfHarm;
      return [
        row(`${name} from which on there is harm`, harmText(onset, harmIsJudged), [
          formatSetting(cifar10[theirs]),
          formatSetting(cifar100[theirs]),
        ]),
        row(
          `PID at ${name} 0`,
          pids[0],
          of((dataset) => paper.weightDecayPid[dataset][0]),
        ),
        row(
          `PID at its highest over ${name}`,
          max(pids),
          of((dataset) => paper.weightDecayPid[dataset][1]),
        ),
        row(
          `PID at the greatest ${name} (ours: ${sweep.at(-1)!.strength})`,
          pids.at(-1),
          of((dataset) => paper.weightDecayPid[dataset][2]),
        ),
      ];
    }),
  );
}

type Theirs = readonly [cifar10: Cell, cifar100: Cell];
type Row = Readonly<Record<string, Cell>>;

function harmText(onset: number | undefined, harmIsJudged: boolean): string {
  if (!harmIsJudged) return 'not judged by single seeds';
  return onset === undefined ? 'none' : formatSetting(onset);
}

function row(number: string, ours: Cell, [cifar10, cifar100]: Theirs): Row {
  return { number, ours, 'paper, CIFAR-10': cifar10, 'paper, CIFAR-100': cifar100 };
}

function besidePaper(rows: readonly Row[]): Table {
  return table(rows, { caption: 'Ours beside the paper’s' });
}

/** A mean and its deviation, such as 0.9445 ± 0.0012; undefined if no dimension was or could be measured. */
function spread({ mean, deviation }: Level, quantity: Quantity, digits: number): string {
  if (Number.isNaN(mean[quantity])) return 'none';
  const value = mean[quantity].toFixed(digits);
  const error = deviation[quantity];
  return Number.isNaN(error) ? value : `${value} ± ${error.toFixed(digits)}`;
}
