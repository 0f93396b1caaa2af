/** The paper's figure 3: too much regularisation takes away peak dimension and accuracy. */
import type { Layout, PlotData } from 'plotly.js';
import type { Figure } from './figure';
import { type MeasuredRun, plainNumber } from './grokking-axes';
import { panelDomain, panelTitle } from './panels';
import { type Regularization, sweepsOf } from './regularized';
import { alongStrength, type Look, STRENGTH_NAMES, strengthAxis } from './strength-axis';
import { COLOURS } from './style';

/** The title, and what is marked beside our own onset of harm. */
export interface OverRegularizationOptions {
  readonly title?: string;
}

const ROWS = [
  {
    quantity: 'peakId',
    name: 'PID on validation',
    look: { color: COLOURS.blue, symbol: 'circle' },
    domain: [0.54, 1],
  },
  {
    quantity: 'accuracy',
    name: 'validation accuracy',
    look: { color: COLOURS.vermillion, symbol: 'diamond' },
    domain: [0, 0.46],
  },
] as const satisfies readonly { look: Look; [key: string]: unknown }[];

/**
 * PID and validation accuracy against weight decay and against dropout; a dashed line where harm begins, by the rule
 * of {@link onsetOfHarm}.
 *
 * @throws RangeError where no run of a sweep is finished
 */
export function overRegularizationFigure(
  runs: readonly MeasuredRun[],
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
    ROWS.forEach(({ quantity, name, look, domain: rowDomain }, row) => {
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
        ...(column === 0
          ? { rangemode: 'tozero' }
          : { matches: row === 0 ? 'y' : `y${row * sweeps.length + 1}` }),
      };
      for (const trace of alongStrength(sweep, axis, quantity, look)) {
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
      title: { text: options.title ?? 'Too much regularisation takes away PID and accuracy' },
      legend: { y: 1.07 },
      margin: { l: 72, r: 20, t: 112, b: 56 },
      height: 560,
    } as Partial<Layout>,
  };
}

function onsetText(regularization: Regularization, onset: number | undefined): string {
  const name = STRENGTH_NAMES[regularization];
  return onset === undefined
    ? `${name}: no harm seen`
    : `${name}: harm from ${plainNumber(onset)} on (dashed)`;
}

function onsetMark(panel: number, x: number): NonNullable<Layout['shapes']>[number] {
  const [xref, yref] = [`x${panel}`, `y${panel} domain`] as unknown as ['x', 'paper'];
  const line = { color: COLOURS.purple, width: 2, dash: 'dash' } as const;
  return { type: 'line', xref, yref, x0: x, x1: x, y0: 0, y1: 1, line };
}
