/** The paper's figure 2: do networks that generalise have a high peak and a low last-layer dimension? */

import type { PlotData } from 'plotly.js';
import { type Outcome, type Sweep, sweepsOf } from '../analysis/regularized';
import { type Correlation, correlation, correlationText } from '../analysis/statistics';
import type { MeasuredRun } from '../records/run-record';
import { ERROR_AXIS, errorOf } from './error-axis';
import type { Figure } from './figure';
import { plainNumber } from './grokking-axes';
import { provenance } from './provenance';
import { type Look, STRENGTH_NAMES } from './strength-axis';
import { COLOURS } from './style';

/** Which runs are drawn, and the title. */
export interface GeneralizationOptions {
  /** Leaves out strengths from the onset of harm on, as the paper does. @default false */
  readonly harmless?: boolean;
  readonly title?: string;
}

const LOOKS: Readonly<Record<Sweep['regularization'], Look>> = {
  weightDecay: { color: COLOURS.blue, symbol: 'circle' },
  blockDropout: { color: COLOURS.vermillion, symbol: 'diamond' },
};

/**
 * Validation accuracy against PID / LLID, a mark for every run that has learnt.
 *
 * @throws RangeError where no run of a sweep is finished
 */
export function generalizationFigure(
  runs: readonly MeasuredRun[],
  options: GeneralizationOptions = {},
): Figure {
  const sweeps = sweepsOf(runs);
  const all = correlationText(generalizationCorrelation(runs, options));
  return {
    data: sweeps.map((sweep): Partial<PlotData> => {
      const shown = learnt(sweep, options);
      const { color, symbol } = LOOKS[sweep.regularization];
      const name = STRENGTH_NAMES[sweep.regularization];
      return {
        type: 'scatter',
        mode: 'markers',
        name: `${name}: ${correlationText(correlate(shown))}`,
        x: shown.map(ratio),
        y: shown.map(({ accuracy }) => (options.harmless ? accuracy : errorOf(accuracy))),
        customdata: shown.map(({ accuracy }) => accuracy),
        text: shown.map(({ strength }) => `${name} ${plainNumber(strength)}`),
        hovertemplate: '%{text}<br>PID / LLID %{x:.2f}<br>accuracy %{customdata:.3f}<extra></extra>',
        marker: { color, symbol, size: 9, opacity: 0.75 },
      };
    }),
    layout: {
      title: {
        text: `${options.title ?? 'Validation accuracy against PID / LLID'}${provenance(runs)}<br><sub>all marks: ${all}</sub>`,
      },
      xaxis: { title: { text: 'PID / LLID on validation' } },
      yaxis: {
        ...(options.harmless ? { tickformat: '.2f', tickfont: { size: 10 } } : ERROR_AXIS),
        title: { text: 'validation accuracy' },
      },
      legend: { orientation: 'v', y: 1.02 },
      margin: { l: 72, r: 20, t: 158, b: 56 },
      height: 500,
    },
  };
}

/** Pearson's r of validation accuracy with PID / LLID, over the runs that {@link generalizationFigure} draws. */
export function generalizationCorrelation(
  runs: readonly MeasuredRun[],
  options: GeneralizationOptions = {},
): Correlation | undefined {
  const shown = sweepsOf(runs).flatMap((sweep, i) =>
    // The unregularised runs belong to both sweeps.
    learnt(sweep, options).filter(({ strength }) => i === 0 || strength > 0),
  );
  return correlate(shown);
}

function learnt(
  { ends, onset = Number.POSITIVE_INFINITY }: Sweep,
  options: GeneralizationOptions,
): Outcome[] {
  return ends.filter(({ collapsed, strength }) => !collapsed && !(options.harmless && strength >= onset));
}

function correlate(ends: readonly Outcome[]): Correlation | undefined {
  if (ends.length < 4) return undefined;
  return correlation(
    ends.map(ratio),
    ends.map(({ accuracy }) => accuracy),
    { block: 1 },
  );
}

function ratio({ peakId, lastLayerId }: Outcome): number {
  return peakId / lastLayerId;
}
