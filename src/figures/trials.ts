/** Trials on manifolds of known dimension: the bias of every estimator by dimension, its spread, coverage and time. */
import type { Layout, PlotData } from 'plotly.js';
import {
  dimensionClasses,
  type TrialCell,
  type TrialSummary,
  trialCells,
  trialSummaries,
} from '../analysis/trial-summary';
import { assertGiven, type Kinds, NUMBER } from '../given';
import type { Trial } from '../intrinsic-dimension/trials';
import type { Figure } from './figure';
import { FRAME_KINDS, type FrameOptions, framed } from './frame';
import { panelTitle } from './panels';
import { COLOURS, FONT_SIZES, GREY, INK, SYMBOLS } from './style';
import { textWidth } from './text-width';

/** What the figure can be told. */
export interface TrialsOptions extends FrameOptions {
  /** The number of points whose trials are drawn. @default the largest */
  readonly points?: number;
}

const TRIALS_KINDS: Kinds<TrialsOptions> = { ...FRAME_KINDS, points: NUMBER };

/** Height of the row of an estimator, and the distance of two classes of dimensions as a share of it. */
const ROW = 22;
const LANE = 0.26;
/** A bias beyond this, in per cent, is drawn at the edge. */
const EDGE = 100;
/** The shares of the width that the panels begin and end at. */
const PANELS = {
  bias: [0, 0.46],
  spread: [0.5, 0.64],
  coverage: [0.68, 0.82],
  time: [0.86, 1],
} as const;
/** Ticks of time in milliseconds. */
const TIMES = [
  { value: 10, text: '10 ms' },
  { value: 1000, text: '1 s' },
];
/** The level of the intervals, in per cent. */
const LEVEL = 95;

/**
 * One row for each estimator, the smallest mean error first. Its dots are the mean bias on each manifold.
 *
 * @throws RangeError if there is no trial with that number of points
 */
export function trialsFigure(trials: readonly Trial[], options: TrialsOptions = {}): Figure {
  assertGiven('figures.trials', options, TRIALS_KINDS);
  const sizes = [...new Set(trials.map(({ points }) => points))].sort((a, b) => a - b);
  const points = options.points ?? sizes.at(-1);
  const cells = trialCells(trials.filter((each) => each.points === points));
  if (points === undefined || cells.length === 0)
    throw new RangeError(
      `there are no trials with ${points} points: there are some with ${sizes.join(', ')}`,
    );
  const rows = trialSummaries(cells).sort((a, b) => (a.error ?? 9) - (b.error ?? 9));
  const place = new Map(rows.map(({ estimator }, i) => [estimator, i]));
  const lanes = dimensionClasses(cells).map(({ name, from, to }, i, { length }) => ({
    name: `dimension ${name}`,
    cells: cells.filter(({ dimension }) => from <= dimension && dimension <= to),
    lane: LANE * (i - (length - 1) / 2),
    color: Object.values(COLOURS)[i]!,
    symbol: SYMBOLS[i]!,
  }));
  const plot = rows.length * ROW;
  const left = 12 + Math.max(...rows.map(({ estimator }) => textWidth(estimator, FONT_SIZES.small)));
  const { title = `Estimators beside the truth, ${points.toLocaleString('en')} points` } = options;
  const summary = (of: (row: TrialSummary) => number | undefined, axis: string): Partial<PlotData> => {
    const known = rows.filter((row) => of(row) !== undefined);
    return {
      type: 'scatter',
      mode: 'markers',
      x: known.map((row) => of(row)!),
      y: known.map(({ estimator }) => place.get(estimator)!),
      text: known.map(({ estimator }) => estimator),
      xaxis: axis,
      showlegend: false,
      // A spread of zero lies on the edge of its panel.
      cliponaxis: false,
      marker: { color: GREY, symbol: 'square', size: 7 },
    };
  };
  return {
    caption: captionOf(points, cells),
    data: [
      ...lanes.map(({ name, cells: own, lane, color, symbol }): Partial<PlotData> => {
        const known = own.filter(({ bias }) => bias !== undefined);
        const biases = known.map(({ bias }) => 100 * bias!);
        return {
          type: 'scatter',
          mode: 'markers',
          name,
          x: biases.map((bias) => Math.max(-EDGE, Math.min(EDGE, bias))),
          y: known.map(({ estimator }) => place.get(estimator)! + lane),
          text: known.map(({ manifold }, i) => `${manifold}: ${biases[i]!.toFixed(1)} %`),
          marker: {
            color,
            symbol: biases.map((bias) => (Math.abs(bias) > EDGE ? 'x-thin-open' : symbol)),
            size: 6,
            opacity: 0.75,
          },
        };
      }),
      summary(({ spread }) => (spread === undefined ? undefined : 100 * spread), 'x2'),
      summary(({ coverage }) => (coverage === undefined ? undefined : 100 * coverage), 'x3'),
      summary(({ cpuMs }) => cpuMs, 'x4'),
    ],
    layout: {
      ...framed({
        ...options,
        title,
        legend: lanes.map(({ name }) => name),
        labels: 2,
        plot,
        left,
        bottom: 36,
      }),
      yaxis: {
        range: [rows.length - 0.5, -0.5],
        tickvals: rows.map((_, i) => i),
        ticktext: rows.map(({ estimator }) => estimator),
        tickfont: { size: FONT_SIZES.small },
        ticks: '',
      },
      xaxis: panelAxis(PANELS.bias, { range: [-EDGE - 4, EDGE + 4], tickvals: [-EDGE, -50, 0, 50, EDGE] }),
      xaxis2: panelAxis(PANELS.spread, { rangemode: 'tozero', nticks: 4 }),
      xaxis3: panelAxis(PANELS.coverage, { range: [-4, 104], tickvals: [0, 50, LEVEL] }),
      xaxis4: panelAxis(PANELS.time, {
        type: 'log',
        range: timeRange(rows),
        tickvals: TIMES.map(({ value }) => value),
        ticktext: TIMES.map(({ text }) => text),
      }),
      annotations: [
        panelTitle(PANELS.bias, 1, 'bias, % of the dimension'),
        panelTitle(PANELS.spread, 1, 'spread, %'),
        panelTitle(PANELS.coverage, 1, 'intervals that<br>hold, %'),
        panelTitle(PANELS.time, 1, 'CPU time'),
      ],
      shapes: [line('x', 0), line('x3', LEVEL)],
    } as Partial<Layout>,
  };
}

