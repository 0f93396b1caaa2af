/**
 * Draws the figures of this package as SVG, without a document: lines, markers, error bars, bars and bands over axes of
 * numbers, logarithms or words, which is the part of plotly.js's terms that they use.
 */
import type { PlotData } from 'plotly.js';
import type { Figure } from '../src/figures/figure';
import {
  COLOURS,
  DARK,
  DEFAULT_SIZE,
  darkRules,
  FONT,
  GREY,
  INK,
  PAPER,
  standaloneStyle,
} from '../src/figures/style';
import { escapeHtml } from '../src/figures/table';
import { type Axis, type AxisLayout, axisOf, plain } from './draw-axes';

/** Room around the plot for titles and numbers; a figure may ask for more on the left. */
const MARGIN = { left: 60, right: 18, bottom: 54 };
/** Room above the plot: for the title only, or for a second line and the legend, too. */
const TOP = { title: 46, more: 78 };

/** The lengths of error bars from their values. */
interface Errors {
  readonly array?: readonly number[];
  readonly arrayminus?: readonly number[];
}

/** The part of a trace that is drawn; categories of an axis are replaced by their indices. */
interface Trace extends Partial<Omit<PlotData, 'x' | 'y' | 'error_x' | 'error_y' | 'width'>> {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly error_x?: Errors;
  readonly error_y?: Errors;
  readonly width?: number;
}

/**
 * A figure as SVG, of width 100 % where it is put into a page. A page with rules for dark colours (`darkRules`) turns its ink;
 * as a file of its own it has them inside.
 *
 * @throws Error for a trace of another type than `scatter` and `bar`
 */
export function drawSVG(figure: Figure): string {
  const layout = figure.layout ?? {};
  const { width = DEFAULT_SIZE.width, height = DEFAULT_SIZE.height } = layout;
  const [xaxis = {}, yaxis = {}] = [layout.xaxis, layout.yaxis] as (AxisLayout | undefined)[];
  const traces = figure.data.map((trace) => traceOf(trace, xaxis, yaxis));
  const [title = '', subtitle = ''] = titleOf(figure).split('<br>').map(plain);
  const frame = {
    left: Math.max(MARGIN.left, Number(layout.margin?.l ?? 0)),
    right: width - MARGIN.right,
    top: subtitle || hasLegend(figure) ? TOP.more : TOP.title,
    bottom: height - MARGIN.bottom,
  };
  const bars = traces.some(({ type }) => type === 'bar');
  const across = traces.flatMap(({ x, error_x: error }) => reach(x, error));
  const up = traces.flatMap(({ y, error_y: error }) => reach(y, error));
  const room = bars ? barWidth(traces) / 2 : 0;
  const x = axisOf(xaxis, across, [frame.left, frame.right], 7, room);
  const y = axisOf(yaxis, bars ? [0, ...up] : up, [frame.bottom, frame.top], 6, 0);
  const description = [title, subtitle, [y.title, x.title].filter(Boolean).join(' against ')]
    .filter(Boolean)
    .join('; ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
      `role="img" aria-label="${escapeHtml(description)}" font-family="${FONT}" font-size="12">`,
    standaloneStyle(), // no title, which would be read as a second description
    `<rect width="${width}" height="${height}" fill="${PAPER}"/>`,
    text(frame.left, 24, title, 'font-size="15"'),
    ...(subtitle ? [text(frame.left, 42, subtitle, 'font-size="11"')] : []),
    ...bands(figure, x, frame),
    ...grid(x, y, frame),
    ...traces.flatMap((trace, i) => drawTrace(trace, i, x, y)),
    ...(hasLegend(figure) ? legend(traces, frame) : []),
    '</svg>',
  ].join('\n');
}

