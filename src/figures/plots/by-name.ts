/** Plots of one's own data by short names: `plot.line(rows, { x: 'step', y: 'loss' })`. */
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
 * Curves, with bands where an interval is given.
 *
 * @param data numbers, records, columns by name, or a DataFrame
 * @param options which column goes where, and how the axes are drawn
 * @throws RangeError for options that are not read, for columns that the data lack, for lengths that differ, and for what an axis has no place for;
 * TypeError for values that are no numbers
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
 * Points, with bars where an interval is given; `colour` colours them by numbers. See {@link line} for data and errors.
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
 * Bars from zero, side by side where there are several series. See {@link line} for data and errors.
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
 * How often values fall into bins, which all series share. See {@link line} for data and errors.
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
 * Several plots on the same axes, in one legend: the same name has the same colour. A plot without panels stands in every
 * panel of the others.
 *
 * @param plots in the order in which they are drawn
 * @param options those of the plots count where none is given here, later ones before earlier ones
 * @throws RangeError for no plots
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

/** Those options that belong to the whole plot. */
function plotOptions(options: PlotOptions): PlotOptions {
  const { title, width, xAxis, yAxis, height, equalScales, caption } = options;
  const given = { title, width, xAxis, yAxis, height, equalScales, caption };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as PlotOptions;
}
