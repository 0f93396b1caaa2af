/** The marks of a plot: curves, points, bars and histograms as plain data, before they get colours and axes. */
import { bin, extent } from 'd3-array';
import { ANYTHING, FLAG, type Kinds, NUMBER, TEXT } from '../../given';
import { counted, formatSetting } from '../../number-format';
import {
  type Channel,
  type Column,
  type Columns,
  columnsOf,
  numbersOf,
  type PlotInput,
  shown,
  type Value,
} from './channels';

/** A position on an axis: a number, the name of a category, or a date. */
export type Place = number | string;

/** One series of a mark in one panel. */
export interface Series {
  /** Name in the legend; a plot of one series needs none. */
  readonly name?: string;
  /** Title of its panel; a series without one is drawn in every panel. */
  readonly facet?: string;
  readonly x: readonly Place[];
  /** NaN is a gap. */
  readonly y: readonly number[];
  readonly lower?: readonly number[];
  readonly upper?: readonly number[];
  /** Numbers that colour the points. */
  readonly colour?: readonly number[];
  /** Widths of the bars of a histogram, in x. */
  readonly widths?: readonly number[];
}

/** All series of one call, for example of `plot.line`. */
export interface Mark {
  readonly kind: 'line' | 'scatter' | 'bar' | 'histogram';
  readonly series: readonly Series[];
  readonly xLabel: string;
  readonly yLabel: string;
  /** The meaning of its bands or error bars. */
  readonly interval?: string;
  readonly colourLabel?: string;
}

/** The channels of every kind of plot: which column goes where. */
export interface CommonChannels<Data> {
  /** One series for each value, with a colour and a name in the legend. */
  readonly by?: Channel<Data>;
  /** One panel for each value, on shared axes. */
  readonly facet?: Channel<Data>;
  /** Name in the legend, if `by` gives none. */
  readonly name?: string;
}

/** The channels of curves, points and bars. */
export interface XyChannels<Data> extends CommonChannels<Data> {
  /** Horizontal position. @default the column `x`, or else the number of the row */
  readonly x?: Channel<Data>;
  /** Height. @default the column `y`, or the numbers themselves */
  readonly y?: Channel<Data>;
  /** Ends of an interval around y: a band around a line, a bar at a point. */
  readonly lower?: Channel<Data>;
  readonly upper?: Channel<Data>;
  /** The meaning of the interval, such as `95 % interval`, for the title of the axis. @default the names of its columns */
  readonly interval?: string;
}

/** The channels of points. */
export interface ScatterChannels<Data> extends XyChannels<Data> {
  /** Numbers that colour the points; a colour bar explains them. */
  readonly colour?: Channel<Data>;
}

/** The channels of a histogram. */
export interface HistogramChannels<Data> extends CommonChannels<Data> {
  /** The values that are counted. @default the column `x`, or the numbers themselves */
  readonly x?: Channel<Data>;
  /** The approximate number of bins; their ends are round numbers. @default by Sturges' rule, and at least 5 */
  readonly bins?: number;
  /** Draws shares in per cent instead of counts, so that samples of different sizes can be compared. @default false */
  readonly share?: boolean;
  /** Makes the x axis logarithmic, with bins that are equally wide on it. @default false */
  readonly log?: boolean;
}

const COMMON_KINDS = { by: ANYTHING, facet: ANYTHING, name: TEXT } as const;

/** What curves and bars can be told. */
export const XY_KINDS: Kinds<XyChannels<unknown>> = {
  ...COMMON_KINDS,
  x: ANYTHING,
  y: ANYTHING,
  lower: ANYTHING,
  upper: ANYTHING,
  interval: TEXT,
};
/** What points can be told. */
export const SCATTER_KINDS: Kinds<ScatterChannels<unknown>> = { ...XY_KINDS, colour: ANYTHING };
/** What a histogram can be told. */
export const HISTOGRAM_KINDS: Kinds<HistogramChannels<unknown>> = {
  ...COMMON_KINDS,
  x: ANYTHING,
  bins: NUMBER,
  share: FLAG,
  log: FLAG,
};

