/** Composes marks into one figure: colours and symbols by series, shared axes, panels, a legend. */
import type { Layout, PlotData } from 'plotly.js';
import { ANYTHING, assertGiven, FLAG, type Kinds, NUMBER, TEXT } from '../../given';
import { categoryAxis } from '../category-axis';
import type { Figure } from '../figure';
import { FRAME_KINDS, type FrameOptions, framed, legendName } from '../frame';
import { panelTitle, share } from '../panels';
import { DEFAULT_SIZE, FONT_SIZES } from '../style';
import { breakMarks } from '../zero-break';
import {
  AXIS_KINDS,
  type AxisOptions,
  axisLabel,
  categoriesOf,
  checkHeights,
  decadeTicks,
  horizontal,
  intervalOf,
  rangeOf,
  scaled,
} from './axes';
import { equalScales } from './equal-scales';
import { COUNT, type Mark } from './marks';
import { lookOf, tracesOf } from './traces';

/** Options of the whole plot. */
export interface PlotOptions extends FrameOptions {
  readonly xAxis?: AxisOptions;
  readonly yAxis?: AxisOptions;
  /** Height of a panel in pixels. @default 280, and 180 with several rows of panels */
  readonly height?: number;
  /** Gives one unit the same length on both axes, as for points of a manifold. @default false */
  readonly equalScales?: boolean;
  /** What the figure shows, from which data, with which intervals; it is written below the figure and in its files. */
  readonly caption?: string;
}

/** What every plot can be told. */
export const PLOT_KINDS: Kinds<PlotOptions> = {
  ...FRAME_KINDS,
  xAxis: ANYTHING,
  yAxis: ANYTHING,
  height: NUMBER,
  equalScales: FLAG,
  caption: TEXT,
};

/** A figure that keeps its marks, so that it can be laid over another. */
export interface Plot extends Figure {
  readonly marks: readonly Mark[];
  readonly options: PlotOptions;
}

/** The smallest width of a panel in pixels; narrower ones have no room for their axes. */
const LEAST_PANEL = 190;
const GAP = { across: 28, down: 44 } as const;
/** Room at the right in pixels, with a colour bar and without. */
const RIGHT = { colours: 96, plain: 20 } as const;
/** From the panel to the colour bar, in units of all panels. */
const COLOUR_BAR_GAP = 0.02;
const LEFT = 60;
/** The greatest height of a panel with equal scales in pixels. */
const HIGHEST = 400;

