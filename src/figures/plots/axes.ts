/** The axes of a plot: numbers, logarithms (with zero behind a break), per cent, names and dates. */
import { ANYTHING, FLAG, type Kinds, TEXT } from '../../given';
import { formatSetting } from '../../number-format';
import { percent } from '../run-axes';
import { type ZeroBreak, zeroBreak } from '../zero-break';
import type { Mark, Place, Series } from './marks';

/** How an axis is drawn. */
export interface AxisOptions {
  /** The title of the axis. @default the name of the column */
  readonly label?: string;
  /** Makes the axis logarithmic; zero on the x axis is drawn behind a break. @default false */
  readonly log?: boolean;
  /** Both ends of the axis, in the units of the data. @default around the data */
  readonly range?: readonly [number, number];
  /** Draws shares from 0 to 1 in per cent. @default false */
  readonly percent?: boolean;
}

export const AXIS_KINDS: Kinds<AxisOptions> = { label: TEXT, log: FLAG, range: ANYTHING, percent: FLAG };

export type Scaled = (value: number) => number;

/** All names on the x axis, in the order of the data; undefined if the axis has numbers or dates. */
export function categoriesOf(series: readonly Series[]): string[] | undefined {
  const places = series.flatMap(({ x }) => x);
  const names = places.filter((place): place is string => typeof place === 'string' && !DATE.test(place));
  return names.length === 0 ? undefined : [...new Set(names)];
}

/** A date as `toISOString` writes it. */
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface Horizontal {
  readonly type: 'linear' | 'date';
  readonly zero?: ZeroBreak;
  readonly ticks: object;
  position(place: Place): Place;
}

export function horizontal(marks: readonly Mark[], xAxis: AxisOptions): Horizontal {
  const y = scaled(xAxis);
  const places = marks.flatMap((mark) => mark.series.flatMap(({ x }) => x));
  const type = places.some((place) => typeof place === 'string' && DATE.test(place)) ? 'date' : 'linear';
  const plain = {
    type,
    ticks: {},
    position: (place: Place) => (typeof place === 'number' ? y(place) : place),
  } as const;
  if (!xAxis.log) return plain;
  checkLog(marks, 'x', (own) => own.x as readonly number[], true);
  const numbers = places.filter(
    (place): place is number => typeof place === 'number' && Number.isFinite(place),
  );
  const positive = numbers.filter((value) => value > 0).map(y);
  if (positive.length === numbers.length || positive.length === 0 || (xAxis.range?.[0] ?? 0) > 0)
    return { ...plain, ticks: decadeTicks(numbers) };
  const [least, greatest] = [Math.min(...positive), Math.max(...positive)];
  const zero = zeroBreak(least, greatest);
  const low = Math.ceil(Math.log10(least) - 1e-9);
  const powers = Array.from(
    { length: Math.floor(Math.log10(greatest) + 1e-9) - low + 1 },
    (_, i) => 10 ** (low + i),
  );
  const marked = powers.length > 0 ? powers : [least, greatest];
  return {
    type,
    zero,
    ticks: {
      tickvals: [zero.zero, ...marked],
      ticktext: [
        '0',
        ...marked.map((value) => (value < 1 ? formatSetting(value) : value.toLocaleString('en'))),
      ],
      tickangle: 0,
      range: [Math.log10(zero.zero) - 0.1, Math.log10(greatest) + 0.1],
    },
    position: (place) => (place === 0 ? zero.zero : typeof place === 'number' ? y(place) : place),
  };
}

/** Only powers of ten, if the axis has several; short ones are written out. */
export function decadeTicks(values: readonly number[]): object {
  const positive = values.filter((value) => value > 0);
  const [least, greatest] = [Math.min(...positive), Math.max(...positive)];
  if (!(greatest >= 100 * least)) return {};
  return { dtick: 1, exponentformat: least >= 1e-4 && greatest < 1e6 ? 'none' : 'power' };
}

export function checkHeights(marks: readonly Mark[], { log = false }: AxisOptions): void {
  if (!log) return;
  const bars = marks.find(({ kind }) => kind === 'bar');
  if (bars)
    throw new RangeError(
      'plot.bar: bars begin at 0, which a log axis cannot show: use plot.scatter, or a linear axis',
    );
  checkLog(
    marks.filter(({ kind }) => kind !== 'histogram'),
    'y',
    ({ y }) => y,
    false,
  );
}

function checkLog(
  marks: readonly Mark[],
  axis: 'x' | 'y',
  values: (series: Series) => readonly number[],
  zeroAllowed: boolean,
): void {
  for (const { kind, series } of marks) {
    for (const own of series) {
      const wrong = values(own).find((value) => value < 0 || (value === 0 && !zeroAllowed));
      if (wrong === undefined) continue;
      const where = own.name === undefined ? '' : ` of '${own.name}'`;
      throw new RangeError(
        `plot.${kind}: ${axis}${where} holds ${wrong}, which a log axis cannot show: leave it out, or set ${axis}Axis: { log: false }`,
      );
    }
  }
}

export function scaled({ percent: inPercent = false }: AxisOptions): Scaled {
  return inPercent ? percent : (value) => value;
}

export function axisLabel(
  { label, percent: inPercent = false, log = false }: AxisOptions,
  name: string,
): string {
  return `${label ?? name}${inPercent ? ' (%)' : ''}${log && label === undefined ? ' (log scale)' : ''}`;
}

export function rangeOf({ range, log = false, percent: inPercent = false }: AxisOptions): object {
  if (!range) return {};
  const ends = inPercent ? range.map(percent) : range;
  return { range: log ? ends.map(Math.log10) : [...ends] };
}

/** What the bands or bars mean, to be appended to the name of the axis. */
export function intervalOf(marks: readonly Mark[]): string {
  const whose = marks.find(({ interval }) => interval !== undefined);
  return whose ? `, ${whose.kind === 'line' ? 'band' : 'bars'}: ${whose.interval}` : '';
}
