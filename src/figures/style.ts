/** The look of every figure: colours, fonts and spacing, as one plotly template. */
import type { Template } from 'plotly.js';

/**
 * Colours of Okabe and Ito (https://jfly.uni-koeln.de/color/), which colour-blind readers can distinguish. The first
 * four have a contrast of at least 3 on white and on JupyterLab's dark background; use them first. They are for marks;
 * text takes {@link INK} or {@link TEXT_COLOURS}.
 */
export const COLOURS = {
  blue: '#0072B2',
  vermillion: '#D55E00',
  green: '#009E73',
  purple: '#CC79A7',
  orange: '#E69F00',
  skyBlue: '#56B4E9',
} as const;

/** Symbols in the order of {@link COLOURS}, for readers who cannot tell the colours apart. */
export const SYMBOLS = ['circle', 'diamond', 'square', 'triangle-up', 'x', 'star'] as const;

/** The colour of text on light paper; nearly black, for print. */
export const INK = '#222222';

/** The background of figures. */
export const PAPER = '#ffffff';

/** The colour of axes and reference lines, with a contrast above 4 on light and on dark paper. */
export const GREY = '#777777';

export const GRID = 'rgba(128,128,128,0.22)';

/** Colours of text that belongs to a curve, such as the axis at the right; contrast at least 5 on light paper. */
export const TEXT_COLOURS = { green: '#007353', vermillion: '#B34F00' } as const;

/** White text on a coloured bar. It differs from {@link PAPER} because it stays white on dark pages. */
export const ON_BAR = '#fefefe';

/** Replacements for colours on dark pages, with a contrast of at least 7. All other colours serve on both. */
export const DARK: Readonly<Record<string, string>> = {
  [INK]: '#e6e6e6',
  [PAPER]: '#111111',
  [TEXT_COLOURS.green]: '#2bb98f',
  [TEXT_COLOURS.vermillion]: '#f08a3c',
};

/** The first font is the one that static pictures are measured with; the others are as wide or narrower. */
export const FONT = 'DejaVu Sans, Verdana, Geneva, sans-serif';

/** Sizes of text in pixels; 12 are 9 points. */
export const FONT_SIZES = { title: 15, text: 12, small: 11, least: 10 } as const;

/** The default size of a figure in pixels; it fits the column of a notebook. */
export const DEFAULT_SIZE = { width: 700, height: 420 } as const;

const axis = {
  showline: true,
  linecolor: GREY,
  linewidth: 1,
  gridcolor: GRID,
  zeroline: false,
  ticks: 'outside',
  ticklen: 4,
  tickcolor: GREY,
  separatethousands: true,
  // Without it, 12,000 would be 12k, beside 9,000.
  minexponent: 6,
  title: { font: { size: FONT_SIZES.text }, standoff: 10 },
} as const;

export const TEMPLATE: Template = {
  layout: {
    font: { family: FONT, size: FONT_SIZES.text, color: INK },
    title: {
      font: { size: FONT_SIZES.title },
      x: 0,
      xref: 'paper',
      xanchor: 'left',
      y: 1,
      yref: 'container',
      yanchor: 'top',
      pad: { t: 12 },
    },
    paper_bgcolor: PAPER,
    plot_bgcolor: PAPER,
    colorway: Object.values(COLOURS),
    margin: { l: 60, r: 20, b: 56 },
    legend: {
      orientation: 'h',
      x: 0,
      xanchor: 'left',
      y: 1.02,
      yanchor: 'bottom',
      bgcolor: 'rgba(0,0,0,0)',
      tracegroupgap: 0,
    },
    hovermode: 'closest',
    xaxis: axis,
    yaxis: axis,
  } as Template['layout'] & object,
};

/** Curves and points with what explains them; bars hold white text and keep their colours, in the legend as well. */
const BRIGHTENED = ['.scatterlayer', '.cbfills', '.legendfill', '.legendlines', '.scatterpts'];

/**
 * A style that gives a drawn figure the colours of {@link DARK}. Drawings name their colours in attributes, so that
 * viewers without support for style sheets show them on light paper.
 * @param within a selector of the dark part, such as `[data-jp-theme-light="false"] .js-plotly-plot`
 */
export function darkRules(within: string): string {
  const rule = (property: string, light: string, dark: string): string => {
    const where = [`[style*="${property}: ${rgb(light)}"]`, `[${property}="${light}"]`];
    return `${where.map((place) => `${within} ${place}`).join(', ')} { ${property}: ${dark} !important; }`;
  };
  const fills = Object.entries(DARK).map(([light, dark]) => rule('fill', light, dark));
  const marks = BRIGHTENED.map((layer) => `${within} ${layer}`).join(', ');
  return [
    ...fills,
    rule('stroke', INK, DARK[INK]!),
    rule('background', PAPER, DARK[PAPER]!),
    // Half-transparent marks and thin lines would be faint.
    `${marks} { filter: brightness(1.35); }`,
  ].join('\n');
}

/**
 * The style inside an SVG picture, which makes it dark on a dark page. It applies only if the picture is a document of its
 * own, since inside a page it would style the rest of that page, too.
 */
export function standaloneStyle(): string {
  return `<style>@media (prefers-color-scheme: dark) {\n${darkRules('svg:root')}\n}</style>`;
}

/** `#222222` as plotly.js writes it: `rgb(34, 34, 34)`. */
function rgb(hex: string): string {
  return `rgb(${[1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(', ')})`;
}
