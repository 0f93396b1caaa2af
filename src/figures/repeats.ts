/** Figures of an estimate that is repeated on samples of one manifold: are its standard errors and intervals right? */
import type { PlotData } from 'plotly.js';
import { assertGiven, NUMBER } from '../given';
import type { IdEstimate } from '../intrinsic-dimension/intrinsic-dimension';
import { errorBars } from './estimator';
import type { Figure } from './figure';
import { FRAME_KINDS, type FrameOptions, framed } from './frame';
import { COLOURS, GREY, ON_BAR } from './style';

/**
 * Estimates on repeated samples with their intervals, sorted by value, which show how many intervals hold the truth.
 *
 * @param repeated estimates on samples of one distribution
 */
export function repeatsFigure(
  repeated: readonly IdEstimate[],
  options: FrameOptions & { readonly truth: number },
): Figure {
  assertGiven('figures.repeats', options, { ...FRAME_KINDS, truth: NUMBER });
  if (repeated.length < 2)
    throw new Error(`figures.repeats needs at least 2 estimates, got ${repeated.length}`);
  const { truth } = options;
  const sorted = [...repeated].sort((a, b) => a.value - b.value);
  const holds = ({ interval }: IdEstimate): boolean => interval.lower < truth && truth < interval.upper;
  const series = (name: string, held: boolean, color: string, symbol: string): Partial<PlotData> => {
    const chosen = sorted.flatMap((estimate, i) => (holds(estimate) === held ? [{ estimate, i }] : []));
    return {
      type: 'scatter',
      mode: 'markers',
      name: `${name} (${chosen.length})`,
      x: chosen.map(({ i }) => i + 1),
      y: chosen.map(({ estimate }) => estimate.value),
      error_y: { ...errorBars(chosen.map(({ estimate }) => estimate)), color } as PlotData['error_y'],
      marker: { color, symbol, size: 7 },
    };
  };
  const data: Partial<PlotData>[] = [
    series('interval holds the truth', true, COLOURS.blue, 'circle'),
    series('misses it', false, COLOURS.vermillion, 'diamond'),
    {
      type: 'scatter',
      mode: 'lines',
      name: `truth: ${truth}`,
      x: [0.5, sorted.length + 0.5],
      y: [truth, truth],
      line: { color: GREY, dash: 'dash', width: 1.5 },
    },
  ];
  const level = `${100 * sorted[0]!.interval.level} % interval`;
  return {
    caption: `Estimates on ${sorted.length} samples of one distribution, sorted; the bars are ${level}s.`,
    data,
    layout: {
      ...framed({
        title: 'The same measurement, repeated on new samples',
        ...options,
        legend: data.map(({ name }) => name!),
        plot: 280,
      }),
      xaxis: { title: { text: 'sample, sorted by estimate' } },
      yaxis: { title: { text: `ID (bars: ${level})` } },
    },
  };
}

/**
 * The standard error that each kind of interval claims on average, beside the true spread of repeated estimates.
 *
 * @param repeated the estimates on the same samples, by kind of interval
 */
export function claimsFigure(
  repeated: Readonly<Record<string, readonly IdEstimate[]>>,
  options: FrameOptions & { readonly truth: number },
): Figure {
  assertGiven('figures.claims', options, { ...FRAME_KINDS, truth: NUMBER });
  const kinds = Object.keys(repeated);
  const values = Object.values(repeated)[0]?.map(({ value }) => value) ?? [];
  if (values.length < 2) throw new Error(`figures.claims needs at least 2 estimates, got ${values.length}`);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  const claimed = Object.values(repeated).map(
    (estimates) => estimates.reduce((sum, { standardError }) => sum + standardError, 0) / estimates.length,
  );
  const held = Object.values(repeated).map(
    (estimates) =>
      estimates.filter(({ interval: { lower, upper } }) => lower < options.truth && options.truth < upper)
        .length / estimates.length,
  );
  const data: Partial<PlotData>[] = [
    {
      type: 'bar',
      name: 'claimed standard error',
      x: kinds,
      y: claimed,
      width: 0.5,
      text: held.map((share) => `${Math.round(100 * share)} % hold<br>the truth`),
      textposition: 'inside',
      insidetextanchor: 'middle',
      textangle: 0,
      marker: { color: COLOURS.blue },
      insidetextfont: { color: ON_BAR },
    } as Partial<PlotData>,
    {
      type: 'scatter',
      mode: 'lines',
      name: `true spread over ${values.length} samples`,
      x: kinds,
      y: kinds.map(() => spread),
      line: { color: COLOURS.vermillion, dash: 'dash', width: 2 },
    },
  ];
  return {
    caption:
      `The standard error that each kind of interval claims, averaged over ${values.length} samples, beside the standard deviation ` +
      `of the estimates, and the share of the ${100 * Object.values(repeated)[0]![0]!.interval.level} % intervals that hold the truth.`,
    data,
    layout: {
      ...framed({
        title: 'Claimed against true spread',
        ...options,
        legend: data.map(({ name }) => name!),
        plot: 280,
        left: 72,
      }),
      xaxis: { title: { text: 'interval' }, type: 'category' },
      yaxis: { title: { text: 'standard error of the ID' }, rangemode: 'tozero' },
    },
  };
}