/** A page with the figure, which opens without a network and follows the reader's light or dark scheme. */
export function drawHTML(figure: Figure): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(plain(titleOf(figure).replace('<br>', ': ')))}</title>
<style>
svg { max-width: 100%; height: auto }
@media (prefers-color-scheme: dark) {
body { background: ${DARK[PAPER]} }
${darkRules('svg')}
}
</style>
${drawSVG(figure)}
</html>
`;
}

function titleOf({ layout }: Figure): string {
  const title = layout?.title;
  return (typeof title === 'string' ? title : title?.text) ?? '';
}

/** @throws Error for a type that is not drawn */
function traceOf(trace: Partial<PlotData>, xaxis: AxisLayout, yaxis: AxisLayout): Trace {
  if (trace.type !== 'scatter' && trace.type !== 'bar')
    throw new Error(`a trace of type '${trace.type}' cannot be drawn: use scatter or bar`);
  const numbers = (values: unknown, { categoryarray: words }: AxisLayout): number[] =>
    Array.from(values as ArrayLike<unknown>, (value) =>
      words ? words.indexOf(String(value)) : Number(value),
    );
  return { ...trace, x: numbers(trace.x, xaxis), y: numbers(trace.y, yaxis) } as Trace;
}

/** Values with both ends of their error bars. */
function reach(values: readonly number[], error: Errors | undefined): number[] {
  return values.flatMap((value, i) => [value, value - less(error, i), value + more(error, i)]);
}

function more(error: Errors | undefined, i: number): number {
  return error?.array?.[i] ?? 0;
}

function less(error: Errors | undefined, i: number): number {
  return error?.arrayminus?.[i] ?? more(error, i);
}

/** Bands over intervals of the horizontal axis, as high as the plot. */
function bands({ layout }: Figure, x: Axis, { left, right, top, bottom }: Frame): string[] {
  const inside = (value: unknown): number => Math.min(right, Math.max(left, x.at(Number(value))));
  return (layout?.shapes ?? []).map(({ type, yref, x0, x1, fillcolor, opacity }) => {
    if (type !== 'rect' || yref !== 'paper')
      throw new Error(`a shape of type '${type}' cannot be drawn: use a band`);
    const [from, to] = [inside(x0), inside(x1)];
    return `<rect x="${pixel(from)}" y="${top}" width="${pixel(to - from)}" height="${bottom - top}" fill="${fillcolor}" fill-opacity="${opacity ?? 1}"/>`;
  });
}

interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function grid(x: Axis, y: Axis, { left, right, top, bottom }: Frame): string[] {
  const line = (x1: number, y1: number, x2: number, y2: number, opacity: number): string =>
    `<line x1="${pixel(x1)}" y1="${pixel(y1)}" x2="${pixel(x2)}" y2="${pixel(y2)}" stroke="${GREY}" stroke-opacity="${opacity}"/>`;
  return [
    ...x.ticks.flatMap(({ value, text: words }) => [
      line(x.at(value), top, x.at(value), bottom, 0.22),
      text(x.at(value), bottom + 18, words, 'text-anchor="middle"'),
    ]),
    ...y.ticks.flatMap(({ value, text: words }) => [
      line(left, y.at(value), right, y.at(value), 0.22),
      text(left - 8, y.at(value) + 4, words, 'text-anchor="end"'),
    ]),
    line(left, bottom, right, bottom, 1),
    line(left, top, left, bottom, 1),
    text((left + right) / 2, bottom + 42, x.title, 'text-anchor="middle" font-size="13"'),
    text(
      0,
      0,
      y.title,
      `text-anchor="middle" font-size="13" transform="translate(16 ${pixel((top + bottom) / 2)}) rotate(-90)"`,
    ),
  ];
}

function colourOf(trace: Trace, i: number): string {
  const palette = Object.values(COLOURS);
  const { line, marker } = trace;
  return String(line?.color ?? marker?.color ?? palette[i % palette.length]);
}

function drawTrace(trace: Trace, i: number, x: Axis, y: Axis): string[] {
  const { mode = 'lines+markers', type, opacity = 1, line, marker, error_x: errorX, error_y: errorY } = trace;
  const colour = colourOf(trace, i);
  const drawn: string[] = [];
  const seen = trace.x.flatMap((value, p) =>
    Number.isFinite(y.at(trace.y[p]!)) && Number.isFinite(x.at(value)) ? [p] : [],
  );
  if (type === 'bar') {
    const half = barWidth([trace]) / 2;
    return seen.map((p) => {
      const [left, right] = [x.at(trace.x[p]! - half), x.at(trace.x[p]! + half)];
      const [top, bottom] = [y.at(trace.y[p]!), y.at(0)];
      return (
        `<rect x="${pixel(left)}" y="${pixel(top)}" width="${pixel(Math.max(0.5, right - left - 1))}" ` +
        `height="${pixel(bottom - top)}" fill="${colour}"><title>${escapeHtml(x.inWords(trace.x[p]!))}: ${trace.y[p]}</title></rect>`
      );
    });
  }
  if (mode.includes('lines') && seen.length > 1) {
    const path = seen.map((p) => `${pixel(x.at(trace.x[p]!))},${pixel(y.at(trace.y[p]!))}`).join(' ');
    drawn.push(
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${line?.width ?? 2}" ` +
        `stroke-opacity="${opacity}"${dashOf(trace)}/>`,
    );
  }
  for (const p of seen) {
    const [cx, cy] = [pixel(x.at(trace.x[p]!)), pixel(y.at(trace.y[p]!))];
    const bar = (path: string): string =>
      `<path d="${path}" stroke="${colour}" stroke-width="1.5" fill="none"/>`;
    if (errorY) {
      const low = pixel(y.at(trace.y[p]! - less(errorY, p)));
      const high = pixel(y.at(trace.y[p]! + more(errorY, p)));
      drawn.push(bar(`M${cx} ${low}V${high}M${cx - 4} ${low}h8M${cx - 4} ${high}h8`));
    }
    if (errorX) {
      const low = pixel(x.at(trace.x[p]! - less(errorX, p)));
      const high = pixel(x.at(trace.x[p]! + more(errorX, p)));
      drawn.push(bar(`M${low} ${cy}H${high}M${low} ${cy - 4}v8M${high} ${cy - 4}v8`));
    }
  }
  if (mode.includes('markers'))
    for (const p of seen) {
      const size = Number(marker?.size ?? 6) / 2;
      const [cx, cy] = [pixel(x.at(trace.x[p]!)), pixel(y.at(trace.y[p]!))];
      const here = [x.inWords(trace.x[p]!), y.inWords(trace.y[p]!)];
      if (y.ofWords) here.reverse(); // the name first
      const words = [trace.text, here.join(': ')]
        .map((part) => (Array.isArray(part) ? part[p] : part))
        .filter((part) => typeof part === 'string' && part !== '');
      const title = `<title>${escapeHtml(words.join(', '))}</title>`;
      drawn.push(
        markOf(String(marker?.symbol ?? 'circle'), cx, cy, size, colour, Number(marker?.opacity ?? 1), title),
      );
    }
  return [`<g class="scatterlayer">${drawn.join('')}</g>`]; // the class of plotly.js, for the rules of dark pages
}

