/** The figures of a report on a dimension. */
import type { PlotData } from 'plotly.js';
import type { Interval } from '../intrinsic-dimension/intervals';
import type { IdReport } from '../intrinsic-dimension/report/report';
import { errorBars, scaleFigure } from './estimator';
import type { Figure } from './figure';
import { COLOURS, GREY } from './style';

/** Ticks of a logarithmic axis of dimensions. */
const LOG_TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** A value with its interval, in a row of its own. */
interface Line {
  readonly name: string;
  readonly value: number;
  readonly interval: Pick<Interval, 'lower' | 'upper'>;
}

/** The figures of a report, as far as its points allow: `for (const figure of figures.report(report)) await show(figure)`. */
export function reportFigures(report: IdReport): Figure[] {
  return [estimatesFigure, calibrationFigure, scalesFigure, pointsFigure, localFigure, nullsFigure]
    .map((draw) => draw(report))
    .filter((figure) => figure !== undefined);
}

/** Several estimators side by side, and the corrected value. */
function estimatesFigure({ estimates, corrected, level }: IdReport): Figure | undefined {
  const known = estimates.flatMap((row) => (row.value === null ? [] : [{ ...row, value: row.value }]));
  if (known.length === 0) return undefined;
  const calibrated =
    'reason' in corrected
      ? []
      : [{ name: 'corrected', value: corrected.value, interval: corrected.interval }];
  return {
    caption:
      'The dimension of the same points by several estimators. Their intervals do not include bias; that of the corrected value does.',
    data: [
      intervals('as estimated', known, COLOURS.blue, 'circle'),
      ...(calibrated.length > 0
        ? [intervals('corrected, bias included', calibrated, COLOURS.vermillion, 'diamond')]
        : []),
    ],
    layout: rowsLayout('Estimators side by side', [...known, ...calibrated], level),
  };
}

/** The dimension of each known surface on which the estimator gives the value. */
function calibrationFigure({ corrected, estimate, level }: IdReport): Figure | undefined {
  if ('reason' in corrected || estimate.value === null) return undefined;
  const lines = corrected.readings.map((reading) => ({
    name: reading.family,
    value: reading.dimension,
    interval: reading,
    agrees: reading.agrees,
  }));
  const layout = rowsLayout(
    `Dimension of known surfaces with the value ${estimate.value.toFixed(2)}`,
    lines,
    level,
  );
  const some = (agrees: boolean): typeof lines => lines.filter((line) => line.agrees === agrees);
  return {
    caption:
      'The dimension in which each known surface gives the same value with as many points. The band is the interval of the corrected value, over the surfaces whose scale curve agrees with that of the points, and no fewer than four.',
    data: [
      ...(some(true).length > 0 ? [intervals('scale curve agrees', some(true), COLOURS.blue, 'circle')] : []),
      ...(some(false).length > 0 ? [intervals('scale curve differs', some(false), GREY, 'circle-open')] : []),
      across('estimate', estimate.value, lines, GREY, 'dash'),
    ],
    layout: { ...layout, shapes: [band(corrected.interval, COLOURS.vermillion)] },
  };
}

function scalesFigure({ scale }: IdReport): Figure | undefined {
  if ('reason' in scale || scale.curve.length < 2) return undefined;
  const caption =
    'The dimension by GRIDE from neighbours n and 2n, over the median distance to the farther one: noise shows at small distances, ' +
    'curvature and borders at large ones.';
  const figure = scaleFigure(scale, { title: 'The dimension at every scale' });
  const xaxis = {
    ...figure.layout?.xaxis,
    title: { text: 'median distance to the farther neighbour (log scale)' },
  };
  return { ...figure, caption, layout: { ...figure.layout, xaxis } };
}

/** The value against the number of points. */
function pointsFigure({ decimation, estimator, level }: IdReport): Figure | undefined {
  if ('reason' in decimation || decimation.curve.length < 2) return undefined;
  const { curve } = decimation;
  return {
    caption:
      'The estimate on all points, and its mean over halves, quarters and so on. A value that still rises is biased by too few points.',
    data: [
      {
        type: 'scatter',
        mode: 'lines+markers',
        x: curve.map(({ size }) => size),
        y: curve.map(({ value }) => value),
        error_y: errorBars(curve),
        line: { color: COLOURS.blue, width: 2 },
        marker: { color: COLOURS.blue, size: 8 },
      },
    ],
    layout: {
      title: { text: `${estimator} with fewer points` },
      xaxis: {
        title: { text: 'points in each part' },
        type: 'log',
        tickvals: curve.map(({ size }) => size),
        ticktext: curve.map(({ size }) => size.toLocaleString('en')),
      },
      yaxis: { title: { text: intervalTitle(level) }, rangemode: 'tozero' },
      margin: { l: 56, r: 20, t: 56, b: 56 },
      height: 320,
    },
  };
}

