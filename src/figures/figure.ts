/** A figure is plain data for plotly.js; this file shows it and turns it into SVG, PNG or a page. */
import { createHash } from 'node:crypto';
import type { Config, Layout, PlotData } from 'plotly.js';
import { assertGiven, FLAG, type Kinds, NUMBER, nearest, TEXT } from '../given';
import { counted } from '../number-format';
import { framed } from './frame';
import { display, inNotebook, type MimeBundle } from './notebook-output';
import { fontFolder, offlinePlotly, plotlySource } from './plotly-offline';
import { DARK, DEFAULT_SIZE, darkRules, FONT, INK, PAPER, standaloneStyle, TEMPLATE } from './style';
import { escapeHtml, type Frame, frameTable, type Table, tableBundle } from './table';
import { plainText } from './text-width';

/** Traces and layout in the terms of plotly.js (https://plotly.com/javascript/reference/). */
export interface Figure {
  readonly data: Partial<PlotData>[];
  readonly layout?: Partial<Layout>;
  /** What is drawn, from which runs, and what the intervals mean, as in the caption of a paper's figure. */
  readonly caption?: string;
}

/** A size in pixels; a missing number comes from the figure's layout, or else from {@link DEFAULT_SIZE}. */
export interface Size {
  readonly width?: number;
  readonly height?: number;
}

export const SIZE_KINDS: Kinds<Size> = { width: NUMBER, height: NUMBER };

export interface ShowOptions extends Size {
  /** Name of the output, by which it can be replaced later. */
  readonly id?: string;
  /** Replace the output of the same `id` instead of adding one. @default false */
  readonly update?: boolean;
}

/** All types of traces of plotly.js; a type that it does not know would be drawn as `scatter`. */
const TRACE_TYPES: readonly string[] =
  'scatter bar box heatmap histogram histogram2d histogram2dcontour contour scatterternary violin funnel waterfall image pie sunburst treemap icicle funnelarea scatter3d surface isosurface volume mesh3d cone streamtube scattergeo choropleth scattergl splom parcoords parcats scattermap choroplethmap densitymap sankey indicator table carpet scattercarpet contourcarpet ohlc candlestick scatterpolar scatterpolargl barpolar scattersmith quiver'.split(
    ' ',
  );

/** Traces that need WebGL, which is not available for static pictures. */
const NEEDS_GL = /gl$|3d$|^(surface|isosurface|volume|cone|streamtube|splom|parcoords|.*map.*)$/;

/** A plotly.js figure as one writes it by hand, readonly or not. */
export interface PlainFigure {
  readonly data: readonly object[];
  readonly layout?: object;
  readonly caption?: string;
}

/**
 * Shows a figure, a table or a danfo DataFrame below the notebook's cell, with its caption. A figure is interactive where
 * the front end allows it and a static picture everywhere else. Outside a notebook, text is printed.
 */
export async function show(what: PlainFigure | Table | Frame, options: ShowOptions = {}): Promise<void> {
  assertGiven('show', options, { ...SIZE_KINDS, id: TEXT, update: FLAG });
  display(await bundleOf(what, options), options);
  if ('data' in what) showCaption(what as Figure);
}

/** Shows the caption as text below the figure. Outside a notebook a figure is one line, and its caption is in its files. */
export function showCaption(figure: Figure): void {
  if (inNotebook()) for (const bundle of captionBundles(figure)) display(bundle);
}

/** The caption of a figure, if it has one. */
export function captionBundles({ caption }: Figure): readonly MimeBundle[] {
  return caption ? [{ 'text/markdown': `*${caption}*`, 'text/plain': caption }] : [];
}

async function bundleOf(what: PlainFigure | Table | Frame, options: ShowOptions): Promise<MimeBundle> {
  if (Array.isArray(what) || typeof what !== 'object' || what === null)
    throw new TypeError(
      `show draws a figure ({ data: [...], layout }), a table or a data frame, got ${Array.isArray(what) ? 'an array' : String(what)}`,
    );
  if ('values' in what) return tableBundle(frameTable(what));
  return 'rows' in what ? tableBundle(what) : figureBundle(what as Figure, options);
}