/** Curves, points or bars. */
export function xyMark<Data extends PlotInput>(
  kind: 'line' | 'scatter' | 'bar',
  data: Data,
  channels: ScatterChannels<Data>,
): Mark {
  const mark = `plot.${kind}`;
  const columns = columnsOf(mark, data);
  const y = read(mark, columns, 'y', channels.y);
  const heights = numbersOf(mark, 'y', y);
  const x =
    channels.x === undefined && !columns.names.includes('x')
      ? rowNumbers(heights.length)
      : read(mark, columns, 'x', channels.x);
  sameLength(mark, ['x', x.values], ['y', heights]);
  const places = placesOf(mark, x);
  const [lower, upper] = (['lower', 'upper'] as const).map((role) =>
    channels[role] === undefined ? undefined : columns.read(role, channels[role]),
  );
  if ((lower === undefined) !== (upper === undefined))
    throw new RangeError(`${mark}: an interval has two ends: give ${lower ? 'upper' : 'lower'} as well`);
  if (lower === undefined && channels.interval !== undefined)
    throw new RangeError(
      `${mark}: interval says what the bars and bands mean, and there are none: name their columns, such as lower: 'lower', upper: 'upper'`,
    );
  const ends = lower && upper && [numbersOf(mark, 'lower', lower), numbersOf(mark, 'upper', upper)];
  const colour = channels.colour === undefined ? undefined : columns.read('colour', channels.colour);
  const colours = colour && numbersOf(mark, 'colour', colour);
  const series = groups(columns, channels, heights.length).map(({ rows, ...names }): Series => {
    const own = (values: readonly number[]): number[] => rows.map((row) => values[row]!);
    return {
      ...names,
      x: rows.map((row) => places[row]!),
      y: own(heights),
      ...(ends ? { lower: own(ends[0]!), upper: own(ends[1]!) } : {}),
      ...(colours ? { colour: own(colours) } : {}),
    };
  });
  const interval = channels.interval ?? (lower && upper ? `${lower.label} to ${upper.label}` : undefined);
  return {
    kind,
    series,
    xLabel: x.label,
    yLabel: y.label,
    ...(ends && interval !== undefined ? { interval } : {}),
    ...(colour ? { colourLabel: colour.label } : {}),
  };
}

/** The name of the axis of counts. */
export const COUNT = 'count';

/** Counts in bins that all series share. */
export function histogramMark<Data extends PlotInput>(data: Data, channels: HistogramChannels<Data>): Mark {
  const mark = 'plot.histogram';
  const { log = false, share = false } = channels;
  const columns = columnsOf(mark, data);
  const counted = read(mark, columns, 'x', channels.x);
  const values = numbersOf(mark, 'x', counted);
  const wrong = log ? values.findIndex((value) => value <= 0) : -1;
  if (wrong >= 0)
    throw new RangeError(
      `${mark}: x[${wrong}] is ${values[wrong]}, which a log axis cannot show: leave it out, or set log: false`,
    );
  const count = channels.bins ?? Math.max(5, Math.ceil(Math.log2(values.length) + 1));
  if (!(Number.isInteger(count) && count > 0))
    throw new RangeError(`${mark}: bins is ${shownNumber(count)}: it must be a whole number of at least 1`);
  const scaled = (value: number): number => (log ? Math.log10(value) : value);
  const finite = values.filter(Number.isFinite).map(scaled);
  const [low, high] = extent(finite) as [number, number];
  // A single value gets a bin around it; otherwise the last bin of d3 ends above the greatest value.
  const bins = low < high ? bin().thresholds(count)(finite) : [{ x0: low - 0.5, x1: low + 0.5 }];
  const ends = [bins[0]!.x0!, ...bins.map(({ x1 }) => x1!)];
  const back = (end: number): number => (log ? 10 ** end : end);
  const series = groups(columns, channels, values.length).map(({ rows, ...names }): Series => {
    const own = rows
      .map((row) => values[row]!)
      .filter(Number.isFinite)
      .map(scaled);
    const counts = ends
      .slice(1)
      .map((end, i) => own.filter((value) => value >= ends[i]! && value < end).length);
    return {
      ...names,
      x: counts.map((_, i) => (back(ends[i]!) + back(ends[i + 1]!)) / 2),
      y: share ? counts.map((number) => (100 * number) / own.length) : counts,
      widths: counts.map((_, i) => back(ends[i + 1]!) - back(ends[i]!)),
    };
  });
  return { kind: 'histogram', series, xLabel: counted.label, yLabel: share ? 'share (%)' : COUNT };
}

