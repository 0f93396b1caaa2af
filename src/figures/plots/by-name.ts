/** Plots of a user's own data by short names: `plot.line(rows, { x: 'step', y: 'loss' })`. */
import { assertGiven } from '../../given';
import type { PlotInput } from './channels';
import { composed, PLOT_KINDS, type Plot, type PlotOptions } from './compose';
import {
  HISTOGRAM_KINDS,
  type HistogramChannels,
  histogramMark,
  SCATTER_KINDS,
  type ScatterChannels,
  XY_KINDS,
  type XyChannels,
  xyMark,
} from './marks';

export type { AxisOptions } from './axes';
export type { PlotInput } from './channels';
export type { Plot, PlotOptions } from './compose';

/**
 * Curves, with a band if an interval is given.
 *
 * @param data numbers, records, columns by name, or a DataFrame
 * @param options which column goes where, and how the axes are drawn
 * @throws RangeError for unknown options, for missing columns, for columns of different lengths, and for values that an axis
 * cannot show; TypeError for values that are not numbers
 * @example plot.line(rows, { x: 'step', y: 'loss', by: 'split', xAxis: { log: true } })
 */
export function line<const Data extends PlotInput>(
  data: Data,
  options: XyChannels<Data> & PlotOptions = {},
): Plot {
  assertGiven('plot.line', options, { ...XY_KINDS, ...PLOT_KINDS });
  return composed([xyMark('line', data, options)], plotOptions(options));
}

/**
 * Points, with error bars if an interval is given; `colour` colours them by a number. See {@link line} for data and errors.
 *
 * @example plot.scatter({ x, y, height }, { colour: 'height', equalScales: true })
 */
export function scatter<const Data extends PlotInput>(
  data: Data,
  options: ScatterChannels<Data> & PlotOptions = {},
): Plot {
  assertGiven('plot.scatter', options, { ...SCATTER_KINDS, ...PLOT_KINDS });
  return composed([xyMark('scatter', data, options)], plotOptions(options));
}

/**
 * Bars from zero; those of several series stand side by side. See {@link line} for data and errors.
 *
 * @example plot.bar({ layer: ['conv1', 'conv2'], ID: [8.1, 12.3] }, { x: 'layer', y: 'ID' })
 */
export function bar<const Data extends PlotInput>(
  data: Data,
  options: XyChannels<Data> & PlotOptions = {},
): Plot {
  assertGiven('plot.bar', options, { ...XY_KINDS, ...PLOT_KINDS });
  return composed([xyMark('bar', data, options)], plotOptions(options));
}

/**
 * Counts of values in bins that all series share. See {@link line} for data and errors.
 *
 * @example plot.histogram(values, { bins: 20 })
 */
export function histogram<const Data extends PlotInput>(
  data: Data,
  options: HistogramChannels<Data> & PlotOptions = {},
): Plot {
  assertGiven('plot.histogram', options, { ...HISTOGRAM_KINDS, ...PLOT_KINDS });
  const { log = false, xAxis } = options;
  return composed([histogramMark(data, options)], {
    ...plotOptions(options),
    ...(log ? { xAxis: { ...xAxis, log } } : {}),
  });
}

/**
 * Several plots on the same axes, with one legend: the same name has the same colour. A plot without panels is drawn in
 * every panel of the others.
 *
 * @param plots in the order in which they are drawn
 * @param options take precedence over those of the plots; among the plots, later ones take precedence over earlier ones
 * @throws RangeError if there are no plots
 * @example plot.overlay([plot.scatter(runs, { x: 'step', y: 'loss' }), plot.line(means, { x: 'step', y: 'loss' })])
 */
export function overlay(plots: readonly Plot[], options: PlotOptions = {}): Plot {
  assertGiven('plot.overlay', options, PLOT_KINDS);
  if (plots.length === 0) throw new RangeError('plot.overlay: there are no plots to lay over each other');
  const all = [...plots.map((each) => each.options), options];
  const merged: PlotOptions = Object.assign({}, ...all, {
    xAxis: Object.assign({}, ...all.map(({ xAxis }) => xAxis)),
    yAxis: Object.assign({}, ...all.map(({ yAxis }) => yAxis)),
  });
  return composed(
    plots.flatMap(({ marks }) => marks),
    merged,
  );
}

/** The options that belong to the whole plot. */
function plotOptions(options: PlotOptions): PlotOptions {
  const { title, width, xAxis, yAxis, height, equalScales, caption } = options;
  const given = { title, width, xAxis, yAxis, height, equalScales, caption };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as PlotOptions;
}
