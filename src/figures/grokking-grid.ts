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
import { titleOf } from '../experiments/registry';
import { ANYTHING, assertGiven, type Kinds } from '../given';
import { counted, formatSetting, formatStep } from '../number-format';
import type { RunSoFar } from '../records/run-record';
import type { Drawing } from './drawing';
import type { Figure } from './figure';
import { framed } from './frame';
import { grokkingTable, leadTable, stepRange } from './grokking-table';
import { panelTitle, share } from './panels';
import { provenance } from './provenance';
import { RUN_FIGURE_KINDS, type RunFigureOptions } from './run';
import { ACCURACY_AXIS, idAxis, RANGE, seedTraces, stepAxis } from './run-axes';
import { DEFAULT_SIZE, FONT_SIZES, GREY, TEXT_COLOURS } from './style';
import { textWidth } from './text-width';

export interface GrokkingGridOptions extends Omit<RunFigureOptions, 'beside'> {
  /** Rows, from top to bottom. @default the training fractions of the runs, in rising order */
  readonly trainFraction?: readonly number[];
  /** Columns, from left to right. @default the weight decays of the runs, in rising order */
  readonly weightDecay?: readonly number[];
  /** The paper's steps, marked in each panel by a dotted line. @default none */
  readonly paper?: HalfSteps;
}

const { beside: _, ...RUN_KINDS } = RUN_FIGURE_KINDS;
const GRID_KINDS: Kinds<GrokkingGridOptions> = {
  ...RUN_KINDS,
  trainFraction: ANYTHING,
  weightDecay: ANYTHING,
  paper: ANYTHING,
};

/** Figure 4 of the documentation. */
export const GROKKING_GRID: Drawing = {
  name: 'grokking-grid',
  summary: "the paper's figure 4: accuracy and LLID while transformers grok",
  records: 'grokking',
  draw: (runs, options) =>
    grokkingGrid(runs, { ...PAPER.grokkingGrid, paper: PAPER.grokkingHalfSteps, ...options }),
  findings: (runs) => [
    halfStepsSummary(runs, PAPER.grokkingHalfSteps),
    ...leadSummary(runs, PAPER.grokking.measureEvery).split('\n'),
  ],
  tables: (runs) => [grokkingTable(runs, PAPER.grokkingHalfSteps), leadTable(runs)],
};

/** Heights in pixels: a row with the step above each panel, a row of panels too narrow for it, and the room between. */
const ROW = { height: 168, least: 120, heading: 22, gap: 10 } as const;
/** Pixels between two columns, at the left and at the right. */
const COLUMN = { gap: 12, left: 74, right: 50 } as const;
/** Panels narrower than this many pixels have no room for the steps. */
const ROOM_FOR_STEPS = 120;

const PAPER_MARK = '50 % in the paper’s figure 4';

/**
 * Runs that differ in training fraction (rows) and weight decay (columns), on shared axes, as in figure 4 of
 * the paper. Of several runs of one setting, which differ in their seeds, a panel shows the mean and the range.
 */
