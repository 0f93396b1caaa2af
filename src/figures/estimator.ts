/** Figures of an estimator at work: the line that TwoNN fits, and estimates beside the truth. */
import type { PlotData } from 'plotly.js';
import { assertGiven, NUMBER } from '../given';
import type { IdEstimate } from '../intrinsic-dimension/intrinsic-dimension';
import type { ScaleCurve } from '../intrinsic-dimension/scale';
import type { Figure } from './figure';
import { FRAME_KINDS, type FrameOptions, framed } from './frame';
import { COLOURS, DEFAULT_SIZE, FONT_SIZES, GREY, SYMBOLS } from './style';
import { onLogAxis, tickArrays, withRoom } from './ticks';

/** The most markers in a scatter plot; more would only make the file larger. */
const MARKERS = 400;

/**
 * TwoNN's fit: -log(1 - F) against log(mu), mu = r2 / r1 being the ratio of each point's two nearest distances. The
 * points lie on a line through the origin whose slope is the dimension.
 *
 * @param estimate made with the option `fit: true`
 * @param options.truth the known dimension, drawn as a second line
 */
export function twoNnFigure(
  estimate: IdEstimate,
  options: FrameOptions & { readonly truth?: number } = {},
): Figure {
  assertGiven('figures.twoNn', options, { ...FRAME_KINDS, truth: NUMBER });
  const { fit } = estimate;
  if (!fit)
    throw new Error(
      'this estimate has no fit to draw: ask for one with intrinsicDimension(points, { fit: true })',
    );
  const n = fit.x.length;
  // The last point has F = 1, whose logarithm is infinite.
  const heights = Float64Array.from({ length: n - 1 }, (_, i) => -Math.log(1 - (i + 1) / n));
  const shown = thinned(n - 1);
  const points = (
    name: string,
    wanted: (i: number) => boolean,
    color: string,
    symbol: string,
  ): Partial<PlotData> => {
    const chosen = shown.filter(wanted);
    return {
      type: 'scatter',
      mode: 'markers',
      name,
      x: chosen.map((i) => short(fit.x[i] as number)),
      y: chosen.map((i) => short(heights[i] as number)),
      marker: { color, symbol, size: 5, opacity: 0.7 },
    };
  };
  const end = fit.x[n - 2] as number;
  const top = heights[n - 2] as number;
  const line = (name: string, slope: number, color: string, dash: 'solid' | 'dash'): Partial<PlotData> => {
    const x = Math.min(end, top / slope);
    return {
      type: 'scatter',
      mode: 'lines',
      name,
      x: [0, x],
      y: [0, x * slope],
      line: { color, dash, width: 2 },
    };
  };
  const { value, interval } = estimate;
  const kept = `kept (${fit.kept.toLocaleString('en')} points)`;
  const discarded = `discarded (${(n - fit.kept).toLocaleString('en')})`;
  const data = [
    points(kept, (i) => i < fit.kept, COLOURS.blue, 'circle'),
    ...(fit.kept < n - 1 ? [points(discarded, (i) => i >= fit.kept, COLOURS.orange, 'x-thin-open')] : []),
    line(`fit: slope ${value.toFixed(2)}`, value, COLOURS.vermillion, 'solid'),
    ...(options.truth === undefined ? [] : [line(`truth: ${options.truth}`, options.truth, GREY, 'dash')]),
  ];
  const found =
    `ID ${value.toFixed(2)}, ${100 * interval.level} % interval ` +
    `${interval.lower.toFixed(2)} to ${interval.upper.toFixed(2)}`;
  return {
    caption:
      'TwoNN: μ is the ratio of the distances to the second and to the nearest neighbour of each point, F the share of points ' +
      `with a smaller ratio; the slope of the line through the origin is the dimension. ${found}; ${n.toLocaleString('en')} points, ` +
      `of which at most ${MARKERS} are drawn.`,
    data,
    layout: {
      ...framed({
        title: 'TwoNN',
        ...options,
        subtitle: [found],
        legend: data.map(({ name }) => name!),
        plot: 280,
      }),
      xaxis: { title: { text: 'log(μ), μ = r₂ / r₁' }, rangemode: 'tozero' },
      yaxis: { title: { text: '−log(1 − F)' }, rangemode: 'tozero' },
    },
  };
}

/** An estimate and the dimension that is known to be true. */
export interface KnownEstimate {
  readonly name: string;
  readonly truth: number;
  readonly estimate: IdEstimate;
}

