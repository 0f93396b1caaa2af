/** Compares a run that was trained again from its settings with its record. */
import { lastLayerId, peakId } from '../records/layer-ids';
import type { Measurement, RunSoFar } from '../records/run-record';

/** A quantity on validation in the record, and in the run that was trained again. */
export interface Pair {
  readonly recorded: number;
  readonly again: number;
}

/** The measurements of both runs at one step; a dimension is NaN if it was not measured, or if the points have none. */
export interface StepPair {
  readonly step: number;
  /** From 0 to 1. */
  readonly accuracy: Pair;
  /** LLID. */
  readonly lastLayerId: Pair;
  /** PID. */
  readonly peakId: Pair;
}

/** How far a run that is trained again may be from its record at the end. */
export interface Tolerance {
  /** Difference of the validation accuracies, from 0 to 1. @default 0.01 */
  readonly accuracy?: number;
  /** Difference of the LLIDs, divided by the recorded one. @default 0.05 */
  readonly lastLayerId?: number;
}

/** The measurements of two runs at the steps that both have. */
export function pairSteps(recorded: RunSoFar, again: RunSoFar): StepPair[] {
  const bySteps = new Map(again.measurements.map((measurement) => [measurement.step, measurement]));
  return recorded.measurements.flatMap((one) => {
    const other = bySteps.get(one.step);
    if (!other) return [];
    const pair = (of: (split: Measurement['validation']) => number): Pair => ({
      recorded: of(one.validation),
      again: of(other.validation),
    });
    return [
      {
        step: one.step,
        accuracy: pair(({ accuracy }) => accuracy),
        lastLayerId: pair(lastLayerId),
        peakId: pair(peakId),
      },
    ];
  });
}

/** Whether two measurements agree within the tolerance. Two measurements without a dimension agree in it. */
export function agrees({ accuracy, lastLayerId }: StepPair, tolerance: Tolerance = {}): boolean {
  const { accuracy: points = 0.01, lastLayerId: share = 0.05 } = tolerance;
  const [recorded, again] = [lastLayerId.recorded, lastLayerId.again];
  const sameDimension =
    Number.isNaN(recorded) || Number.isNaN(again)
      ? Number.isNaN(recorded) === Number.isNaN(again)
      : Math.abs(again - recorded) <= share * recorded;
  return Math.abs(accuracy.again - accuracy.recorded) <= points && sameDimension;
}

/** The finished runs whose settings are those of another in all but the seed. */
export function otherSeeds(of: RunSoFar, runs: readonly RunSoFar[]): RunSoFar[] {
  const settings = ({ config: { seed, ...others } }: RunSoFar): string => JSON.stringify(sorted(others));
  return runs.filter(
    (run) =>
      run.config.seed !== of.config.seed &&
      run.measurements.at(-1)?.step === run.config.steps &&
      settings(run) === settings(of),
  );
}

/** The same with its keys in order. */
function sorted(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)));
}