function panelAxis(domain: readonly [number, number], more: object): object {
  return { domain, anchor: 'y', tickfont: { size: FONT_SIZES.least }, ...more };
}

/** The decades of an axis that holds all times, and the ticks. */
function timeRange(rows: readonly TrialSummary[]): [number, number] {
  const all = [...rows.flatMap(({ cpuMs }) => cpuMs ?? []), ...TIMES.map(({ value }) => value)].map(
    Math.log10,
  );
  return [Math.min(...all) - 0.2, Math.max(...all) + 0.2];
}

/** A vertical line through all rows. */
function line(axis: string, at: number): object {
  return {
    type: 'line',
    xref: axis,
    yref: 'paper',
    x0: at,
    x1: at,
    y0: 0,
    y1: 1,
    line: { color: INK, width: 1 },
  };
}

function captionOf(points: number, cells: readonly TrialCell[]): string {
  const count = (of: (cell: TrialCell) => unknown): number => new Set(cells.map(of)).size;
  const seeds = cells.map((cell) => cell.seeds);
  const [fewest, most] = [Math.min(...seeds), Math.max(...seeds)];
  return (
    `${count(({ estimator }) => estimator)} estimators with their default options on ${count(({ manifold }) => manifold)} manifolds with ` +
    `${points.toLocaleString('en')} points, ${fewest === most ? most : `${fewest} to ${most}`} seeds each. A dot is the mean bias on one manifold; a ` +
    `thin cross at the edge is a bias beyond ${EDGE} %. Spread is the standard deviation over seeds; intervals that hold are the share of ` +
    `${LEVEL} % intervals that contain the dimension, with a line where it should be. Both are means over manifolds. The time, on a log scale, is ` +
    'that of all threads of a call, the median over manifolds. A mark is missing where an estimator gave no value on a manifold or had one seed ' +
    'only, and where its time is not recorded. The smallest mean error is at the top.'
  );
}
