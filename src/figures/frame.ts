/** The frame of a plot: how much room the title, the legend and the labels above it need at a given width. */
import type { Layout } from 'plotly.js';
import { type Kinds, NUMBER, TEXT } from '../given';
import { DEFAULT_SIZE, FONT_SIZES } from './style';
import { textWidth, wrapped } from './text-width';

/** Options of every figure. */
export interface FrameOptions {
  /** Title; '' for none, as in a paper, where the caption takes its place. @default what the figure shows */
  readonly title?: string;
  /**
   * Width for which the figure is arranged and drawn, at 96 pixels an inch. @default arranged for 700, and as wide as the cell
   * of a notebook
   */
  readonly width?: number;
}

/** What every figure can be told. */
export const FRAME_KINDS: Kinds<FrameOptions> = { title: TEXT, width: NUMBER };

/** The parts that are arranged around a plot. */
export interface FrameParts extends FrameOptions {
  /** Smaller lines below the title; without a title they are left out. */
  readonly subtitle?: readonly string[];
  /** Names in the legend. */
  readonly legend?: readonly string[];
  /** Lines of text between legend and plot, such as titles of panels. @default 0 */
  readonly labels?: number;
  /** Height of the plot, from the top of its first panel to the bottom of its last, in pixels. */
  readonly plot: number;
  /** Room beside and below the plot in pixels, for the axes. @default 60, 20 and 56 */
  readonly left?: number;
  readonly right?: number;
  readonly bottom?: number;
}

/** Width of one column, and of both, in a two-column paper, in pixels. */
export const COLUMN_WIDTHS = { 1: 3.25 * 96, 2: 6.75 * 96 } as const;

const EDGE = 12;
const TITLE_LINE = 1.3 * FONT_SIZES.title;
/** plotly.js sets the first of several lines higher than a single line, by the height of a capital. */
const RISE = 0.7 * FONT_SIZES.title;
const LABEL_LINE = 1.3 * FONT_SIZES.small;
/** Width of the sample of a curve that plotly.js draws beside its name. */
const LEGEND_SAMPLE = 45;
/** Heights in a legend of plotly.js: an entry, a further line of it, and the room around all entries. */
const LEGEND = { entry: 19, line: 1.3 * FONT_SIZES.text, around: 10 } as const;

/** The parts of a layout that depend on how much stands around the plot. */
export function framed(parts: FrameParts): Partial<Layout> {
  const { title = '', subtitle = [], legend = [], labels = 0, plot } = parts;
  const { left = 60, right = 20, bottom = 56 } = parts;
  const width = parts.width ?? DEFAULT_SIZE.width;
  const room = width - left - right;
  const lines = title === '' ? [] : wrapped(title, room, FONT_SIZES.title);
  const below = title === '' ? [] : subtitle.flatMap((line) => wrapped(line, room, FONT_SIZES.small));
  const titles = lines.length + below.length;
  const heading = titles === 0 ? EDGE / 2 : EDGE + FONT_SIZES.title + TITLE_LINE * (titles - 1) + 4;
  const entries = legendOf(legend, room);
  const above = labels === 0 ? 0 : labels * LABEL_LINE + 6;
  const top = Math.ceil(heading + entries.height + above + 4);
  return {
    ...(titles === 0
      ? {}
      : {
          title: {
            text: [...lines, ...below.map(small)].join('<br>'),
            pad: { t: EDGE + (titles > 1 ? RISE : 0) },
          },
        }),
    ...(parts.width === undefined ? {} : { width }),
    height: top + plot + bottom,
    margin: { l: left, r: right, t: top, b: bottom },
    showlegend: legend.length > 0,
    ...(legend.length === 0
      ? {}
      : {
          // By default, plotly.js makes a legend that is higher than the plot scroll.
          legend: {
            orientation: entries.orientation,
            y: 1 + (above + 2) / plot,
            maxheight: entries.height + 30,
          } as Partial<Layout['legend']>,
        }),
  };
}

/** plotly.js writes all entries in one line, or else in columns that are as wide as the widest entry. */
function legendOf(names: readonly string[], width: number): { orientation: 'h' | 'v'; height: number } {
  const { entry, line, around } = LEGEND;
  if (names.length === 0) return { orientation: 'h', height: 0 };
  const lines = names.map((name) => name.split('<br>'));
  const widths = lines.flat().map((text) => LEGEND_SAMPLE + textWidth(text, FONT_SIZES.text));
  const whole = lines.every(({ length }) => length === 1);
  if (whole && widths.reduce((sum, next) => sum + next, 0) <= width)
    return { orientation: 'h', height: entry + around };
  const columns = whole ? Math.floor(width / Math.max(...widths)) : 1;
  if (columns > 1) return { orientation: 'h', height: Math.ceil(names.length / columns) * entry + around };
  const height = lines.reduce<number>((sum, { length }) => sum + entry + line * (length - 1), around);
  return { orientation: 'v', height };
}

/** A name for the legend, in as many lines as it needs. */
export function legendName(
  name: string,
  { left = 60, right = 20, width = DEFAULT_SIZE.width }: Room,
): string {
  return wrapped(name, width - left - right - LEGEND_SAMPLE - EDGE, FONT_SIZES.text).join('<br>');
}

type Room = Pick<FrameParts, 'left' | 'right' | 'width'>;

/** A line of the title in the size of labels. */
function small(line: string): string {
  return `<span style="font-size:${FONT_SIZES.small}px">${line}</span>`;
}

/** A label broken into lines no wider than `width` and joined for plotly.js, with the number of lines. */
export function label(text: string, width: number): { readonly text: string; readonly lines: number } {
  const lines = wrapped(text, width, FONT_SIZES.small);
  return { text: lines.join('<br>'), lines: lines.length };
}
