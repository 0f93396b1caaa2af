/** After which steps a run measures. */

/** The settings that decide. */
export interface MeasurementRhythm {
  readonly steps: number;
  /** Steps between measurements. */
  readonly measureEvery: number;
  /** Log-spaced measurements before the first of these. */
  readonly earlyMeasurements: number;
}

/** The steps after which a run measures: 0, some log-spaced ones, every `measureEvery`, and the last. */
export function measurementSteps({ steps, measureEvery, earlyMeasurements }: MeasurementRhythm): Set<number> {
  const due = new Set([0, steps]);
  for (let i = 0; i < earlyMeasurements; i++) {
    due.add(Math.min(steps, Math.round(measureEvery ** (i / earlyMeasurements))));
  }
  for (let step = measureEvery; step < steps; step += measureEvery) due.add(step);
  return due;
}

/** More measurements than any run has. */
const MOST = 1e6;

/** The steps up to `last` that a run with these settings should have measured, but did not. */
export function missingSteps(
  config: Readonly<Record<string, unknown>>,
  measurements: readonly { readonly step: number }[],
  last: number,
): number[] {
  const { steps, measureEvery, earlyMeasurements = 0 } = config as Partial<MeasurementRhythm>;
  if (![steps, measureEvery, earlyMeasurements].every(Number.isInteger) || measureEvery! < 1) return [];
  // No run has measured so often: the settings are of something else.
  if (steps! / measureEvery! > MOST || earlyMeasurements > MOST) return [];
  const there = new Set(measurements.map(({ step }) => step));
  // A run that was prolonged has measured its former last step as well; the due ones are those of now.
  return [...measurementSteps({ steps: steps!, measureEvery: measureEvery!, earlyMeasurements })]
    .filter((step) => step <= last && !there.has(step))
    .sort((a, b) => a - b);
}
