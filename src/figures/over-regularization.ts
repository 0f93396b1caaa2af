/** The paper's figure 3: too much regularisation takes away peak dimension and accuracy. */

import type { Layout, PlotData } from 'plotly.js';
import { type Quantity, type Regularization, sweepsOf } from '../analysis/regularization';
import { PAPER } from '../experiments/presets';
import { formatSetting } from '../number-format';
import type { RunSoFar } from '../records/run-record';
import type { Drawing } from './drawing';
import { ERROR_AXIS, errorOf } from './error-axis';
import type { Figure } from './figure';
import { panelDomain, panelTitle } from './panels';
import { provenance } from './provenance';
import { overRegularizationTable } from './regularization-table';
import { alongStrength, type Look, STRENGTH_NAMES, strengthAxis } from './strength-axis';
import { COLOURS } from './style';

/** The title, and what is marked beside our own onset of harm. */
export interface OverRegularizationOptions {
  readonly title?: string;
}

const ROWS: readonly Row[] = [
  {
    name: 'PID on validation',
    value: ({ peakId }) => peakId,
    axis: { rangemode: 'tozero' },
    look: { color: COLOURS.blue, symbol: 'circle' },
    domain: [0.54, 1],
  },
  {
    name: 'validation accuracy',
    value: ({ accuracy }) => errorOf(accuracy),
    axis: ERROR_AXIS,
    look: { color: COLOURS.vermillion, symbol: 'diamond' },
    domain: [0, 0.46],
  },
];

interface Row {
  readonly name: string;
  readonly value: (of: Readonly<Record<Quantity, number>>) => number;
  readonly axis: Partial<Layout['yaxis']>;
  readonly look: Look;
  /** From below to above, of the whole height. */
  readonly domain: [number, number];
}

/** Figure 3 in the documentation. */
export const OVER_REGULARIZATION: Drawing = {
  name: 'over-regularization',
  summary: "the paper's figure 3: PID, accuracy and the onset of harm",
  records: 'mnist',
  draw: (runs) => overRegularizationFigure(runs),
  findings: (runs) => sweepsOf(runs).map(({ regularization, onset }) => onsetText(regularization, onset, '')),
  tables: (runs) => [overRegularizationTable(runs, PAPER)],
};

/**
 * PID and validation accuracy against weight decay and against dropout; a dashed line where harm begins, by the rule
 * of {@link onsetOfHarm}.
 *
 * @throws RangeError where no run of a sweep is finished
 */
export function overRegularizationFigure(
  runs: readonly RunSoFar[],
  options: OverRegularizationOptions = {},
): Figure {
  const sweeps = sweepsOf(runs);
  const data: Partial<PlotData>[] = [];
  const layout: Record<string, unknown> = {};
  const annotations: NonNullable<Layout['annotations']>[number][] = [];
  const shapes: NonNullable<Layout['shapes']>[number][] = [];
  sweeps.forEach(({ regularization, sweep, onset }, column) => {
    const axis = strengthAxis(sweep, regularization);
    const domain = panelDomain(column, sweeps.length);
    ROWS.forEach(({ name, value, axis: yaxis, look, domain: rowDomain }, row) => {
      const panel = row * sweeps.length + column + 1;
      const bottom = row === ROWS.length - 1;
      layout[`xaxis${panel}`] = {
        ...axis.layout,
        domain,
        anchor: `y${panel}`,
        showticklabels: bottom,
        title: bottom ? axis.layout.title : { text: '' },
      };
      layout[`yaxis${panel}`] = {
        domain: rowDomain,
        anchor: `x${panel}`,
        title: { text: column === 0 ? name : '' },
        showticklabels: column === 0,
        ...yaxis,
        ...(column === 0 ? {} : { matches: row === 0 ? 'y' : `y${row * sweeps.length + 1}` }),
      };
      for (const trace of alongStrength(sweep, axis, value, look)) {
        data.push({
          ...trace,
          xaxis: `x${panel}`,
          yaxis: `y${panel}`,
          showlegend: column === 0 && row === 0,
        });
      }
      if (onset !== undefined) shapes.push(onsetMark(panel, axis.position(onset)));
    });
    annotations.push({ ...panelTitle(domain, 1), text: onsetText(regularization, onset) });
  });
  return {
    data,
    layout: {
      ...layout,
      annotations,
      shapes,
      title: {
        text: `${options.title ?? 'Too much regularisation takes away PID and accuracy'}${provenance(runs)}`,
      },
      legend: { y: 1.07 },
      margin: { l: 84, r: 20, t: 146, b: 56 },
      height: 590,
    } as Partial<Layout>,
  };
}

function onsetText(regularization: Regularization, onset: number | undefined, mark = ' (dashed)'): string {
  const name = STRENGTH_NAMES[regularization];
  return onset === undefined
    ? `${name}: no harm seen`
    : `${name}: harm from ${formatSetting(onset)} on${mark}`;
}

function onsetMark(panel: number, x: number): NonNullable<Layout['shapes']>[number] {
  const [xref, yref] = [`x${panel}`, `y${panel} domain`] as unknown as ['x', 'paper'];
  const line = { color: COLOURS.purple, width: 2, dash: 'dash' } as const;
  return { type: 'line', xref, yref, x0: x, x1: x, y0: 0, y1: 1, line };
}