/** A figure in all its forms. */
export async function figureBundle(figure: Figure, options: Size = {}): Promise<MimeBundle> {
  checkFigure(figure);
  const { data, layout } = styled(figure, options);
  // Not responsive: JupyterLab's renderer resizes by itself, and the two together leave a chart without height.
  const config: Partial<Config> = { displaylogo: false };
  // A page has a width of its own; a picture needs one.
  const { width: _, ...fluid } = layout;
  const wide = options.width ?? figure.layout?.width;
  const fitted = wide === undefined ? { ...fluid, autosize: true } : layout;
  const withGl = data.some((trace) => NEEDS_GL.test(trace.type ?? ''));
  return {
    'application/vnd.plotly.v1+json': { data, layout: fitted, config },
    ...(!withGl ? { 'image/svg+xml': await svgOf(figure, options) } : {}),
    'text/plain': description(figure),
  };
}

/** A static picture, drawn without a browser. The first takes about a second, each further one 0.1 to 0.3 s. */
export async function toSVG(figure: Figure, size: Size = {}): Promise<string> {
  assertGiven('toSVG', size, SIZE_KINDS);
  return svgOf(figure, size);
}

async function svgOf(figure: Figure, size: Size): Promise<string> {
  checkFigure(figure);
  const trace = figure.data.find(({ type }) => NEEDS_GL.test(type ?? ''));
  if (trace)
    throw new Error(
      `a static picture cannot draw a trace of type '${trace.type}': it needs WebGL; use toHTML`,
    );
  const { data, layout } = styled(figure, size);
  const plotly = await offlinePlotly();
  const { width = DEFAULT_SIZE.width, height = DEFAULT_SIZE.height } = layout;
  // plotly.js writes defaults into the objects that it is given, and tags them with classes of the page.
  const copy: Figure = structuredClone({
    data: data.map((trace, i) => ({ uid: String(i), ...trace })),
    layout,
  });
  const svg = await plotly.toImage(copy as Required<Figure>, {
    format: 'svg',
    width,
    height,
    imageDataOnly: true,
  });
  const caption = figure.caption ? `<desc>${escapeHtml(figure.caption)}</desc>` : '';
  const described = `<title>${escapeHtml(description(figure))}</title>${caption}${standaloneStyle()}`;
  return withStableNames(svg).replace('>', () => `>${described}`);
}

/**
 * plotly.js gives the definitions in every picture random names, so that a page can hold several pictures. Names derived
 * from the contents do the same, and a picture that is drawn again gives the same file.
 */
function withStableNames(svg: string): string {
  const random = /id="defs-([0-9a-f]+)"/.exec(svg)?.[1];
  if (random === undefined) return svg;
  const names = new RegExp(`([a-z]-?)${random}`, 'g');
  const hash = createHash('sha256').update(svg.replaceAll(names, '$1')).digest('hex');
  return svg.replaceAll(names, `$1${hash.slice(0, random.length)}`);
}

/**
 * A picture in PNG, with the caption in its Exif data.
 * @param options.scale pixels of the file for a pixel of the figure; 2 is sharp on dense screens. @default 2
 * @param options.background any CSS colour. @default 'white'
 */
export async function toPNG(
  figure: Figure,
  options: Size & { scale?: number; background?: string } = {},
): Promise<Buffer> {
  assertGiven('toPNG', options, { ...SIZE_KINDS, scale: NUMBER, background: TEXT });
  const svg = await svgOf(figure, options);
  const { Resvg } = await import('@resvg/resvg-js');
  const folder = fontFolder();
  const picture = new Resvg(svg, {
    background: options.background ?? 'white',
    fitTo: { mode: 'zoom', value: options.scale ?? 2 },
    font: {
      ...(folder ? { fontDirs: [folder], loadSystemFonts: false } : {}),
      defaultFontFamily: FONT.split(',')[0] as string,
    },
  });
  const png = picture.render().asPng();
  if (!figure.caption) return png;
  const { default: sharp } = await import('sharp');
  return sharp(png)
    .withExif({ IFD0: { ImageDescription: figure.caption } })
    .png()
    .toBuffer();
}