export function grokkingGrid(runs: readonly RunSoFar[], options: GrokkingGridOptions = {}): Figure {
  assertGiven('figures.grid', options, GRID_KINDS);
  const everything = runs.flatMap((run) => run.measurements);
  if (everything.length === 0)
    throw new Error(
      `figures.grid needs at least one run with a measurement, got ${counted(runs.length, 'run')} without one`,
    );
  const rows = options.trainFraction ?? distinctValues(runs.map((run) => setting(run, 'trainFraction')));
  const columns = options.weightDecay ?? distinctValues(runs.map((run) => setting(run, 'weightDecay')));
  const across = (options.width ?? DEFAULT_SIZE.width) - COLUMN.left - COLUMN.right;
  const panelWidth = (across - COLUMN.gap * (columns.length - 1)) / columns.length;
  const steps = panelWidth >= ROOM_FOR_STEPS;
  const gap = steps ? ROW.heading : ROW.gap;
  const plot = rows.length * (steps ? ROW.height : ROW.least);
  const fonts = steps ? FONT_SIZES.small : FONT_SIZES.least;
  const { axis: x, first } = stepAxis(everything, panelWidth, options.steps);
  const right = idAxis(everything, options.site);
  const data: Partial<PlotData>[] = [];
  const axes: Record<string, unknown> = {};
  const annotations: NonNullable<Layout['annotations']>[number][] = [];
  const shapes: NonNullable<Layout['shapes']>[number][] = [];
  const panels = rows.length * columns.length;
  const named = new Set<string>();
  const headings = columns.map((weightDecay, column) => columnHeading(weightDecay, column, panelWidth));

  rows.forEach((trainFraction, row) => {
    columns.forEach((weightDecay, column) => {
      const panel = row * columns.length + column + 1;
      const domainX = share(column, columns.length, COLUMN.gap / across);
      const domainY = share(rows.length - 1 - row, rows.length, gap / plot);
      const [inFirstColumn, inLastColumn] = [column === 0, column === columns.length - 1];
      const inBottomRow = row === rows.length - 1;
      axes[`xaxis${panel}`] = {
        ...x,
        domain: domainX,
        anchor: `y${panel}`,
        showticklabels: inBottomRow,
        tickangle: 0,
        tickfont: { size: fonts },
        title: { text: inBottomRow ? 'step' : '' },
      };
      axes[`yaxis${panel}`] = {
        ...ACCURACY_AXIS,
        dtick: steps ? 20 : 50,
        domain: domainY,
        anchor: `x${panel}`,
        showticklabels: inFirstColumn,
        tickfont: { size: fonts },
        title: {
          text: inFirstColumn ? `<b>p = ${trainFraction}</b><br>accuracy (%)` : '',
          font: { size: fonts },
        },
      };
      axes[`yaxis${panels + panel}`] = {
        ...right,
        overlaying: `y${panel}`,
        anchor: `x${panel}`,
        showticklabels: inLastColumn,
        tickfont: { size: fonts, color: TEXT_COLOURS.green },
        title: { text: inLastColumn ? 'LLID' : '', font: { size: fonts, color: TEXT_COLOURS.green } },
      };
      const members = runs.filter(
        (run) =>
          setting(run, 'trainFraction') === trainFraction && setting(run, 'weightDecay') === weightDecay,
      );
      for (const { trace, right } of seedTraces(members, options.site)) {
        const yaxis = `y${right ? panels + panel : panel}`;
        data.push({ ...trace, xaxis: `x${panel}`, yaxis, showlegend: !named.has(trace.name!) });
        named.add(trace.name!);
      }
      // plotly.js draws the axes of a panel only where there is a trace.
      if (members.length === 0) {
        const nothing = { type: 'scatter', x: [null], y: [null], showlegend: false };
        data.push({ ...nothing, xaxis: `x${panel}`, yaxis: `y${panel}` } as Partial<PlotData>);
      }
      const theirs = options.paper?.[trainFraction]?.[weightDecay];
      if (theirs && theirs >= first) shapes.push(paperMark(panel, theirs, shapes.length === 0));
      const above = [row === 0 ? headings[column]! : '', steps ? outcome(members, theirs) : ''];
      const text = above.filter(Boolean).join('<br>');
      if (text !== '') annotations.push(panelTitle(domainX, domainY[1], text));
    });
  });
  const names = data.filter(({ showlegend }) => showlegend).map(({ name }) => name!);
  const subtitle = 'above each panel: the step at which validation accuracy passes 50 %';
  return {
    caption:
      'Training and validation accuracy (left axes) and the intrinsic dimension of the last layer on validation, LLID (right ' +
      'axes), over the steps of training, by training fraction p and weight decay. Above each panel stands the step at which ' +
      `validation accuracy passes 50 %${options.paper ? ', and in brackets that of the paper, which the dotted line marks' : ''}. ` +
      (named.has(RANGE)
        ? 'Where there are several seeds, lines are their means, and bands reach from the least to the greatest value. '
        : '') +
      provenance(runs),
    data,
    layout: {
      ...framed({
        title: `${titleOf(runs[0]!.config)}: accuracy and LLID over the steps of training`,
        ...options,
        subtitle: steps ? [options.paper ? `${subtitle} (in the paper)` : subtitle] : [],
        legend: [...names, ...(shapes.length > 0 ? [PAPER_MARK] : [])],
        labels: Math.max(...headings.map((text) => text.split('<br>').length)) + (steps ? 1 : 0),
        plot,
        left: COLUMN.left,
        right: COLUMN.right,
        bottom: 50,
      }),
      ...axes,
      annotations,
      shapes,
    } as Partial<Layout>,
  };
}

/** The heading of a column. Where it has no room, the first column says λ instead, and the others the value alone. */
function columnHeading(weightDecay: number, column: number, width: number): string {
  const value = formatSetting(weightDecay);
  const whole = `<b>weight decay ${value}</b>`;
  if (textWidth(whole, FONT_SIZES.small) <= width) return whole;
  return `<b>${column === 0 ? `λ = ${value}` : value}</b>`;
}

/** The steps at which the runs of a panel pass 50 %, from the first seed to the last, and in brackets that of the paper. */
function outcome(members: readonly RunSoFar[], theirs: number | null | undefined): string {
  if (members.length === 0) return 'not run yet';
  const steps = members.flatMap(({ measurements }) => grokkingStep(measurements) ?? []);
  const some = steps.length < members.length && steps.length > 0;
  const ours = `${some ? `${steps.length} of ${members.length}: ` : ''}${stepRange(steps)}`;
  return `${ours}${theirs === undefined ? '' : ` (${theirs === null ? 'never' : formatStep(theirs)})`}`;
}

function paperMark(panel: number, step: number, named: boolean): NonNullable<Layout['shapes']>[number] {
  const line = { color: GREY, width: 1.5, dash: 'dot' } as const;
  const [xref, yref] = [`x${panel}`, `y${panel} domain`] as unknown as ['x', 'paper'];
  const entry = { name: PAPER_MARK, legendgroup: PAPER_MARK, showlegend: named };
  return { type: 'line', xref, yref, x0: step, x1: step, y0: 0, y1: 1, line, ...entry };
}
