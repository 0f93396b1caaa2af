/** The paper's claims, each tested by one number and its interval. */
import { mean } from 'd3-array';
import { jStat } from 'jstat';
import type { Interval } from '../intrinsic-dimension/intervals';
import type { RunSoFar } from '../records/run-record';
import { type Bootstrapped, bootstrap } from './bootstrap';
import { type Correlation, correlation } from './correlation';
import { grokkingRows, type HalfSteps } from './grokking-runs';
import { generalizationCorrelation, settingOf, strengthCorrelation } from './paper-correlations';
import { type Outcome, type StrengthSweep, sweepsOf } from './regularization';
import { transition } from './transition';

/** What an interval says about a claim. */
export type Verdict = 'supported' | 'contradicted' | 'undecided';

/** A claim, and the number that tests it. */
export interface ClaimTest {
  readonly claim: string;
  /** What was measured, in words. */
  readonly measure: string;
  /** The number with its 95 % interval; undefined if there are too few runs. */
  readonly found?: Bootstrapped;
  readonly verdict: Verdict;
}

/** The values that a claim allows, which lie between two bounds. */
type Allowed = readonly [from: number, to: number];

const BELOW_ZERO: Allowed = [Number.NEGATIVE_INFINITY, 0];
const ABOVE_ZERO: Allowed = [0, Number.POSITIVE_INFINITY];

/** The verdict on a claim: it is supported if the whole interval is allowed, and contradicted if no part of it is. */
export function verdictOf(interval: Interval | undefined, [from, to]: Allowed): Verdict {
  if (interval === undefined || Number.isNaN(interval.lower)) return 'undecided';
  if (interval.lower > from && interval.upper < to) return 'supported';
  return interval.upper <= from || interval.lower >= to ? 'contradicted' : 'undecided';
}

/** With fewer settings, the interval of a bootstrap is too short for a verdict. */
const FEWEST = 5;

function tested(
  claim: string,
  measure: string,
  found: Bootstrapped | undefined,
  allowed: Allowed,
): ClaimTest {
  const enough = found && (found.groups === undefined || found.groups >= FEWEST);
  return {
    claim,
    measure,
    ...(found ? { found } : {}),
    verdict: verdictOf(enough ? found.interval : undefined, allowed),
  };
}

function ofCorrelation(found: Correlation | undefined): Bootstrapped | undefined {
  if (!found) return undefined;
  const { r, ...others } = found;
  return { value: r, ...others };
}

const NAMES = { weightDecay: 'weight decay', blockDropout: 'dropout' } as const;

/**
 * The claims of figures 1 to 3, on the runs of a sweep over weight decay, dropout or both.
 *
 * @throws RangeError if the runs contain no sweep
 */
export function regularizationClaims(runs: readonly RunSoFar[]): ClaimTest[] {
  const sweeps = sweepsOf(runs);
  return [
    ...sweeps.map(({ regularization, ends }) => {
      const name = NAMES[regularization];
      return tested(
        `LLID falls as ${name} rises`,
        `r of LLID with ${regularization === 'weightDecay' ? `log ${name}` : name}`,
        ofCorrelation(strengthCorrelation(ends, regularization)),
        BELOW_ZERO,
      );
    }),
    tested(
      'Accuracy rises with PID / LLID',
      'r of accuracy with PID / LLID, below the onset of harm',
      ofCorrelation(generalizationCorrelation(runs, { harmless: true })),
      ABOVE_ZERO,
    ),
    ...sweeps.map((sweep) =>
      tested(
        `Too much ${NAMES[sweep.regularization]} takes away PID together with accuracy`,
        'r of accuracy with PID, from the best strength on',
        ofCorrelation(excessCorrelation(sweep)),
        ABOVE_ZERO,
      ),
    ),
  ];
}

/** Pearson's r of accuracy with PID over the runs that have learnt, from the strength of the best mean accuracy on. */
function excessCorrelation({ ends, sweep }: StrengthSweep): Correlation | undefined {
  const learnt = sweep.filter(({ collapsed }) => !collapsed);
  const best = learnt.reduce((champion, next) =>
    next.mean.accuracy > champion.mean.accuracy ? next : champion,
  );
  const used = ends.filter(
    ({ collapsed, strength, peakId }) => !collapsed && strength >= best.strength && Number.isFinite(peakId),
  );
  const groups = used.map(settingOf);
  if (new Set(groups).size < 4) return undefined;
  const of = (pick: (end: Outcome) => number): number[] => used.map(pick);
  return correlation(
    of(({ peakId }) => peakId),
    of(({ accuracy }) => accuracy),
    { groups },
  );
}

/** Our step of 50 % accuracy counts as the same as the paper's if it is at most a quarter larger and at most a fifth smaller. */
const SAME_STEP: Allowed = [0.8, 1.25];

/** The claims of figure 4, on runs of its panels. */
export function grokkingClaims(runs: readonly RunSoFar[], paper: HalfSteps): ClaimTest[] {
  const rows = grokkingRows(runs, paper).filter((row) => row.paper !== undefined);
  const agreeing = rows.filter((row) => (row.ours === undefined) === (row.paper === null)).length;
  const factors = rows.flatMap(({ factor }) => (factor === undefined ? [] : [Math.log(factor)]));
  const ends = runs.map(({ measurements }) => transition(measurements));
  const grokked = ends.map(({ halfAccuracy }) => Number(halfAccuracy !== undefined));
  const slopes = ends.flatMap(({ halfAccuracy, slopes }) =>
    halfAccuracy === undefined || slopes === undefined ? [] : [slopes.r],
  );
  const independent = { block: 1 };
  return [
    tested(
      'The panels that grok in the paper grok here, and no others',
      'share of panels that agree',
      rows.length === 0 ? undefined : shareOf(agreeing, rows.length),
      [0.5, Number.POSITIVE_INFINITY],
    ),
    tested(
      'They grok at the paper’s step',
      'geometric mean of our step of 50 % accuracy over the paper’s',
      factors.length < 4 ? undefined : bootstrap([factors], ([x]) => Math.exp(mean(x!)!), independent),
      SAME_STEP,
    ),
    tested(
      'LLID ends lower where a network groks',
      'mean LLID at the end where networks grok, less that where they do not',
      ends.length < 4
        ? undefined
        : bootstrap(
            [ends.map(({ final }) => final), grokked],
            ([final, groks]) => mean(where(final!, groks!, 1))! - mean(where(final!, groks!, 0))!,
            independent,
          ),
      BELOW_ZERO,
    ),
    tested(
      'LLID falls while accuracy rises',
      'mean r of the slopes of LLID and accuracy, where networks grok',
      slopes.length < 4 ? undefined : bootstrap([slopes], ([r]) => mean(r!)!, independent),
      BELOW_ZERO,
    ),
  ];
}

function where(values: readonly number[], of: readonly number[], is: number): number[] {
  return values.filter((_, i) => of[i] === is);
}

/** A share with the exact interval of Clopper and Pearson (1934). */
function shareOf(successes: number, n: number, level = 0.95): Bootstrapped {
  const tail = (1 - level) / 2;
  return {
    value: successes / n,
    interval: {
      lower: successes === 0 ? 0 : jStat.beta.inv(tail, successes, n - successes + 1),
      upper: successes === n ? 1 : jStat.beta.inv(1 - tail, successes + 1, n - successes),
      level,
    },
    n,
  };
}
