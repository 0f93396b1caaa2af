/** The grid of the paper's figure 4: one panel for each training fraction and weight decay. */

import type { Layout, PlotData } from 'plotly.js';
import {
  distinctValues,
  type HalfSteps,
  halfStepsSummary,
  leadSummary,
  setting,
} from '../analysis/grokking-runs';
import { grokkingStep } from '../analysis/transition';
import { PAPER } from '../experiments/presets';
import { namedSettings, titleOf } from '../experiments/registry';
import { formatStep } from '../number-format';
import { withIds } from '../records/layer-ids';
import type { RunSoFar } from '../records/run-record';
import type { Drawing } from './drawing';
import type { Figure } from './figure';
import { grokkingTable, leadTable } from './grokking-table';
import type { RunFigureOptions } from './run';
import { ACCURACY_AXIS, idAxis, runTraces, stepAxis } from './run-axes';
import { COLOURS, GREY } from './style';

export interface GrokkingGridOptions extends RunFigureOptions {
  readonly title?: string;
  /** Rows, from top to bottom. @default those of the runs, rising */
  readonly trainFraction?: readonly number[];
  /** Columns. @default those of the runs, rising */
  readonly weightDecay?: readonly number[];
  /** Marked in each panel by a dotted line. @default none */
  readonly paper?: HalfSteps;
}

/** Figure 4 in the documentation. */
export const GROKKING_GRID: Drawing = {
  name: 'grokking-grid',
  summary: "the paper's figure 4: accuracy and LLID while transformers grok",
  records: 'grokking',
  draw: (runs) => grokkingGrid(runs, { ...PAPER.grokkingGrid, paper: PAPER.grokkingHalfSteps }),
  findings: (runs) => [
    halfStepsSummary(runs, PAPER.grokkingHalfSteps),
    ...leadSummary(runs, PAPER.grokking.measureEvery).split('\n'),
  ],
  tables: (runs) => [grokkingTable(runs, PAPER.grokkingHalfSteps), leadTable(runs)],
};

/** Pixels of a row, and what stands above its panels. */
const ROW = { height: 200, heading: 40 } as const;

/**
 * Runs that differ in training fraction (rows) and weight decay (columns), on shared axes, as in figure 4 of
 * the paper. Several runs of one setting, such as seeds, are drawn into one panel.
 */
