/**
 * Draws the figures of this package as SVG, without a document: lines, markers, error bars and bars over linear or
 * logarithmic axes, which is the part of plotly.js's terms that they use.
 */
import type { PlotData } from 'plotly.js';
import type { Figure } from '../src/figures/figure';
import { COLOURS, DEFAULT_SIZE, FONT, GREY } from '../src/figures/style';
import { escapeHtml } from '../src/figures/table';

/** Room around the plot for titles and numbers. */
const MARGIN = { left: 60, right: 18, bottom: 54 };
/** Above the plot: the title alone, or with a second line and the legend. */
const TOP = { title: 46, more: 78 };

/** Ticks that are aimed at. */
const TICKS = { x: 7, y: 6 };

interface Axis {
  /** Pixel of a value. */
  at(value: number): number;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
  readonly title: string;
}

/** The part of a trace that is drawn. */
interface Trace extends Partial<Omit<PlotData, 'x' | 'y' | 'error_y'>> {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly error_y?: { readonly array?: readonly number[]; readonly arrayminus?: readonly number[] };
}

/**
 * A figure as SVG, of width 100 % where it is put into a page. Ink is grey, so that it serves light and dark pages.
 *
 * @throws Error for a trace of another type than `scatter` and `bar`
 */
export function drawSVG(figure: Figure): string {
  const { width = DEFAULT_SIZE.width, height = DEFAULT_SIZE.height } = figure.layout ?? {};
  const traces = figure.data.map(traceOf);
  const [title = '', subtitle = ''] = titleOf(figure).split('<br>').map(plain);
  const frame = {
    left: MARGIN.left,
    right: width - MARGIN.right,
    top: subtitle || hasLegend(figure) ? TOP.more : TOP.title,
    bottom: height - MARGIN.bottom,
  };
  const xs = traces.flatMap(({ x }) => x);
  const ys = traces.flatMap(({ y, error_y: error }) =>
    y.flatMap((value, i) => [
      value,
      value + (error?.array?.[i] ?? 0),
      value - (error?.arrayminus?.[i] ?? error?.array?.[i] ?? 0),
    ]),
  );
  const bars = traces.some(({ type }) => type === 'bar');
  const { xaxis, yaxis } = figure.layout ?? {};
  const x = axisOf(
    xaxis as AxisLayout,
    xs,
    [frame.left, frame.right],
    TICKS.x,
    bars ? barWidth(traces) / 2 : 0,
  );
  const y = axisOf(yaxis as AxisLayout, bars ? [0, ...ys] : ys, [frame.bottom, frame.top], TICKS.y, 0);
  const description = [title, subtitle, `${y.title} against ${x.title}`].filter(Boolean).join('; ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
      `role="img" aria-label="${escapeHtml(description)}" font-family="${FONT}" font-size="12" fill="${GREY}">`,
    `<title>${escapeHtml(description)}</title>`,
    text(frame.left, 24, title, 'font-size="15"'),
    ...(subtitle ? [text(frame.left, 42, subtitle, 'font-size="11"')] : []),
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
<style>svg { max-width: 100%; height: auto }</style>
${drawSVG(figure)}
</html>
`;
}

function titleOf({ layout }: Figure): string {
  const title = layout?.title;
  return (typeof title === 'string' ? title : title?.text) ?? '';
}

function traceOf(trace: Partial<PlotData>): Trace {
  if (trace.type !== 'scatter' && trace.type !== 'bar')
    throw new Error(`a trace of type '${trace.type}' is not drawn: take scatter or bar`);
  const numbers = (values: unknown): number[] => Array.from(values as ArrayLike<number>, Number);
  return { ...trace, x: numbers(trace.x), y: numbers(trace.y) } as Trace;
}

interface AxisLayout {
  readonly title?: string | { readonly text?: string };
  readonly type?: string;
  readonly range?: readonly number[];
  readonly rangemode?: string;
  readonly tickvals?: readonly number[];
  readonly ticktext?: readonly string[];
}

function axisOf(
  layout: AxisLayout = {},
  values: readonly number[],
  [from, to]: readonly [number, number],
  wanted: number,
  margin: number,
): Axis {
  const { title, type, range, rangemode, tickvals, ticktext } = layout;
  const isLog = type === 'log';
  const scaled = (value: number): number => (isLog ? Math.log10(value) : value);
  const seen = values.map(scaled).filter(Number.isFinite);
  if (rangemode === 'tozero') seen.push(0);
  const [least, most] = range ?? spread(seen, rangemode === 'tozero', margin);
  const at = (value: number): number =>
    from + ((scaled(value) - least!) / (most! - least! || 1)) * (to - from);
  const ticks = tickvals
    ? apart(
        tickvals.map((value, i) => ({ value, text: ticktext?.[i] ?? short(value) })),
        at,
      )
    : isLog
      ? logTicks(least!, most!)
      : linearTicks(least!, most!, wanted);
  return { at, ticks, title: plain((typeof title === 'string' ? title : title?.text) ?? '') };
}

/** From the least to the greatest value, with a little room. */
function spread(values: readonly number[], fromZero: boolean, margin: number): [number, number] {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) - margin;
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) + margin;
  if (!(most >= least)) return [0, 1];
  const room = 0.05 * (most - least || Math.abs(most) || 1);
  return [fromZero && least >= 0 ? 0 : least - (margin ? 0 : room), most + room];
}

function linearTicks(least: number, most: number, wanted: number): Axis['ticks'] {
  const rough = (most - least) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(least / step - 1e-9);
  const count = Math.floor(most / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    const value = (first + i) * step;
    return { value, text: short(Number(value.toPrecision(12))) };
  });
}

function logTicks(least: number, most: number): Axis['ticks'] {
  const steps = most - least > 1.5 ? [1, 3] : [1, 2, 3, 5];
  const ticks: { value: number; text: string }[] = [];
  for (let power = Math.floor(least); power <= most; power++)
    for (const step of steps) {
      const value = step * 10 ** power;
      if (Math.log10(value) >= least && Math.log10(value) <= most) ticks.push({ value, text: short(value) });
    }
  return ticks;
}

/** Ticks whose texts would touch are left out. */
function apart(ticks: Axis['ticks'], at: Axis['at']): Axis['ticks'] {
  let last = Number.NEGATIVE_INFINITY;
  return ticks.filter(({ value, text: words }) => {
    const fits = at(value) - last > 4 * words.length + 16;
    if (fits) last = at(value) + 4 * words.length;
    return fits;
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
  const { mode = 'lines+markers', type, opacity = 1, line, marker, error_y: error } = trace;
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
        `height="${pixel(bottom - top)}" fill="${colour}"><title>${escapeHtml(short(trace.x[p]!))}: ${trace.y[p]}</title></rect>`
      );
    });
  }
  if (mode.includes('lines') && seen.length > 1) {
    const path = seen.map((p) => `${pixel(x.at(trace.x[p]!))},${pixel(y.at(trace.y[p]!))}`).join(' ');
    const dash = line?.dash === 'dash' ? ' stroke-dasharray="7 4"' : '';
    drawn.push(
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${line?.width ?? 2}" ` +
        `stroke-opacity="${opacity}"${dash}/>`,
    );
  }
  if (error)
    for (const p of seen) {
      const at = pixel(x.at(trace.x[p]!));
      const low = pixel(y.at(trace.y[p]! - (error.arrayminus?.[p] ?? error.array?.[p] ?? 0)));
      const high = pixel(y.at(trace.y[p]! + (error.array?.[p] ?? 0)));
      drawn.push(
        `<path d="M${at} ${low}V${high}M${at - 4} ${low}h8M${at - 4} ${high}h8" stroke="${colour}" stroke-width="1.5" fill="none"/>`,
      );
    }
  if (mode.includes('markers'))
    for (const p of seen) {
      const size = Number(marker?.size ?? 6) / 2;
      const [cx, cy] = [pixel(x.at(trace.x[p]!)), pixel(y.at(trace.y[p]!))];
      const words = [trace.text, `${short(trace.x[p]!)}: ${short(trace.y[p]!)}`]
        .map((part) => (Array.isArray(part) ? part[p] : part))
        .filter((part) => typeof part === 'string' && part !== '');
      const title = `<title>${escapeHtml(words.join(', '))}</title>`;
      drawn.push(
        String(marker?.symbol ?? 'circle').startsWith('x')
          ? `<path d="M${cx - size} ${cy - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}" stroke="${colour}">${title}</path>`
          : `<circle cx="${cx}" cy="${cy}" r="${size}" fill="${colour}" fill-opacity="${marker?.opacity ?? 1}">${title}</circle>`,
      );
    }
  return drawn;
}

/** The least distance of two bars. */
function barWidth(traces: readonly Trace[]): number {
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
    const mark = `stroke="${colourOf(trace, i)}" stroke-width="${Math.min(6, Number(trace.line?.width ?? 3))}" stroke-opacity="${trace.opacity ?? 1}"`;
    return [
      `<line x1="${pixel(from)}" y1="${top - 14}" x2="${pixel(from + 20)}" y2="${top - 14}" ${mark}/>`,
      text(from + 26, top - 10, name, ''),
    ];
  });
}

function text(x: number, y: number, words: string, more: string): string {
  return `<text x="${pixel(x)}" y="${pixel(y)}" ${more}>${escapeHtml(words)}</text>`;
}

/** Tenths of a pixel are finer than a screen. */
function pixel(value: number): number {
  return Math.round(value * 10) / 10;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function plain(words: string): string {
  return words.replaceAll(/<[^>]*>/g, '');
}
