/** The paper's figure 3: too much regularisation takes away peak dimension and accuracy. */
import type { Layout, PlotData } from 'plotly.js';
import { type Quantity, type StrengthSweep, sweepsOf } from '../analysis/regularization';
import { PAPER } from '../experiments/presets';
import { assertGiven } from '../given';
import { formatSetting } from '../number-format';
import type { RunSoFar } from '../records/run-record';
import type { Drawing } from './drawing';
import { errorAxis, errorOf } from './error-axis';
import type { Figure } from './figure';
import { FRAME_KINDS, type FrameOptions, framed, label } from './frame';
import { panelTitle, share } from './panels';
import { provenance } from './provenance';
import { overRegularizationTable } from './regularization-table';
import { alongStrength, STRENGTH_CAPTION, STRENGTH_NAMES, strengthAxis } from './strength-axis';
import { COLOURS, DEFAULT_SIZE } from './style';

interface Row {
  readonly name: string;
  readonly value: (of: Readonly<Record<Quantity, number>>) => number;
  /** The axis for these values. */
  readonly axis: (values: readonly number[]) => Partial<Layout['yaxis']>;
}

/** Rows from top to bottom. */
const ROWS: readonly Row[] = [
  { name: 'PID on validation', value: ({ peakId }) => peakId, axis: () => ({ rangemode: 'tozero' }) },
  { name: 'validation accuracy (%)', value: ({ accuracy }) => errorOf(accuracy), axis: errorAxis },
];

/** Figure 3 of the documentation. */
export const OVER_REGULARIZATION: Drawing = {
  name: 'over-regularization',
  summary: "the paper's figure 3: PID, accuracy and the onset of harm",
  records: 'cifar10-jpeg',
  draw: (runs, options) => overRegularizationFigure(runs, options),
  findings: (runs) => sweepsOf(runs).map(onsetText),
  tables: (runs) => [overRegularizationTable(runs, PAPER)],
};

const PLOT = 380;
const ONSET = 'onset of harm';

/**
 * PID and validation accuracy against weight decay and against dropout. A dashed line marks where harm begins, by the
 * rule of {@link onsetOfHarm}.
 *
 * @throws RangeError if no run of a sweep is finished
 */
export function overRegularizationFigure(runs: readonly RunSoFar[], options: FrameOptions = {}): Figure {
  assertGiven('figures.overRegularization', options, FRAME_KINDS);
  const sweeps = sweepsOf(runs);
  const panelWidth = ((options.width ?? DEFAULT_SIZE.width) - 80) / sweeps.length - 16;
  const data: Partial<PlotData>[] = [];
  const axes: Record<string, unknown> = {};
  const annotations: NonNullable<Layout['annotations']>[number][] = [];
  const shapes: NonNullable<Layout['shapes']>[number][] = [];
  const named = new Set<string>();
  const titles = sweeps.map((sweep) => label(onsetText(sweep), panelWidth));
  sweeps.forEach(({ regularization, sweep, onset }, column) => {
    const axis = strengthAxis(sweep, regularization, panelWidth);
    const across = share(column, sweeps.length, 0.06);
    ROWS.forEach(({ name, value, axis: yaxis }, row) => {
      const panel = row * sweeps.length + column + 1;
      const [x, y] = [`x${panel}`, `y${panel}`];
      const bottom = row === ROWS.length - 1;
      axes[`xaxis${panel}`] = {
        ...axis.layout,
        domain: across,
        anchor: y,
        showticklabels: bottom,
        title: bottom ? axis.layout.title : { text: '' },
      };
      axes[`yaxis${panel}`] = {
        domain: share(ROWS.length - 1 - row, ROWS.length, 0.08),
        anchor: x,
        title: { text: column === 0 ? name : '' },
        showticklabels: column === 0,
        ...yaxis(sweeps.flatMap(({ ends }) => ends.map((end) => value(end)))),
        ...(column === 0 ? {} : { matches: row === 0 ? 'y' : `y${row * sweeps.length + 1}` }),
      };
      for (const trace of alongStrength(sweep, axis, value, COLOURS.blue)) {
        data.push({
          ...trace,
          xaxis: x,
          yaxis: y,
          legendgroup: trace.name!,
          showlegend: !named.has(trace.name!),
        });
        named.add(trace.name!);
      }
      if (onset !== undefined) {
        shapes.push({ ...onsetMark(x, y, axis.position(onset)), showlegend: !named.has(ONSET) });
        named.add(ONSET);
      }
      shapes.push(...axis.marks(x, y));
    });
    annotations.push(panelTitle(across, 1, titles[column]!.text));
  });
  return {
    caption:
      'The largest intrinsic dimension of all layers on validation (PID), and validation accuracy on the log scale of its ' +
      `error, against the strength of regularisation. ${STRENGTH_CAPTION} ${ONSET_CAPTION} ${provenance(runs)}`,
    data,
    layout: {
      ...framed({
        title: 'Too much regularisation takes away PID and accuracy',
        ...options,
        legend: [...named],
        labels: Math.max(...titles.map(({ lines }) => lines)),
        plot: PLOT,
      }),
      ...axes,
      annotations,
      shapes,
    } as Partial<Layout>,
  };
}

const ONSET_CAPTION =
  'Harm begins at the least strength from which on every mean accuracy is lower than the best one by more than two ' +
  'standard errors of the difference.';

function onsetText({ regularization, onset, harmIsJudged }: StrengthSweep): string {
  const name = STRENGTH_NAMES[regularization];
  if (!harmIsJudged) return `${name}: harm is not judged by single seeds`;
  return onset === undefined ? `${name}: no harm seen` : `${name}: harm from ${formatSetting(onset)} on`;
}

function onsetMark(x: string, y: string, at: number): NonNullable<Layout['shapes']>[number] {
  const [xref, yref] = [x, `${y} domain`] as unknown as ['x', 'paper'];
  const line = { color: COLOURS.vermillion, width: 2, dash: 'dash' } as const;
  return { type: 'line', name: ONSET, legendgroup: ONSET, xref, yref, x0: at, x1: at, y0: 0, y1: 1, line };
}
