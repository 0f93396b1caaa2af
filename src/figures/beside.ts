/** Other runs behind a figure of one run: faint curves, each named by the settings in which it differs. */
import type { PlotData } from 'plotly.js';
import { identityOf, withDefaults } from '../experiments/registry';
import type { RunSoFar } from '../records/run-record';
import { runTraces } from './run-axes';

/** The most runs drawn; more would hide the run itself. The last ones are drawn. */
const MOST = 4;

/**
 * The settings in which `other` differs from `run`, such as `weightDecay=0.001`; empty if they agree. The length of a
 * run and the steps at which it is measured do not count.
 */
export function difference(other: RunSoFar['config'], run: RunSoFar['config']): string {
  const [theirs, own] = [withDefaults(other), withDefaults(run)];
  return Object.keys({ ...own, ...theirs })
    .filter((key) => key !== 'experiment' && identityOf(key, own) === 'run')
    .filter((key) => JSON.stringify(theirs[key]) !== JSON.stringify(own[key]))
    .map((key) => `${key}=${String(theirs[key] ?? '–')}`)
    .join(', ');
}

const DASHES = ['dash', 'dashdot', 'longdash', 'longdashdot'] as const;

/** Which activation is drawn, and how names are broken into lines. */
interface BesideOptions {
  readonly site?: string | undefined;
  readonly named?: (name: string) => string;
}

/** Validation accuracy and LLID of other runs, for the axes of `runFigure(run)`. */
export function besideTraces(
  run: RunSoFar,
  others: readonly RunSoFar[],
  { site, named = (name) => name }: BesideOptions = {},
): Partial<PlotData>[] {
  const shown = others.filter(({ measurements }) => measurements.some(({ step }) => step > 0)).slice(-MOST);
  return shown.flatMap((other, i) => {
    const [, accuracy, id] = runTraces(other.measurements, site);
    const label = difference(other.config, run.config) || 'same settings, recorded';
    const faint = (trace: Partial<PlotData>, what: string): Partial<PlotData> => ({
      ...trace,
      name: named(`${what}: ${label}`),
      opacity: 0.6,
      line: { ...trace.line, width: 1.5, dash: DASHES[i % DASHES.length]! },
    });
    return [faint(accuracy!, 'validation'), ...(id ? [{ ...faint(id, 'LLID'), yaxis: 'y2' as const }] : [])];
  });
}
