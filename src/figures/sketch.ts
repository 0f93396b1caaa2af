/**
 * Draws curves quickly, in well under a millisecond, for the live chart of a run. plotly.js takes a hundred times longer
 * for a picture, and its renderer in JupyterLab ignores updates.
 */
import type { Layout, LayoutAxis, PlotData } from 'plotly.js';
import type { Figure } from './figure';
import { COLOURS, DEFAULT_SIZE, FONT, FONT_SIZES, GREY, GRID, INK, PAPER, standaloneStyle } from './style';
import { escapeHtml } from './table';
import { plainText, textWidth } from './text-width';

/** Maps data to pixels, and holds the places of the labels. */
interface Scale {
  readonly pixel: (value: number) => number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

const DASHES: Readonly<Record<string, string>> = { dot: '2 3', dash: '8 5', dashdot: '8 4 2 4' };
const LINE_HEIGHT = 20;

/**
 * Draws curves (`scatter`) on one x axis and up to two y axes, linear or logarithmic, with title, legend, and vertical
 * lines with labels. Ranges and ticks are those of the layout, if it has any.
 */
export function sketch({ data, layout = {} }: Figure): string {
  const { width = DEFAULT_SIZE.width, height = DEFAULT_SIZE.height } = layout;
  const { l = 56, r = 20, t = 84, b = 64 } = layout.margin ?? {};
  const [right, bottom] = [width - r, height - b];
  const onRight = data.filter(({ yaxis }) => yaxis === 'y2');
  const onLeft = data.filter(({ yaxis }) => yaxis !== 'y2');
  const x = scale(layout.xaxis, valuesOf(data, 'x'), [l, right]);
  const y = scale(layout.yaxis, valuesOf(onLeft, 'y'), [bottom, t]);
  const y2 = onRight.length > 0 ? scale(layout.yaxis2, valuesOf(onRight, 'y'), [bottom, t]) : undefined;
  const green = String(layout.yaxis2?.tickfont?.color ?? INK);
  const middle = (t + bottom) / 2;
  const parts = [
    `<rect width="${width}" height="${height}" fill="${PAPER}"/>`,
    ...titleLines(layout).map(({ words, size }, i) =>
      text(words, l, 23 + 1.3 * FONT_SIZES.title * i, { size }),
    ),
    ...x.ticks.map(({ at }) => stroke(`M${at} ${t}V${bottom}`, GRID)),
    ...y.ticks.map(({ at }) => stroke(`M${l} ${at}H${right}`, GRID)),
    stroke(`M${l} ${t}V${bottom}H${right}${y2 ? `V${t}` : ''}`, GREY),
    ...x.ticks.map((tick) => text(tick.text, tick.at, bottom + 18, { anchor: 'middle' })),
    ...y.ticks.map((tick) => text(tick.text, l - 8, tick.at + 4, { anchor: 'end' })),
    ...(y2?.ticks.map((tick) => text(tick.text, right + 8, tick.at + 4, { colour: green })) ?? []),
    text(titleOf(layout.xaxis), (l + right) / 2, bottom + 42, { anchor: 'middle' }),
    text(titleOf(layout.yaxis), 16, middle, { anchor: 'middle', turned: true }),
    text(titleOf(layout.yaxis2), width - 8, middle, {
      anchor: 'middle',
      turned: true,
      colour: green,
    }),
    ...marks(layout, x, t, bottom),
    `<clipPath id="plot"><rect x="${l}" y="${t}" width="${right - l}" height="${bottom - t}"/></clipPath>`,
    '<g clip-path="url(#plot)">',
    ...data.map((trace) => curve(trace, x, trace.yaxis === 'y2' && y2 ? y2 : y)),
    '</g>',
    ...legend(data, l, right, t - ((layout.legend?.y ?? 1.02) - 1) * (bottom - t) - 8),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"` +
    ` font-family="${FONT}" font-size="12">${standaloneStyle()}${parts.join('')}</svg>`
  );
}

function valuesOf(data: readonly Partial<PlotData>[], axis: 'x' | 'y'): number[] {
  return data.flatMap((trace) => (trace[axis] ?? []) as number[]);
}

function scale(
  axis: Partial<LayoutAxis> = {},
  values: readonly number[],
  [from, to]: [number, number],
): Scale {
  const log = axis.type === 'log';
  const place = (value: number): number => (log ? Math.log10(value) : value);
  const known = values.map(place).filter(Number.isFinite);
  const range = (axis.range as [number, number] | undefined) ?? [Math.min(...known), Math.max(...known)];
  const [low, high] = known.length > 0 || axis.range ? range : [0, 1];
  const span = high - low || 1;
  const pixelOf = (placed: number): number => round(from + ((placed - low) / span) * (to - from));
  const step = Number(axis.dtick) || 10 ** Math.floor(Math.log10(span)) / (log ? 1 : 2);
  const places: number[] = [];
  for (let at = step * Math.ceil(low / step - 1e-9); at <= high + 1e-9; at += step) places.push(at);
  const given = axis.tickvals?.map((value, i) => ({
    at: pixelOf(place(value)),
    text: String(axis.ticktext?.[i] ?? value),
  }));
  const own = places.map((at) => ({ at: pixelOf(at), text: String(round(log ? 10 ** at : at)) }));
  return { pixel: (value) => pixelOf(place(value)), ticks: given ?? own };
}

function curve(trace: Partial<PlotData>, x: Scale, y: Scale): string {
  const [xs, ys] = [(trace.x ?? []) as number[], (trace.y ?? []) as number[]];
  const points = xs
    .map((value, i) => [x.pixel(value), y.pixel(ys[i] ?? Number.NaN)] as const)
    .filter((point) => point.every(Number.isFinite));
  if (points.length === 0) return '';
  const { color = COLOURS.blue, width = 2, dash = 'solid' } = trace.line ?? {};
  const opacity = trace.opacity ?? 1;
  const path = stroke(`M${points.map((point) => point.join(' ')).join('L')}`, String(color), {
    width,
    dash,
    opacity,
  });
  const dots = trace.mode?.includes('markers') || points.length === 1 ? points : [];
  return path + dots.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${color}"/>`).join('');
}

/** The names of the curves above the plot, in as many lines as they need. */
function legend(data: readonly Partial<PlotData>[], left: number, right: number, base: number): string[] {
  const entries: { words: string; trace?: Partial<PlotData>; at: number; row: number }[] = [];
  let [at, row] = [left, 0];
  for (const trace of data) {
    if (!trace.name || trace.showlegend === false) continue;
    const lines = trace.name.split('<br>');
    const width = 44 + Math.max(...lines.map((line) => textWidth(line, FONT_SIZES.text)));
    if (at > left && (at + width > right || lines.length > 1)) [at, row] = [left, row + 1];
    lines.forEach((words, i) => {
      entries.push({ words, at, row: row + i, ...(i === 0 ? { trace } : {}) });
    });
    [at, row] = lines.length > 1 ? [left, row + lines.length] : [at + width, row];
  }
  const last = Math.max(0, ...entries.map((entry) => entry.row));
  return entries.map(({ words, trace, at: x, row: own }) => {
    const y = base - LINE_HEIGHT * (last - own);
    const { color = COLOURS.blue, width = 2, dash = 'solid' } = trace?.line ?? {};
    const style = { width, dash, opacity: trace?.opacity ?? 1 };
    return (trace ? stroke(`M${x} ${y}h26`, String(color), style) : '') + text(words, x + 31, y + 4);
  });
}

/** Vertical lines across the plot, and the annotations that name them. */
function marks(layout: Partial<Layout>, x: Scale, top: number, bottom: number): string[] {
  const log = layout.xaxis?.type === 'log';
  const lines = (layout.shapes ?? [])
    .filter(({ type, x0, x1 }) => type === 'line' && x0 === x1)
    .map(({ x0, line }) =>
      stroke(`M${x.pixel(Number(x0))} ${top}V${bottom}`, String(line?.color ?? GREY), {
        dash: line?.dash ?? 'dash',
      }),
    );
  const labels = (layout.annotations ?? [])
    .filter(({ showarrow }) => showarrow === false)
    .map(({ x: at, text: words, xanchor }) => {
      const anchor = xanchor === 'right' ? 'end' : 'middle';
      // plotly.js places annotations on a log axis by exponent.
      return text(plainText(words ?? ''), x.pixel(log ? 10 ** Number(at) : Number(at)), top - 5, {
        anchor,
        size: 11,
      });
    });
  return [...lines, ...labels];
}

function stroke(
  path: string,
  colour: string,
  { width = 1, dash = 'solid', opacity = 1 }: { width?: number; dash?: string; opacity?: number } = {},
): string {
  const dashes = DASHES[dash] ? ` stroke-dasharray="${DASHES[dash]}"` : '';
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width}" opacity="${opacity}"${dashes}/>`;
}

function text(
  words: string,
  x: number,
  y: number,
  {
    anchor = 'start',
    size = 12,
    colour = INK,
    turned = false,
  }: { anchor?: string; size?: number; colour?: string; turned?: boolean } = {},
): string {
  if (!words) return '';
  const turn = turned ? ` transform="rotate(-90 ${x} ${y})"` : '';
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" fill="${colour}"${turn}>${escapeHtml(words)}</text>`;
}

function titleLines(layout: Partial<Layout>): { words: string; size: number }[] {
  const title = typeof layout.title === 'string' ? layout.title : (layout.title?.text ?? '');
  if (title === '') return [];
  return title.split('<br>').map((line) => ({
    words: plainText(line),
    size: Number(/font-size:(\d+)px/.exec(line)?.[1] ?? FONT_SIZES.title),
  }));
}

function titleOf(axis: Partial<LayoutAxis> | undefined): string {
  return plainText((typeof axis?.title === 'string' ? axis.title : axis?.title?.text) ?? '');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