function dashOf({ line }: Trace): string {
  return line?.dash === 'dash' ? ' stroke-dasharray="7 4"' : '';
}

function markOf(
  symbol: string,
  x: number,
  y: number,
  size: number,
  colour: string,
  opacity: number,
  title: string,
): string {
  const open = symbol.includes('open');
  const ink = open
    ? `fill="none" stroke="${colour}" stroke-width="1.5"`
    : `fill="${colour}" fill-opacity="${opacity}"`;
  if (symbol.startsWith('x'))
    return `<path d="M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}" stroke="${colour}">${title}</path>`;
  if (symbol.startsWith('diamond'))
    return `<path d="M${x} ${y - size - 1}L${x + size + 1} ${y}L${x} ${y + size + 1}L${x - size - 1} ${y}Z" ${ink}>${title}</path>`;
  return `<circle cx="${x}" cy="${y}" r="${size}" ${ink}>${title}</circle>`;
}

/** The width of bars: the given one, or else the least distance between two bars. */
function barWidth(traces: readonly Trace[]): number {
  const said = traces.find(({ type, width }) => type === 'bar' && width !== undefined)?.width;
  if (said !== undefined) return said;
  const centres = [...new Set(traces.flatMap(({ type, x }) => (type === 'bar' ? x : [])))].sort(
    (a, b) => a - b,
  );
  const gaps = centres.slice(1).map((centre, i) => centre - centres[i]!);
  return gaps.length > 0 ? Math.min(...gaps) : 1;
}

function hasLegend({ data, layout }: Figure): boolean {
  return layout?.showlegend !== false && data.filter(({ name }) => name).length > 1;
}

function legend(traces: readonly Trace[], { left, top }: Frame): string[] {
  const named = traces.map((trace, i) => ({ trace, i })).filter(({ trace }) => trace.name);
  let at = left;
  return named.flatMap(({ trace, i }) => {
    const name = plain(String(trace.name));
    const from = at;
    at += 34 + 7.2 * name.length;
    return [
      `<g class="legend"><g class="layers">${legendKey(trace, i, pixel(from), top - 14)}</g></g>`,
      text(from + 26, top - 10, name, ''),
    ];
  });
}

/** What stands for a trace in the legend, 20 pixels wide: a bar, or its line and its mark. */
function legendKey(trace: Trace, i: number, x: number, y: number): string {
  const { mode = 'lines+markers', type, opacity = 1, line, marker } = trace;
  const colour = colourOf(trace, i);
  if (type === 'bar') return `<rect x="${x}" y="${y - 5}" width="20" height="10" fill="${colour}"/>`;
  const width = Math.min(6, Number(line?.width ?? 2));
  const stroke = `stroke="${colour}" stroke-width="${width}" stroke-opacity="${opacity}"${dashOf(trace)}`;
  const symbol = String(marker?.symbol ?? 'circle');
  return [
    mode.includes('lines') ? `<line x1="${x}" y1="${y}" x2="${x + 20}" y2="${y}" ${stroke}/>` : '',
    mode.includes('markers')
      ? markOf(symbol, x + 10, y, Number(marker?.size ?? 6) / 2, colour, opacity, '')
      : '',
  ].join('');
}

function text(x: number, y: number, words: string, more: string): string {
  return `<text x="${pixel(x)}" y="${pixel(y)}" fill="${INK}" ${more}>${escapeHtml(words)}</text>`;
}

/** A coordinate in tenths of a pixel, which are finer than a screen. */
function pixel(value: number): number {
  return Math.round(value * 10) / 10;
}
