/** Other runs behind a figure of one run: faint curves, each named by the settings in which it differs. */
import type { PlotData } from 'plotly.js';
import type { RunSoFar } from '../records/run-record';
import { runTraces } from './run-axes';

/** How long and how often is no difference of what is learnt. */
const RHYTHM = ['experiment', 'steps', 'checkpointEvery', 'measureEvery', 'earlyMeasurements'];

/** More than these would hide the run; the last ones are drawn. */
const MOST = 4;

/** The settings of `other` that differ from those of `run`, such as `weightDecay=0.001`; empty where none does. */
export function difference(other: RunSoFar['config'], run: RunSoFar['config']): string {
  return Object.keys({ ...run, ...other })
    .filter((key) => !RHYTHM.includes(key))
    .filter((key) => JSON.stringify(other[key]) !== JSON.stringify(run[key]))
    .map((key) => `${key}=${String(other[key] ?? '–')}`)
    .join(', ');
}

const DASHES = ['dash', 'dashdot', 'longdash', 'longdashdot'] as const;

/** Validation accuracy and LLID of other runs, for the axes of `runFigure(run)`. */
export function besideTraces(run: RunSoFar, others: readonly RunSoFar[], site?: string): Partial<PlotData>[] {
  const shown = others.filter(({ measurements }) => measurements.some(({ step }) => step > 0)).slice(-MOST);
  return shown.flatMap((other, i) => {
    const [, accuracy, id] = runTraces(other.measurements, site);
    const label = difference(other.config, run.config) || 'same settings, recorded';
    const faint = (trace: Partial<PlotData>, what: string): Partial<PlotData> => ({
      ...trace,
      name: `${what}: ${label}`,
      opacity: 0.6,
      line: { ...trace.line, width: 1.5, dash: DASHES[i % DASHES.length]! },
    });
    return [faint(accuracy!, 'validation'), { ...faint(id!, 'LLID'), yaxis: 'y2' }];
  });
}
