/** The paper's figure 1: regularisation lowers the last layer's intrinsic dimension. */

import type { Layout, PlotData } from 'plotly.js';
import { correlationText } from '../analysis/correlation';
import { strengthCorrelation } from '../analysis/paper-correlations';
import { sweepsOf } from '../analysis/regularization';
import { PAPER } from '../experiments/presets';
import type { RunSoFar } from '../records/run-record';
import type { Drawing } from './drawing';
import type { Figure } from './figure';
import { panelDomain, panelTitle } from './panels';
import { provenance } from './provenance';
import { regularizationTable } from './regularization-table';
import { alongStrength, STRENGTH_NAMES, strengthAxis } from './strength-axis';
import { COLOURS } from './style';

/** Titles of a figure of runs. */
export interface RegularizationOptions {
  readonly title?: string;
}

const LOOK = { color: COLOURS.green, symbol: 'circle' } as const;

/** Figure 1 in the documentation. */
export const REGULARIZATION: Drawing = {
  name: 'regularization',
  summary: "the paper's figure 1: LLID against weight decay and dropout",
  records: 'mnist',
  draw: (runs) => regularizationFigure(runs),
  findings: (runs) =>
    sweepsOf(runs).map(
      ({ regularization, ends }) =>
        `LLID over ${STRENGTH_NAMES[regularization]}: ${correlationText(strengthCorrelation(ends, regularization))}`,
    ),
  tables: (runs) => [regularizationTable(runs, PAPER)],
};

/**
 * LLID against weight decay and against dropout: every run, and the mean of each strength. In the panels' titles
 * Pearson's r of {@link strengthCorrelation}.
 *
 * @throws RangeError where no run of a sweep is finished
 */
export function regularizationFigure(runs: readonly RunSoFar[], options: RegularizationOptions = {}): Figure {
  const sweeps = sweepsOf(runs);
  const data: Partial<PlotData>[] = [];
  const layout: Record<string, unknown> = {};
  const annotations: NonNullable<Layout['annotations']>[number][] = [];
  sweeps.forEach(({ regularization, ends, sweep }, panel) => {
    const axis = strengthAxis(sweep, regularization);
    const domain = panelDomain(panel, sweeps.length);
    layout[`xaxis${panel + 1}`] = { ...axis.layout, domain, anchor: `y${panel + 1}` };
    layout[`yaxis${panel + 1}`] = {
      anchor: `x${panel + 1}`,
      title: { text: panel === 0 ? 'LLID on validation' : '' },
      showticklabels: panel === 0,
      ...(panel === 0 ? { rangemode: 'tozero' } : { matches: 'y' }),
    };
    for (const trace of alongStrength(sweep, axis, ({ lastLayerId }) => lastLayerId, LOOK)) {
      const place = { xaxis: `x${panel + 1}`, yaxis: `y${panel + 1}` };
      data.push({ ...trace, ...place, showlegend: panel === 0 });
    }
    annotations.push({
      ...panelTitle(domain, 1),
      text: `${STRENGTH_NAMES[regularization]}: ${correlationText(strengthCorrelation(ends, regularization))}`,
    });
  });
  return {
    data,
    layout: {
      ...layout,
      annotations,
      title: {
        text: `${options.title ?? 'Regularisation lowers the last layer’s dimension'}${provenance(runs)}`,
      },
      legend: { y: 1.1 },
      height: 456,
      margin: { l: 56, r: 20, t: 142, b: 56 },
    } as Partial<Layout>,
  };
}
