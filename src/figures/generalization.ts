/** The paper's figure 2: do networks that generalise have a high peak and a low last-layer dimension? */

import type { PlotData } from 'plotly.js';
import { correlationText } from '../analysis/correlation';
import {
  accuracyCorrelation,
  generalizationCorrelation,
  type HarmlessOptions,
  idRatio,
  learntRuns,
} from '../analysis/paper-correlations';
import { type StrengthSweep, sweepsOf } from '../analysis/regularization';
import { PAPER } from '../experiments/presets';
import { formatSetting } from '../number-format';
import type { RunSoFar } from '../records/run-record';
import type { Drawing } from './drawing';
import { ERROR_AXIS, errorOf } from './error-axis';
import type { Figure } from './figure';
import { provenance } from './provenance';
import { generalizationTable, predictorsTable } from './regularization-table';
import { type Look, STRENGTH_NAMES } from './strength-axis';
import { COLOURS } from './style';

/** Which runs are drawn, and the title. */
export interface GeneralizationOptions extends HarmlessOptions {
  readonly title?: string;
}

const LOOKS: Readonly<Record<StrengthSweep['regularization'], Look>> = {
  weightDecay: { color: COLOURS.blue, symbol: 'circle' },
  blockDropout: { color: COLOURS.vermillion, symbol: 'diamond' },
};

/** Figure 2 in the documentation. */
export const GENERALIZATION: Drawing = {
  name: 'generalization',
  summary: "the paper's figure 2: accuracy against PID / LLID",
  records: 'mnist',
  draw: (runs) => generalizationFigure(runs, { harmless: true }),
  findings: (runs) => [
    `validation accuracy over PID / LLID, below the onset of harm: ${correlationText(generalizationCorrelation(runs, { harmless: true }))}`,
  ],
  tables: (runs) => [generalizationTable(runs, PAPER), predictorsTable(runs, { harmless: true })],
};

/**
 * Validation accuracy against PID / LLID, a mark for every run that has learnt.
 *
 * @throws RangeError where no run of a sweep is finished
 */
export function generalizationFigure(runs: readonly RunSoFar[], options: GeneralizationOptions = {}): Figure {
  const sweeps = sweepsOf(runs);
  const all = correlationText(generalizationCorrelation(runs, options));
  return {
    data: sweeps.map((sweep): Partial<PlotData> => {
      const shown = learntRuns(sweep, options);
      const { color, symbol } = LOOKS[sweep.regularization];
      const name = STRENGTH_NAMES[sweep.regularization];
      return {
        type: 'scatter',
        mode: 'markers',
        name: `${name}: ${correlationText(accuracyCorrelation(shown))}`,
        x: shown.map(idRatio),
        y: shown.map(({ accuracy }) => (options.harmless ? accuracy : errorOf(accuracy))),
        customdata: shown.map(({ accuracy }) => accuracy),
        text: shown.map(({ strength }) => `${name} ${formatSetting(strength)}`),
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