/** How the dimension varies from point to point. */
function localFigure({ local }: IdReport): Figure | undefined {
  if ('reason' in local) return undefined;
  const { edges, counts, median, quartiles, neighbours, expected } = local;
  const middles = counts.map((_, b) => (edges[b]! + edges[b + 1]!) / 2);
  const top = Math.max(...counts);
  return {
    caption:
      `The dimension at each point: the median is ${median.toFixed(2)}, and half of the points lie between ${quartiles[0].toFixed(2)} and ${quartiles[1].toFixed(2)} ` +
      `(${expected[0].toFixed(2)} and ${expected[1].toFixed(2)} if the dimension is the same everywhere, the band). ` +
      'A histogram much wider than the band says that the dimension differs from place to place.',
    data: [
      {
        type: 'bar',
        name: 'points',
        x: middles,
        y: [...counts],
        width: edges[1]! - edges[0]!,
        marker: { color: COLOURS.blue, opacity: 0.8 },
      },
      {
        type: 'scatter',
        mode: 'lines',
        name: `median ${median.toFixed(2)}`,
        x: [median, median],
        y: [0, top],
        line: { color: COLOURS.vermillion, width: 2 },
      },
    ],
    layout: {
      title: { text: `Dimension at each point, from ${neighbours} neighbours` },
      xaxis: { title: { text: 'ID at a point (band: the middle half if it is the same everywhere)' } },
      yaxis: { title: { text: 'points' }, rangemode: 'tozero' },
      shapes: [band({ lower: expected[0], upper: expected[1] }, GREY)],
      bargap: 0.05,
      height: 320,
    },
  };
}

/** The points beside null models, each of which shares one property with them and nothing else. */
function nullsFigure({ nulls, level }: IdReport): Figure | undefined {
  if ('reason' in nulls || nulls.models.length === 0) return undefined;
  const scales = nulls.models[0]!.scales.map(({ estimator }) => estimator);
  const colours = [COLOURS.blue, COLOURS.vermillion];
  const rows = scales.map((name, s) => ({
    name,
    lines: [
      { name: 'the points', ...nulls.models[0]!.scales[s]!.data },
      ...nulls.models.map((model) => ({
        name: model.told ? model.name : `${model.name} (not told apart)`,
        ...model.scales[s]!.model,
      })),
    ],
  }));
  const ends = rows.flatMap(({ lines }) => lines.map(({ value }) => value));
  const layout = rowsLayout('Null models of the same points', rows[0]!.lines, level);
  // Shuffled columns may have a dimension many times as high.
  const far = Math.max(...ends) > 4 * Math.min(...ends);
  return {
    caption:
      'The estimate, and GRIDE at a wider scale, on the points and on sets that have one property of them and nothing else.',
    data: rows.map(({ name, lines }, s) =>
      intervals(name, lines, colours[s]!, s === 0 ? 'circle' : 'diamond'),
    ),
    layout: far
      ? {
          ...layout,
          xaxis: { ...layout.xaxis, type: 'log', tickvals: LOG_TICKS, ticktext: LOG_TICKS.map(String) },
        }
      : layout,
  };
}

function intervals(
  name: string,
  lines: readonly Line[],
  color: string,
  symbol: 'circle' | 'circle-open' | 'diamond',
): Partial<PlotData> {
  const { array, arrayminus, ...bars } = errorBars(
    lines.map(({ value, interval }) => ({ value, interval: { ...interval, level: 0 } })),
  ) as Record<string, unknown>;
  return {
    type: 'scatter',
    mode: 'markers',
    name,
    x: lines.map(({ value }) => value),
    y: lines.map((line) => line.name),
    error_x: { ...bars, array, arrayminus, color } as PlotData['error_x'],
    marker: { color, symbol, size: 9 },
  };
}

function across(
  name: string,
  value: number,
  lines: readonly Line[],
  color: string,
  dash: 'dash',
): Partial<PlotData> {
  return {
    type: 'scatter',
    mode: 'lines',
    name: `${name} ${value.toFixed(2)}`,
    x: [value, value],
    y: [lines[0]!.name, lines.at(-1)!.name],
    line: { color, dash, width: 1.5 },
  };
}

function band(
  { lower, upper }: Pick<Interval, 'lower' | 'upper'>,
  color: string,
): NonNullable<NonNullable<Figure['layout']>['shapes']>[number] {
  return {
    type: 'rect',
    xref: 'x',
    yref: 'paper',
    x0: lower,
    x1: upper,
    y0: 0,
    y1: 1,
    fillcolor: color,
    opacity: 0.15,
    line: { width: 0 },
    layer: 'below',
  };
}

/** The layout of rows, one for each name, with the first on top. */
function rowsLayout(title: string, lines: readonly Line[], level: number): NonNullable<Figure['layout']> {
  const longest = Math.max(...lines.map(({ name }) => name.length));
  return {
    title: { text: title },
    xaxis: { title: { text: intervalTitle(level) }, rangemode: 'tozero' },
    yaxis: {
      type: 'category',
      categoryarray: lines.map(({ name }) => name).reverse(),
      categoryorder: 'array',
    },
    margin: { l: 24 + 7.2 * longest, r: 20, t: 84, b: 56 },
    height: 160 + 26 * lines.length,
  };
}

function intervalTitle(level: number): string {
  return `ID (${Number((100 * level).toPrecision(6))} % interval)`;
}