/** Estimates with their intervals against the true dimensions; on the diagonal an estimate is right. */
export function truthFigure(known: readonly KnownEstimate[], options: FrameOptions = {}): Figure {
  assertGiven('figures.truth', options, FRAME_KINDS);
  if (known.length === 0) throw new Error('figures.truth needs at least one estimate, got none');
  const names = [...new Set(known.map(({ name }) => name))];
  const top =
    1.08 * Math.max(...known.map(({ truth, estimate }) => Math.max(truth, estimate.interval.upper)));
  const colours = Object.values(COLOURS);
  const series = names.map((name, i): Partial<PlotData> => {
    const members = known.filter((member) => member.name === name).sort((a, b) => a.truth - b.truth);
    return {
      type: 'scatter',
      mode: 'lines+markers',
      name,
      x: members.map(({ truth }) => truth),
      y: members.map(({ estimate }) => estimate.value),
      error_y: errorBars(members.map(({ estimate }) => estimate)),
      marker: {
        color: colours[i % colours.length] as string,
        symbol: SYMBOLS[i % SYMBOLS.length] as string,
        size: 8,
      },
      line: { color: colours[i % colours.length] as string, width: 1.5 },
    };
  });
  const level = `${100 * known[0]!.estimate.interval.level} % interval`;
  return {
    caption: `Estimated against true dimension; the bars are ${level}s, and on the dashed line an estimate is right.`,
    data: [
      {
        type: 'scatter',
        mode: 'lines',
        name: 'truth',
        x: [0, top],
        y: [0, top],
        line: { color: GREY, dash: 'dash', width: 1 },
      },
      ...series,
    ],
    layout: {
      ...framed({
        title: 'Estimated against true dimension',
        ...options,
        legend: ['truth', ...names],
        plot: 280,
      }),
      xaxis: { title: { text: 'true dimension' }, range: [0, top] },
      yaxis: { title: { text: `estimated ID (bars: ${level})` }, range: [0, top] },
    },
  };
}

/** The dimension against the distance at which it is measured, with intervals; a plateau is drawn as a line. */
export function scaleFigure({ curve, missing, plateau }: ScaleCurve, options: FrameOptions = {}): Figure {
  assertGiven('figures.scale', options, FRAME_KINDS);
  const tied = missing.map(({ n1, n2 }) => `${n1} and ${n2}`).join(', ');
  const run = plateau && curve.slice(plateau.from, plateau.to + 1);
  const data: Partial<PlotData>[] = [
    ...(run
      ? [
          {
            type: 'scatter' as const,
            mode: 'lines' as const,
            name: `plateau at ${plateau!.value.toFixed(2)}`,
            x: [run[0]!.scale, run.at(-1)!.scale],
            y: [plateau!.value, plateau!.value],
            line: { color: GREY, width: 6 },
            opacity: 0.5,
          },
        ]
      : []),
    {
      type: 'scatter',
      mode: 'lines+markers',
      name: 'GRIDE',
      x: curve.map(({ scale }) => scale),
      y: curve.map(({ value }) => value),
      error_y: errorBars(curve),
      text: curve.map(({ n1, n2 }) => `neighbours ${n1} and ${n2}`),
      line: { color: COLOURS.blue, width: 2 },
      marker: { color: COLOURS.blue, size: 8 },
    },
  ];
  const level = `${100 * (curve[0]?.interval.level ?? 0.95)} % interval`;
  const ticks = curve.map(({ scale }) => ({ value: scale, text: scale.toPrecision(2) }));
  const ends = [curve[0]?.scale ?? 1, curve.at(-1)?.scale ?? 1].map(Math.log10);
  const width = (options.width ?? DEFAULT_SIZE.width) - 80;
  // plotly.js leaves some room beside the first and the last mark.
  const labelled = withRoom(ticks, onLogAxis(ends, 0.85 * width), FONT_SIZES.text);
  return {
    caption:
      'The dimension by GRIDE from neighbours n and 2n, over the mean distance to the farther one: the larger n, the larger ' +
      `the scale. The bars are ${level}s.${tied === '' ? '' : ` Without the neighbours ${tied}, which are tied.`}`,
    data,
    layout: {
      ...framed({
        title: 'Intrinsic dimension at every scale',
        ...options,
        subtitle: tied === '' ? [] : [`without the neighbours ${tied}, which are tied`],
        legend: data.map(({ name }) => name!),
        plot: 280,
      }),
      xaxis: {
        title: { text: 'mean distance to the farther neighbour (log scale)' },
        type: 'log',
        tickangle: 0,
        ...tickArrays(labelled),
      },
      yaxis: { title: { text: `ID (bars: ${level})` }, rangemode: 'tozero' },
    },
  };
}

/** Bars from the lower to the upper end of each interval. */
export function errorBars(estimates: readonly Pick<IdEstimate, 'value' | 'interval'>[]): PlotData['error_y'] {
  return {
    type: 'data',
    symmetric: false,
    array: estimates.map(({ value, interval }) => interval.upper - value),
    arrayminus: estimates.map(({ value, interval }) => value - interval.lower),
    thickness: 1.5,
    width: 4,
  };
}

/** Indices of at most MARKERS of n points, evenly spread, and all of the last 40, since the tail has few points. */
function thinned(n: number): number[] {
  if (n <= MARKERS) return Array.from({ length: n }, (_, i) => i);
  const tail = 40;
  const body = MARKERS - tail;
  const spread = Array.from({ length: body }, (_, i) => Math.floor((i * (n - tail)) / body));
  return [...spread, ...Array.from({ length: tail }, (_, i) => n - tail + i)];
}

/** Four decimals are finer than a pixel, and keep the file small. */
function short(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
