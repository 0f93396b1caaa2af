/** Runs that grok: the step of 50 % validation accuracy beside the paper's, and how each layer's dimension moves with accuracy. */
import { ascending, extent } from 'd3-array';
import { assertGiven, type Kinds, NAMES } from '../given';
import { withIds } from '../records/layer-ids';
import type { RunSoFar } from '../records/run-record';
import type { Correlation } from './correlation';
import { grokkingStep, transition } from './transition';

/** The paper's steps of 50 % validation accuracy by trainFraction and weight decay; null if accuracy stays below 50 %. */
export type HalfSteps = Readonly<Record<string, Readonly<Record<string, number | null>>>>;

/** One setting of the grid, ours beside the paper's. */
export interface GrokkingRow {
  readonly trainFraction: number;
  readonly weightDecay: number;
  readonly seed: number;
  /** The step of 50 % validation accuracy; undefined if accuracy stays below 50 %. */
  readonly ours?: number;
  /** The step in the paper's figure; null if accuracy stays below 50 %. */
  readonly paper?: number | null;
  /** ours / paper */
  readonly factor?: number;
  /** LLID on validation: its largest value, the value at the 50 % step, the least value after the largest, and the last value. */
  readonly peak: number;
  readonly atTransition?: number;
  readonly least: number;
  readonly final: number;
}

/** A table of runs beside the paper's 50 % steps, by training fraction, weight decay and seed. */
export function grokkingRows(runs: readonly RunSoFar[], paper: HalfSteps): GrokkingRow[] {
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

/** In words: how many runs pass 50 % validation accuracy, and when, compared with the paper. */
export function halfStepsSummary(runs: readonly RunSoFar[], paper: HalfSteps): string {
  const rows = grokkingRows(runs, paper);
  const [least, most] = extent(rows, ({ factor }) => factor);
  const passed = rows.filter(({ ours }) => ours !== undefined).length;
  const factors = least === undefined ? '' : `, at ${least} to ${most} times the paper's step`;
  return `validation accuracy passes 50 % in ${passed} of ${rows.length} runs${factors}`;
}

/** How the dimension at one site moves with validation accuracy, in one run. */
export interface LeadRow {
  readonly trainFraction: number;
  readonly weightDecay: number;
  readonly site: string;
  readonly split: 'train' | 'validation';
  /** The fall of the dimension after its peak, as a share of the peak. */
  readonly fall: number;
  /** The step at which half of the fall is reached. */
  readonly halfFall?: number;
  /** The number of steps from half of the fall to 50 % validation accuracy, which is positive if the dimension falls first. */
  readonly leadSteps?: number;
  /** The same in decades of steps. */
  readonly leadDecades?: number;
  /** Correlation of the slopes of accuracy and dimension over log(step), with its bootstrap interval. */
  readonly slopes?: Correlation;
}

/** Which sites and splits are looked at. */
export interface LeadOptions {
  /** @default all that a run has measured */
  readonly sites?: readonly string[];
  /** @default ['validation', 'train'] */
  readonly splits?: readonly ('train' | 'validation')[];
}

export const LEAD_KINDS: Kinds<LeadOptions> = { sites: NAMES, splits: NAMES };

/**
 * For every run that groks, every measured site and both splits: does the dimension fall before or after validation accuracy
 * rises, and do the two move together? Half of a fall says little if the fall is small, so read `fall` first.
 *
 * @throws RangeError for a site that none of the runs has measured, if they have measured others
 */
export function leadRows(runs: readonly RunSoFar[], options: LeadOptions = {}): LeadRow[] {
  assertGiven('leadRows', options, LEAD_KINDS);
  const { splits = ['validation', 'train'] } = options;
  const known = new Set(runs.flatMap(sitesOf));
  const unknown = options.sites?.find((site) => !known.has(site));
  if (unknown !== undefined && known.size > 0)
    throw new RangeError(`no run has measured '${unknown}': choose from ${[...known].join(', ')}`);
  return sorted(runs)
    .filter(({ measurements }) => grokkingStep(measurements) !== undefined)
    .flatMap((run) => {
      const [trainFraction, weightDecay] = settings(run);
      const own = sitesOf(run);
      const sites = options.sites?.filter((site) => own.includes(site)) ?? own;
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

/**
 * In words: in how many runs the dimension falls first, by more than the steps between two measurements. Runs whose dimension
 * could not be measured, or does not fall, are counted separately.
 */
export function leadSummary(runs: readonly RunSoFar[], between: number): string {
  const leads = leadRows(runs, { splits: ['validation'] });
  const sites = [...new Set(leads.map(({ site }) => site))];
  if (sites.length === 0) return 'no run that groks has dimensions to compare with its accuracy';
  return sites
    .map((site) => {
      const rows = leads.filter((row) => row.site === site);
      const steps = rows.flatMap(({ leadSteps }) => (leadSteps === undefined ? [] : [leadSteps]));
      const none = rows.length - steps.length;
      const [first, after] = [steps.filter((n) => n > between), steps.filter((n) => n < -between)];
      const together = steps.length - first.length - after.length;
      return (
        `${site}: of ${rows.length} runs that grok, half of the fall comes more than ${between} steps before 50 % ` +
        `accuracy in ${first.length}, more than ${between} steps after it in ${after.length}, closer than that in ${together}` +
        (none === 0 ? '' : `; in ${none} there is no fall to compare`)
      );
    })
    .join('\n');
}

/** A setting that distinguishes the runs of a grid. */
export function setting({ config }: RunSoFar, key: string): number {
  const value = config[key];
  if (typeof value !== 'number')
    throw new Error(`a run of the grid has ${key} = ${value}; it must be a number`);
  return value;
}

/** The distinct numbers in rising order. */
export function distinctValues(values: readonly number[]): number[] {
  return [...new Set(values)].sort(ascending);
}

/** The sites whose dimensions a run has measured. */
function sitesOf({ measurements }: RunSoFar): string[] {
  return Object.keys(withIds(measurements)[0]?.validation.id ?? {});
}

function settings(run: RunSoFar): [number, number, number] {
  return [setting(run, 'trainFraction'), setting(run, 'weightDecay'), setting(run, 'seed')];
}

function sorted(runs: readonly RunSoFar[]): RunSoFar[] {
  return [...runs].sort((a, b) => {
    const [[p, decay, seed], [q, other, third]] = [settings(a), settings(b)];
    return p - q || decay - other || seed - third;
  });
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