export function grokkingGrid(runs: readonly RunSoFar[], options: GrokkingGridOptions = {}): Figure {
  const everything = runs.flatMap((run) => run.measurements);
  if (everything.length === 0)
    throw new Error(`grokkingGrid needs a run with a measurement, got ${runs.length} runs without`);
  const rows = options.trainFraction ?? distinctValues(runs.map((run) => setting(run, 'trainFraction')));
  const columns = options.weightDecay ?? distinctValues(runs.map((run) => setting(run, 'weightDecay')));
  const { axis: x, first } = stepAxis(everything, 850 / columns.length, options.steps);
  const right = idAxis(everything, options.site);
  const data: Partial<PlotData>[] = [];
  const layout: Record<string, unknown> = {};
  const annotations: NonNullable<Layout['annotations']>[number][] = [];
  const shapes: NonNullable<Layout['shapes']>[number][] = [];
  const panels = rows.length * columns.length;
  const named = [runs[0], runs[0], runs.find(({ measurements }) => withIds(measurements).length > 0)];

  rows.forEach((trainFraction, row) => {
    columns.forEach((weightDecay, column) => {
      const panel = row * columns.length + column + 1;
      const domainX = share(column, columns.length, 0.02);
      const domainY = share(rows.length - 1 - row, rows.length, ROW.heading / (rows.length * ROW.height));
      const [inFirstColumn, inLastColumn] = [column === 0, column === columns.length - 1];
      const inBottomRow = row === rows.length - 1;
      layout[`xaxis${panel}`] = {
        ...x,
        domain: domainX,
        anchor: `y${panel}`,
        showticklabels: inBottomRow,
        tickangle: 0,
        tickfont: { size: 11 },
        title: { text: inBottomRow ? 'step' : '' },
      };
      layout[`yaxis${panel}`] = {
        ...ACCURACY_AXIS,
        domain: domainY,
        anchor: `x${panel}`,
        showticklabels: inFirstColumn,
        tickfont: { size: 11 },
        title: { text: inFirstColumn ? 'accuracy' : '' },
      };
      layout[`yaxis${panels + panel}`] = {
        ...right,
        overlaying: `y${panel}`,
        anchor: `x${panel}`,
        side: 'right',
        showticklabels: inLastColumn,
        tickfont: { size: 11, color: COLOURS.green },
        title: { text: inLastColumn ? 'LLID' : '', font: { color: COLOURS.green } },
      };
      const members = runs.filter(
        (run) =>
          setting(run, 'trainFraction') === trainFraction && setting(run, 'weightDecay') === weightDecay,
      );
      members.forEach((run) => {
        runTraces(run.measurements, options.site).forEach((trace, i) => {
          const yaxis = `y${i === 2 ? panels + panel : panel}`;
          data.push({ ...trace, xaxis: `x${panel}`, yaxis, showlegend: run === named[i] });
        });
      });
      // plotly.js draws the axes of a panel only where there is a trace.
      if (members.length === 0) {
        const nothing = { type: 'scatter', x: [null], y: [null], showlegend: false };
        data.push({ ...nothing, xaxis: `x${panel}`, yaxis: `y${panel}` } as Partial<PlotData>);
      }
      const theirs = options.paper?.[trainFraction]?.[weightDecay];
      if (theirs && theirs >= first) shapes.push(paperMark(panel, theirs));
      annotations.push({
        text: `${Object.values(namedSettings({ trainFraction, weightDecay }, 'run')).join(', ')}<br>${outcome(members, theirs)}`,
        xref: 'paper',
        yref: 'paper',
        x: domainX[0],
        y: domainY[1],
        xanchor: 'left',
        yanchor: 'bottom',
        align: 'left',
        showarrow: false,
        font: { size: 11 },
      });
    });
  });
  const title = options.title ?? `${titleOf(runs[0]!.config)}: accuracy and LLID over the steps of training`;
  const subtitle = options.paper ? '<br><sub>dotted line: 50 % in the paper’s figure 4</sub>' : '';
  const plot = rows.length * ROW.height;
  return {
    data,
    layout: {
      ...layout,
      title: { text: title + subtitle },
      annotations,
      shapes,
      width: 1000,
      height: 190 + plot,
      margin: { l: 50, r: 50, t: 140, b: 50 },
      legend: { y: 1 + (ROW.heading + 4) / plot, yanchor: 'bottom' },
    } as Partial<Layout>,
  };
}

/** When the runs of a panel pass 50 %, beside the paper. */
function outcome(members: readonly RunSoFar[], theirs: number | null | undefined): string {
  if (members.length === 0) return 'not run yet';
  const steps = members.map(({ measurements }) => grokkingStep(measurements));
  const ours = steps.map((step) => (step === undefined ? 'never' : formatStep(step))).join(', ');
  const paper = theirs === undefined ? '' : ` (paper ${theirs === null ? 'never' : formatStep(theirs)})`;
  return `50 % at: ${ours}${paper}`;
}

function paperMark(panel: number, step: number): NonNullable<Layout['shapes']>[number] {
  const line = { color: GREY, width: 1.5, dash: 'dot' } as const;
  const [xref, yref] = [`x${panel}`, `y${panel}`] as unknown as ['x', 'y'];
  return { type: 'line', xref, yref, x0: step, x1: step, y0: 0, y1: 1, line };
}

/** The i-th of n equal parts of 0..1 with a gap between them. */
function share(i: number, n: number, gap: number): [number, number] {
  const width = (1 - gap * (n - 1)) / n;
  const start = i * (width + gap);
  return [start, Math.min(1, start + width)];
}
