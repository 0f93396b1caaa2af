/** The paper's correlations: LLID with the strength of a regularisation, and accuracy with PID / LLID. */
import type { RunSoFar } from '../records/run-record';
import { type Correlation, correlation } from './correlation';
import { type Outcome, type Regularization, type StrengthSweep, sweepsOf } from './regularization';

/** Which runs count. */
export interface HarmlessOptions {
  /** Leaves out strengths from the onset of harm on, as the paper does. @default false */
  readonly harmless?: boolean;
}

/**
 * Pearson's r of LLID with the strength (the logarithm of weight decays above zero), over the runs that have learnt. The
 * 95 % interval comes from a bootstrap over runs. Runs without LLID are left out. The result is undefined for fewer than
 * 4 runs.
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
  if (used.length < 4) return undefined;
  return correlation(
    used.map(({ strength }) => (log ? Math.log10(strength) : strength)),
    used.map(({ lastLayerId }) => lastLayerId),
    { block: 1 },
  );
}
/** Pearson's r of validation accuracy with PID / LLID, over the runs that have learnt. */
export function generalizationCorrelation(
  runs: readonly RunSoFar[],
  options: HarmlessOptions = {},
): Correlation | undefined {
  const shown = sweepsOf(runs).flatMap((sweep, i) =>
    // The unregularised runs belong to both sweeps.
    learntRuns(sweep, options).filter(({ strength }) => i === 0 || strength > 0),
  );
  return accuracyCorrelation(shown);
}

/** The runs of a sweep that have learnt. */
export function learntRuns(
  { ends, onset = Number.POSITIVE_INFINITY }: StrengthSweep,
  options: HarmlessOptions,
): Outcome[] {
  return ends.filter(({ collapsed, strength }) => !collapsed && !(options.harmless && strength >= onset));
}

/** Pearson's r of accuracy with PID / LLID; undefined for fewer than 4 runs. */
export function accuracyCorrelation(ends: readonly Outcome[]): Correlation | undefined {
  const used = ends.filter((end) => Number.isFinite(idRatio(end)));
  if (used.length < 4) return undefined;
  return correlation(
    used.map(idRatio),
    used.map(({ accuracy }) => accuracy),
    { block: 1 },
  );
}

/** PID / LLID. */
export function idRatio({ peakId, lastLayerId }: Outcome): number {
  return peakId / lastLayerId;
}