function shownNumber(value: number): string {
  return Number.isNaN(value) ? 'NaN' : String(value);
}

/** A required channel: by default the column of its own name, or the numbers themselves. */
function read(mark: string, columns: Columns, role: 'x' | 'y', channel: unknown): Column {
  if (channel !== undefined) return columns.read(role, channel);
  if (columns.names.includes(role)) return columns.read(role, role);
  if (columns.names.length > 0)
    throw new RangeError(
      `${mark}: say which column is ${role}, as { ${role}: '${columns.names[0]}' }: there are ${columns.names.join(', ')}`,
    );
  if (columns.length === 0) throw new RangeError(`${mark}: the data are empty`);
  return { ...columns.read(role, (value: number) => value), label: 'value' };
}

function rowNumbers(length: number): Column {
  return { label: 'number', values: Array.from({ length }, (_, i) => i) };
}

/** A date in a file, such as 2024-01-31 or 2024-01-31 18:30. */
const WRITTEN_DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)Z?)?$/;

/** The date that a text tells, without a change of time zones; undefined for other texts. */
function writtenDate(text: string): string | undefined {
  const [, day, time] = WRITTEN_DATE.exec(text) ?? [];
  const date = new Date(`${day}T${time ?? '00:00'}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Positions that are all numbers, all categories or all dates. */
function placesOf(mark: string, { values }: Column): Place[] {
  const numeric = values.every((value) => value === null || value === undefined || typeof value === 'number');
  if (numeric) return numbersOf(mark, 'x', { label: 'x', values });
  const isOdd = (value: Value): boolean => typeof value === 'number' || value === null || value === undefined;
  const odd = values.findIndex(isOdd);
  const named = values.findIndex((value) => !isOdd(value));
  if (odd >= 0)
    throw new TypeError(
      `${mark}: x[${odd}] is ${String(values[odd])}, but x[${named}] is ${shown(values[named])}: give values of one kind`,
    );
  const dates = values.map((value) =>
    value instanceof Date ? value.toISOString() : writtenDate(String(value)),
  );
  return dates.every((date) => date !== undefined) ? dates : values.map(String);
}

function sameLength(mark: string, ...columns: readonly (readonly [string, readonly unknown[]])[]): void {
  const [[first, values], ...others] = columns as [readonly [string, readonly unknown[]]];
  for (const [name, own] of others as unknown as typeof columns)
    if (own.length !== values.length)
      throw new RangeError(
        `${mark}: ${first} has ${counted(values.length, 'value')}, and ${name} has ${own.length}`,
      );
}

/** The rows of each series in each panel: numbers in rising order, names in the order of the data. */
function groups<Data>(
  columns: Columns,
  { by, facet, name }: CommonChannels<Data>,
  length: number,
): { name?: string; facet?: string; rows: number[] }[] {
  const names = by === undefined ? undefined : columns.read('by', by);
  const facets = facet === undefined ? undefined : columns.read('facet', facet);
  const found = new Map<string, { name?: string; facet?: string; rows: number[] }>();
  for (const row of rising(
    Array.from({ length }, (_, i) => i),
    facets,
    names,
  )) {
    const own = names ? called(names, 'by', row) : name;
    const panel = facets && called(facets, 'facet', row);
    const key = JSON.stringify([own, panel]);
    const group = found.get(key) ?? {
      ...(own === undefined ? {} : { name: own }),
      ...(panel === undefined ? {} : { facet: panel }),
      rows: [],
    };
    group.rows.push(row);
    found.set(key, group);
  }
  return [...found.values()];
}

/** A name as it is, or a number after the name of its column, as in `seed 0`. */
function called({ label, values }: Column, role: string, row: number): string {
  const value = values[row];
  if (value === null || value === undefined || Number.isNaN(value)) return 'missing';
  if (typeof value !== 'number') return String(value);
  return label === role ? formatSetting(value) : `${label} ${formatSetting(value)}`;
}

/** Rows sorted by each column of numbers; rows with equal values keep their order. */
function rising(rows: number[], ...columns: readonly (Column | undefined)[]): number[] {
  const numeric = columns.filter((column) => column?.values.every((value) => typeof value === 'number'));
  return rows.sort((a, b) => {
    for (const column of numeric) {
      const apart = (column!.values[a] as number) - (column!.values[b] as number);
      if (apart !== 0) return apart;
    }
    return a - b;
  });
}
