/** The marks of a plot as curves, points, bands and bars of plotly.js. */
import type { PlotData } from 'plotly.js';
import { band } from '../band';
import { COLOURS, INK, SYMBOLS } from '../style';
import type { Scaled } from './axes';
import type { Mark, Place, Series } from './marks';

interface Look {
  readonly color: string;
  readonly symbol: string;
  readonly dash: 'solid' | 'dash';
}

/** A name has the same look in every mark; no name has the first look. After six colours, lines are dashed. */
export function lookOf(name: string | undefined, names: readonly string[]): Look {
  const i = Math.max(0, name === undefined ? 0 : names.indexOf(name));
  const colours = Object.values(COLOURS);
  return {
    color: colours[i % colours.length]!,
    symbol: SYMBOLS[i % SYMBOLS.length]!,
    dash: i < colours.length ? 'solid' : 'dash',
  };
}

/**
 * The traces of one series; the last is the one that the legend shows.
 * @param on maps places and heights to the axes
 * @param broken true if zero is drawn behind a break of the x axis
 */
export function tracesOf(
  { kind }: Mark,
  own: Series,
  { color, symbol, dash }: Look,
  on: { x: (place: Place) => Place; y: Scaled },
  broken: boolean,
): Partial<PlotData>[] {
  const { lower, upper, colour, widths } = own;
  const y = own.y.map((value) => (Number.isFinite(value) ? on.y(value) : null));
  const x = own.x.map(on.x);
  if (kind === 'line') {
    const points = x.map((at, i) => ({ at, y: y[i]!, low: lower?.[i], high: upper?.[i] }));
    // The axis is broken after zero, and so is a line.
    const parts = points.flatMap((point, i) =>
      broken && own.x[i] === 0
        ? [point, { at: point.at, y: null, low: Number.NaN, high: Number.NaN }]
        : [point],
    );
    // A value between two gaps makes a line without length, so it is drawn as a point.
    const alone = parts.map(
      (point, i) =>
        point.y !== null && (parts[i - 1]?.y ?? null) === null && (parts[i + 1]?.y ?? null) === null,
    );
    const curve: Partial<PlotData> = {
      type: 'scatter',
      mode: alone.includes(true) ? 'lines+markers' : 'lines',
      x: parts.map(({ at }) => at) as PlotData['x'],
      y: parts.map((point) => point.y),
      line: { color, width: 2, dash },
      ...(alone.includes(true)
        ? { marker: { color, symbol, size: alone.map((point) => (point ? 7 : 0)) } }
        : {}),
    };
    return lower && upper ? [band(parts, color, on.y), curve] : [curve];
  }
  const bars = lower &&
    upper && {
      error_y: {
        type: 'data' as const,
        symmetric: false,
        array: upper.map((end, i) => on.y(end) - on.y(own.y[i]!)),
        arrayminus: lower.map((end, i) => on.y(own.y[i]!) - on.y(end)),
        color: kind === 'bar' ? INK : color,
        thickness: 1.5,
        width: 4,
      },
    };
  if (kind === 'scatter')
    return [
      {
        type: 'scatter',
        mode: 'markers',
        x: x as PlotData['x'],
        y,
        marker: colour
          ? ({ color: [...colour], coloraxis: 'coloraxis', symbol, size: 7 } as Partial<PlotData['marker']>)
          : { color, symbol, size: 7, opacity: 0.75 },
        ...bars,
      },
    ];
  const marker = { color, opacity: kind === 'histogram' ? 0.6 : 1 };
  return [
    {
      type: 'bar',
      x: x as PlotData['x'],
      y,
      marker,
      ...bars,
      ...(widths ? { width: [...widths] } : {}),
    } as Partial<PlotData>,
  ];
}
