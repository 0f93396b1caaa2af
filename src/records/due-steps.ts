/** The steps after which a run measures. */

/** The settings that determine the steps. */
export interface MeasurementRhythm {
  readonly steps: number;
  /** Steps between measurements. */
  readonly measureEvery: number;
  /** The number of log-spaced measurements before the first regular one. */
  readonly earlyMeasurements: number;
}

/** The steps after which a run measures: 0, some log-spaced ones, every `measureEvery`-th, and the last. */
export function measurementSteps({ steps, measureEvery, earlyMeasurements }: MeasurementRhythm): Set<number> {
  const due = new Set([0, steps]);
  for (let i = 0; i < earlyMeasurements; i++) {
    due.add(Math.min(steps, Math.round(measureEvery ** (i / earlyMeasurements))));
  }
  for (let step = measureEvery; step < steps; step += measureEvery) due.add(step);
  return due;
}

/** No run has more measurements than this. */
const MOST = 1e6;

/** The steps up to `last` that a run with these settings should have measured, but did not. */
export function missingSteps(
  config: Readonly<Record<string, unknown>>,
  measurements: readonly { readonly step: number }[],
  last: number,
): number[] {
  const { steps, measureEvery, earlyMeasurements = 0 } = config as Partial<MeasurementRhythm>;
  if (![steps, measureEvery, earlyMeasurements].every(Number.isInteger) || measureEvery! < 1) return [];
  // No run has that many measurements, so the settings have another meaning.
  if (steps! / measureEvery! > MOST || earlyMeasurements > MOST) return [];
  const there = new Set(measurements.map(({ step }) => step));
  // A run that was prolonged has also measured its former last step; only the present settings count.
  return [...measurementSteps({ steps: steps!, measureEvery: measureEvery!, earlyMeasurements })]
    .filter((step) => step <= last && !there.has(step))
    .sort((a, b) => a - b);
}