/** @throws RangeError for values that a log axis cannot show, and for unknown options of an axis */
export function composed(marks: readonly Mark[], options: PlotOptions): Plot {
  const { xAxis = {}, yAxis = {} } = options;
  assertGiven('xAxis', xAxis, AXIS_KINDS);
  assertGiven('yAxis', yAxis, AXIS_KINDS);
  const series = marks.flatMap((mark) => mark.series);
  const colourLabel = marks.find((mark) => mark.colourLabel !== undefined)?.colourLabel;
  const right = colourLabel === undefined ? RIGHT.plain : RIGHT.colours;
  const across = (options.width ?? DEFAULT_SIZE.width) - LEFT - right;
  const facets = [...new Set(series.flatMap(({ facet }) => facet ?? []))];
  const rows = Math.max(1, Math.ceil(facets.length / Math.max(1, Math.floor(across / LEAST_PANEL))));
  const columns = Math.max(1, Math.ceil(facets.length / rows));
  const categories = categoriesOf(series);
  const names = [...new Set(series.flatMap(({ name }) => name ?? []))];
  const x = horizontal(marks, xAxis);
  checkHeights(marks, yAxis);
  const panelWidth = (across - GAP.across * (columns - 1)) / columns;
  const equal = options.equalScales
    ? equalScales(marks, { xAxis, yAxis }, { width: panelWidth, height: options.height ?? HIGHEST })
    : undefined;
  const height = equal?.height ?? options.height ?? (rows > 1 ? 180 : 280);
  const plot = rows * height + (rows - 1) * GAP.down;
  const xLabel = axisLabel(xAxis, marks[0]!.xLabel);
  const along = categories && categoryAxis(categories, panelWidth, xLabel);
  const data: Partial<PlotData>[] = [];
  const layout: Record<string, unknown> = {};
  const shapes: NonNullable<Layout['shapes']>[number][] = [];
  const annotations: NonNullable<Layout['annotations']>[number][] = [];
  const listed = new Set<string>();
  const panels = facets.length === 0 ? [undefined] : facets;
  panels.forEach((facet, panel) => {
    const [xref, yref] = [`x${panel + 1}`, `y${panel + 1}`];
    const [row, column] = [Math.floor(panel / columns), panel % columns];
    const whole = share(column, columns, GAP.across / across);
    const domain = {
      x: equal ? ([whole[0], whole[0] + equal.width / across] as const) : whole,
      y: share(rows - 1 - row, rows, GAP.down / plot),
    };
    const lowest = panel + columns >= panels.length;
    layout[`xaxis${panel + 1}`] = {
      ...(along ? along.axis : { type: xAxis.log ? 'log' : x.type }),
      ...x.ticks,
      ...(equal ? { range: equal.x } : rangeOf(xAxis)),
      domain: domain.x,
      anchor: yref,
      title: { text: lowest ? xLabel : '' },
      // With a range of its own, plotly.js would leave the heights of matching axes unset.
      ...(panel > 0 && xAxis.range === undefined && x.zero === undefined && !equal ? { matches: 'x' } : {}),
    };
    layout[`yaxis${panel + 1}`] = {
      type: yAxis.log ? 'log' : 'linear',
      ...(yAxis.log ? decadeTicks(series.flatMap(({ y }) => y)) : {}),
      ...(equal ? { range: equal.y } : rangeOf(yAxis)),
      ...(hasBars(marks) && yAxis.range === undefined ? { rangemode: 'tozero' } : {}),
      ...(hasSmallCounts(marks) && !yAxis.log ? { dtick: 1 } : {}),
      domain: domain.y,
      anchor: xref,
      title: { text: column === 0 ? `${axisLabel(yAxis, marks[0]!.yLabel)}${intervalOf(marks)}` : '' },
      showticklabels: column === 0,
      ...(panel > 0 ? { matches: 'y' } : {}),
      // For zooming.
      ...(equal && panels.length === 1 ? { scaleanchor: 'x', scaleratio: 1, constrain: 'domain' } : {}),
    };
    if (facet !== undefined) annotations.push(panelTitle(domain.x, domain.y[1], facet));
    if (x.zero) shapes.push(...breakMarks(x.zero, xref, yref));
    for (const mark of marks) {
      for (const own of mark.series.filter((each) => each.facet === undefined || each.facet === facet)) {
        const place = { xaxis: xref, yaxis: yref };
        const label = legendName(own.name ?? '', { ...options, left: LEFT, right });
        const first = names.length > 1 && label !== '' && !listed.has(label);
        const traces = tracesOf(
          mark,
          own,
          lookOf(own.name, names),
          { x: x.position, y: scaled(yAxis) },
          x.zero !== undefined,
        );
        traces.forEach((trace, i) => {
          const showlegend = first && i === traces.length - 1;
          data.push({ ...trace, ...place, name: label, legendgroup: label, showlegend });
        });
        listed.add(label);
      }
    }
  });
  return {
    marks,
    options,
    ...(options.caption === undefined ? {} : { caption: options.caption }),
    data,
    layout: {
      ...framed({
        ...options,
        // The units would differ in a wider cell.
        ...(equal ? { width: options.width ?? DEFAULT_SIZE.width } : {}),
        legend:
          names.length > 1 ? names.map((name) => legendName(name, { ...options, left: LEFT, right })) : [],
        labels: facets.length > 0 ? 1 : 0,
        plot,
        left: LEFT,
        right,
        ...(along ? { bottom: along.bottom } : {}),
      }),
      ...layout,
      ...(hasBars(marks)
        ? { barmode: marks.some(({ kind }) => kind === 'histogram') ? 'overlay' : 'group', bargap: 0.3 }
        : {}),
      ...(colourLabel === undefined
        ? {}
        : {
            coloraxis: {
              colorscale: 'Viridis',
              colorbar: {
                // Beside the last panel, which equal scales may end before the edge.
                x: 1 + COLOUR_BAR_GAP - (equal ? (panelWidth - equal.width) / across : 0),
                // An empty line keeps the title off the label of the uppermost tick.
                title: { text: `${colourLabel}<br>\u200b`, font: { size: FONT_SIZES.text } },
                thickness: 14,
              },
            },
          }),
      shapes,
      annotations,
    } as Partial<Layout>,
  };
}

/** The highest count for which plotly.js would place ticks between whole numbers. */
const SMALL_COUNT = 5;

function hasSmallCounts(marks: readonly Mark[]): boolean {
  const counts = marks.flatMap(({ series }) => series.flatMap(({ y }) => y));
  return (
    marks.every(({ kind, yLabel }) => kind === 'histogram' && yLabel === COUNT) &&
    counts.every((count) => count <= SMALL_COUNT)
  );
}

function hasBars(marks: readonly Mark[]): boolean {
  return marks.some(({ kind }) => kind === 'bar' || kind === 'histogram');
}
