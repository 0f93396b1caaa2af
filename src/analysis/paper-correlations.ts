/** The paper's correlations: of LLID with the strength of regularisation, and of accuracy with PID / LLID. */
import { assertGiven, FLAG, type Kinds } from '../given';
import type { RunSoFar } from '../records/run-record';
import { type Correlation, correlation } from './correlation';
import { type Outcome, type Regularization, type StrengthSweep, sweepsOf } from './regularization';

/** The choice of runs. */
export interface HarmlessOptions {
  /**
   * Leaves out strengths from the onset of harm on, as in the paper; and all runs of a sweep in which single seeds leave the
   * onset open. @default false
   */
  readonly harmless?: boolean;
}

export const HARMLESS_KINDS: Kinds<HarmlessOptions> = { harmless: FLAG };

/**
 * Pearson's r of LLID with the strength (the logarithm of weight decays above zero), over the runs that have learnt. The 95 %
 * interval comes from a bootstrap over settings; runs of one setting differ only in their seeds. Runs without LLID are left out.
 * The result is undefined for fewer than 4 settings.
 */
export function strengthCorrelation(
  ends: readonly Outcome[],
  regularization: Regularization,
): Correlation | undefined {
  const log = regularization === 'weightDecay';
  const used = ends.filter(
    ({ collapsed, strength, lastLayerId }) =>
      !collapsed && (!log || strength > 0) && Number.isFinite(lastLayerId),
  );
  return ofSettings(
    used,
    ({ strength }) => (log ? Math.log10(strength) : strength),
    ({ lastLayerId }) => lastLayerId,
  );
}

/** Pearson's r of validation accuracy with PID / LLID, over the runs that have learnt. */
export function generalizationCorrelation(
  runs: readonly RunSoFar[],
  options: HarmlessOptions = {},
): Correlation | undefined {
  assertGiven('generalizationCorrelation', options, HARMLESS_KINDS);
  return accuracyCorrelation(learntOutcomes(runs, options));
}

/** The outcomes of all runs that have learnt, in both sweeps. */
export function learntOutcomes(runs: readonly RunSoFar[], options: HarmlessOptions = {}): Outcome[] {
  return sweepsOf(runs).flatMap((sweep, i) =>
    // The unregularised runs belong to both sweeps.
    learntRuns(sweep, options).filter(({ strength }) => i === 0 || strength > 0),
  );
}

/** The runs of a sweep that have learnt. */
export function learntRuns(
  { ends, onset = Number.POSITIVE_INFINITY, harmIsJudged }: StrengthSweep,
  options: HarmlessOptions,
): Outcome[] {
  if (options.harmless && !harmIsJudged) return [];
  return ends.filter(({ collapsed, strength }) => !collapsed && !(options.harmless && strength >= onset));
}

/** Pearson's r of accuracy with PID / LLID, with an interval over settings; undefined for fewer than 4 settings. */
export function accuracyCorrelation(ends: readonly Outcome[]): Correlation | undefined {
  return ofSettings(
    ends.filter((end) => Number.isFinite(idRatio(end))),
    idRatio,
    ({ accuracy }) => accuracy,
  );
}

/** Pearson's r over runs, with an interval over their settings. */
function ofSettings(
  ends: readonly Outcome[],
  x: (end: Outcome) => number,
  y: (end: Outcome) => number,
): Correlation | undefined {
  const groups = ends.map(settingOf);
  return new Set(groups).size < 4 ? undefined : correlation(ends.map(x), ends.map(y), { groups });
}

/** A key that all seeds of a setting share. */
export function settingOf({ regularization, strength }: Outcome): string {
  return `${regularization}=${strength}`;
}

/** PID / LLID. */
export function idRatio({ peakId, lastLayerId }: Outcome): number {
  return peakId / lastLayerId;
}
