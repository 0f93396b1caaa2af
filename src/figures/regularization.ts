/** The paper's figure 1: regularisation lowers the last layer's intrinsic dimension. */
import type { Layout, PlotData } from 'plotly.js';
import { correlationText } from '../analysis/correlation';
import { strengthCorrelation } from '../analysis/paper-correlations';
import { type StrengthSweep, sweepsOf } from '../analysis/regularization';
import { PAPER } from '../experiments/presets';
import { assertGiven } from '../given';
import type { RunSoFar } from '../records/run-record';
import type { Drawing } from './drawing';
import type { Figure } from './figure';
import { FRAME_KINDS, type FrameOptions, framed, label } from './frame';
import { panelTitle, share } from './panels';
import { provenance } from './provenance';
import { regularizationTable } from './regularization-table';
import { alongStrength, STRENGTH_CAPTION, STRENGTH_NAMES, strengthAxis } from './strength-axis';
import { COLOURS, DEFAULT_SIZE } from './style';

/** Figure 1 of the documentation. */
export const REGULARIZATION: Drawing = {
  name: 'regularization',
  summary: "the paper's figure 1: LLID against weight decay and dropout",
  records: 'cifar10-jpeg',
  draw: (runs, options) => regularizationFigure(runs, options),
  findings: (runs) => sweepsOf(runs).map((sweep) => `LLID over ${finding(sweep)}`),
  tables: (runs) => [regularizationTable(runs, PAPER)],
};

/** From this width in pixels on, panels stand side by side; otherwise one stands below the other. */
const SIDE_BY_SIDE = 480;
const PANEL = { height: 240, gap: 84 } as const;

/**
 * LLID against weight decay and against dropout: every run, and the mean at each strength. The panels' titles give
 * Pearson's r from {@link strengthCorrelation}.
 *
 * @throws RangeError if no run of a sweep is finished
 */
export function regularizationFigure(runs: readonly RunSoFar[], options: FrameOptions = {}): Figure {
  assertGiven('figures.regularization', options, FRAME_KINDS);
  const sweeps = sweepsOf(runs);
  const width = options.width ?? DEFAULT_SIZE.width;
  const columns = width < SIDE_BY_SIDE ? 1 : sweeps.length;
  const rows = Math.ceil(sweeps.length / columns);
  const across = (width - 80) / columns - 16;
  const plot = rows * PANEL.height + (rows - 1) * PANEL.gap;
  const data: Partial<PlotData>[] = [];
  const axes: Record<string, unknown> = {};
  const annotations: NonNullable<Layout['annotations']>[number][] = [];
  const shapes: NonNullable<Layout['shapes']>[number][] = [];
  const titles = sweeps.map((sweep) => label(finding(sweep), across));
  const named = new Set<string>();
  sweeps.forEach(({ regularization, sweep }, panel) => {
    const axis = strengthAxis(sweep, regularization, across);
    const [x, y] = [`x${panel + 1}`, `y${panel + 1}`];
    const row = Math.floor(panel / columns);
    const horizontal = share(panel % columns, columns, 0.06);
    const vertical = share(rows - 1 - row, rows, PANEL.gap / plot);
    const first = panel % columns === 0;
    axes[`xaxis${panel + 1}`] = { ...axis.layout, domain: horizontal, anchor: y };
    axes[`yaxis${panel + 1}`] = {
      anchor: x,
      domain: vertical,
      title: { text: first ? 'LLID on validation' : '' },
      showticklabels: first,
      ...(panel === 0 ? { rangemode: 'tozero' } : { matches: 'y' }),
    };
    for (const trace of alongStrength(sweep, axis, ({ lastLayerId }) => lastLayerId, COLOURS.green)) {
      data.push({
        ...trace,
        xaxis: x,
        yaxis: y,
        legendgroup: trace.name!,
        showlegend: !named.has(trace.name!),
      });
      named.add(trace.name!);
    }
    annotations.push(panelTitle(horizontal, vertical[1], titles[panel]!.text));
    shapes.push(...axis.marks(x, y));
  });
  return {
    caption:
      'The intrinsic dimension of the last layer before the classifier on validation (LLID) against the strength of ' +
      `regularisation. ${STRENGTH_CAPTION} ${CORRELATION_CAPTION} ${provenance(runs)}`,
    data,
    layout: {
      ...framed({
        title: 'Regularisation lowers the last layer’s dimension',
        ...options,
        legend: [...named],
        labels: Math.max(...titles.map(({ lines }) => lines)),
        plot,
      }),
      ...axes,
      annotations,
      shapes,
    } as Partial<Layout>,
  };
}

const CORRELATION_CAPTION =
  'r is Pearson’s correlation of LLID with the logarithm of the weight decay (above zero) or with the dropout rate, over ' +
  'the runs that have learnt; its 95 % interval comes from a bootstrap over settings.';

function finding({ regularization, ends }: StrengthSweep): string {
  return `${STRENGTH_NAMES[regularization]}: ${correlationText(strengthCorrelation(ends, regularization))}`;
}
