/** Tables of grokking: 50 % steps beside the paper's, and how the dimension of each layer moves with accuracy. */

import type { Correlation } from '../analysis/statistics';
import { grokkingStep, transition } from '../analysis/transition';
import type { MeasuredRun } from '../records/run-record';
import { type HalfSteps, setting } from './grokking-grid';
import { type Table, table } from './table';

/** One setting of the grid, ours beside the paper's. */
export interface GrokkingRow {
  readonly trainFraction: number;
  readonly weightDecay: number;
  readonly seed: number;
  /** Step of 50 % validation accuracy; undefined where it never gets there. */
  readonly ours?: number;
  /** The paper's, read off its figure; null where it never gets there. */
  readonly paper?: number | null;
  /** ours / paper */
  readonly factor?: number;
  /** LLID on validation: the largest, at the 50 % step, the least after the largest, at the end. */
  readonly peak: number;
  readonly atTransition?: number;
  readonly least: number;
  readonly final: number;
}

/** A table of runs beside the paper's 50 % steps, by training fraction, weight decay and seed. */
export function grokkingRows(runs: readonly MeasuredRun[], paper: HalfSteps): GrokkingRow[] {
  return sorted(runs).map((run) => {
    const [trainFraction, weightDecay, seed] = settings(run);
    const { halfAccuracy, atTransition, peak, least, final } = transition(run.measurements);
    const theirs = paper[trainFraction]?.[weightDecay];
    return {
      trainFraction,
      weightDecay,
      seed,
      ...(halfAccuracy === undefined ? {} : { ours: Math.round(halfAccuracy) }),
      ...(theirs === undefined ? {} : { paper: theirs }),
      ...(halfAccuracy && theirs ? { factor: rounded(halfAccuracy / theirs, 2) } : {}),
      peak: rounded(peak, 1),
      ...(atTransition === undefined ? {} : { atTransition: rounded(atTransition, 1) }),
      least: rounded(least, 1),
      final: rounded(final, 1),
    };
  });
}

/** {@link grokkingRows} for a notebook. */
export function grokkingTable(runs: readonly MeasuredRun[], paper: HalfSteps): Table {
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

/** How the dimension at one site moves with validation accuracy, in one run. */
export interface LeadRow {
  readonly trainFraction: number;
  readonly weightDecay: number;
  readonly site: string;
  readonly split: 'train' | 'validation';
  /** Share of its peak by which the dimension falls after it. */
  readonly fall: number;
  /** Step at which half of the fall is done. */
  readonly halfFall?: number;
  /** Steps from half of the fall to 50 % validation accuracy: positive where the dimension falls first. */
  readonly leadSteps?: number;
  /** The same in decades of steps. */
  readonly leadDecades?: number;
  /** Correlation of the slopes of accuracy and dimension over log(step), with its bootstrap interval. */
  readonly slopes?: Correlation;
}

/**
 * For every run that groks, every site and both splits: does the dimension fall before or after validation accuracy
 * rises, and do the two move together? Half of a fall says little where the fall is small: read `fall` first.
 */
export function leadRows(
  runs: readonly MeasuredRun[],
  options: { sites?: readonly string[]; splits?: readonly ('train' | 'validation')[] } = {},
): LeadRow[] {
  const { splits = ['validation', 'train'] } = options;
  return sorted(runs)
    .filter(({ measurements }) => grokkingStep(measurements) !== undefined)
    .flatMap((run) => {
      const [trainFraction, weightDecay] = settings(run);
      const sites = options.sites ?? Object.keys(run.measurements[0]!.validation.id);
      return sites.flatMap((site) =>
        splits.map((split): LeadRow => {
          const found = transition(run.measurements, { site, split });
          const { fall, halfFall, halfAccuracy, lead, slopes } = found;
          return {
            trainFraction,
            weightDecay,
            site,
            split,
            fall: rounded(fall, 2),
            ...(halfFall === undefined || lead === undefined
              ? {}
              : {
                  halfFall: Math.round(halfFall),
                  leadSteps: Math.round(halfAccuracy! - halfFall),
                  leadDecades: rounded(lead, 3),
                }),
            ...(slopes === undefined ? {} : { slopes }),
          };
        }),
      );
    });
}

/** {@link leadRows} for a notebook. */
export function leadTable(
  runs: readonly MeasuredRun[],
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
  return table(rows, options.caption === undefined ? {} : { caption: options.caption });
}

/** In words: in how many runs the dimension falls first, by more than the steps between two measurements. */
export function leadSummary(runs: readonly MeasuredRun[], between: number): string {
  const leads = leadRows(runs, { splits: ['validation'] });
  const sites = [...new Set(leads.map(({ site }) => site))];
  return sites
    .map((site) => {
      const steps = leads.filter((row) => row.site === site).map(({ leadSteps }) => leadSteps ?? 0);
      const [first, after] = [steps.filter((n) => n > between), steps.filter((n) => n < -between)];
      const together = steps.length - first.length - after.length;
      return (
        `${site}: of ${steps.length} runs that grok, half of the fall comes more than ${between} steps before 50 % ` +
        `accuracy in ${first.length}, more than ${between} steps after it in ${after.length}, closer than that in ${together}`
      );
    })
    .join('\n');
}

/** -0.36 [-0.68, 0.15] */
function correlationText({ r, interval }: Correlation): string {
  return `${r.toFixed(2)} [${interval.lower.toFixed(2)}, ${interval.upper.toFixed(2)}]`;
}

function settings(run: MeasuredRun): [number, number, number] {
  return [setting(run, 'trainFraction'), setting(run, 'weightDecay'), setting(run, 'seed')];
}

function sorted(runs: readonly MeasuredRun[]): MeasuredRun[] {
  return [...runs].sort((a, b) => {
    const [[p, decay, seed], [q, other, third]] = [settings(a), settings(b)];
    return p - q || decay - other || seed - third;
  });
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