/** A page that contains the interactive figure and plotly.js (5 MB), and so opens without a network. */
export function toHTML(figure: Figure, options: Size & { title?: string } = {}): string {
  assertGiven('toHTML', options, { ...SIZE_KINDS, title: TEXT });
  checkFigure(figure);
  const { data, layout } = styled(figure, options);
  const title = options.title ?? description(figure);
  // `</` inside a script would end it.
  const json = JSON.stringify({ data, layout }).replaceAll('</', '<\\/');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>
body { font-family: sans-serif; }
@media (prefers-color-scheme: dark) {
body { background: ${DARK[PAPER]}; color: ${DARK[INK]}; }
${darkRules('.js-plotly-plot')}
}
</style>
<script>${plotlySource()}</script>
</head>
<body>
<div id="figure"></div>
${figure.caption ? `<p>${escapeHtml(figure.caption)}</p>` : ''}
<script>
const figure = ${json};
Plotly.newPlot('figure', figure.data, figure.layout, { responsive: true, displaylogo: false });
</script>
</body>
</html>
`;
}

/** The room above the plot of a figure that does not say it: for its title, and for a legend where plotly.js draws one. */
function topOf({ data, layout: { title, showlegend, width } = {} }: Figure): number {
  const [first = '', ...others] = (typeof title === 'string' ? title : (title?.text ?? '')).split('<br>');
  const named = data.filter((trace) => trace.showlegend !== false);
  const isDrawn = showlegend ?? (named.length > 1 || named.some((trace) => trace.showlegend));
  const legend = isDrawn ? named.map(({ name }, i) => name ?? `trace ${i}`) : [];
  return framed({ title: first, subtitle: others, legend, plot: 1, ...(width ? { width } : {}) }).margin!.t!;
}

/** The figure with the project's template and with its size. */
function styled(figure: Figure, size: Size): { data: Partial<PlotData>[]; layout: Partial<Layout> } {
  const { width = figure.layout?.width, height = figure.layout?.height } = size;
  const margin = { t: topOf(figure), ...figure.layout?.margin };
  const layout = { template: TEMPLATE, ...figure.layout, margin };
  return {
    data: figure.data,
    layout: { ...layout, width: width ?? DEFAULT_SIZE.width, height: height ?? DEFAULT_SIZE.height },
  };
}

/** One line for viewers without pictures. */
export function description(figure: Figure): string {
  const title = figure.layout?.title;
  const text = typeof title === 'string' ? title : title?.text;
  const names = figure.data
    .filter((trace) => trace.name && trace.showlegend !== false)
    .map((trace) => trace.name);
  const heading = text
    ? plainText(text.replaceAll('<br>', ': '))
    : (figure.caption?.split(/(?<=\.) /)[0] ?? counted(figure.data.length, 'trace'));
  return `Figure: ${heading}${names.length > 0 ? ` (${[...new Set(names)].join(', ')})` : ''}`;
}

/** Checks what TypeScript cannot check in a figure that is written by hand. */
function checkFigure(figure: Figure): void {
  if (!Array.isArray(figure.data))
    throw new TypeError(`the data of a figure must be a list of traces, got ${typeof figure.data}`);
  if (figure.data.length === 0) throw new Error('a figure needs at least one trace, got an empty data array');
  figure.data.forEach(({ type }, i) => {
    if (type !== undefined && !TRACE_TYPES.includes(type))
      throw new RangeError(
        `data[${i}].type is '${type}', which plotly.js does not know: did you mean '${nearest(type, TRACE_TYPES)}'?`,
      );
  });
}
