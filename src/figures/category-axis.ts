/** An axis of names, which are written horizontally where there is room, and vertically otherwise. */
import type { Layout } from 'plotly.js';
import { FONT_SIZES } from './style';
import { textWidth } from './text-width';

/** The axis, and how much room it and its title need below the plot, in pixels. */
export interface CategoryAxis {
  readonly axis: Partial<Layout['xaxis']>;
  readonly bottom: number;
}

/** Height below the plot if names are horizontal: ticks, one line of names, and the title. */
const LEVEL = 56;
/** Longer names are cut to their ends, which differ; the whole name appears under the pointer. */
const LONGEST = 24;
/** Height of everything but the names below the plot if names are vertical. */
const AROUND = 44;

/**
 * @param names in order
 * @param width of the axis in pixels
 */
export function categoryAxis(names: readonly string[], width: number, title: string): CategoryAxis {
  const shown = names.map((name) => (name.length > LONGEST ? `…${name.slice(1 - LONGEST)}` : name));
  const longest = Math.max(0, ...shown.map((name) => textWidth(name, FONT_SIZES.text)));
  const turned = longest + 8 > width / Math.max(1, names.length);
  // A vertical name is one line wide; if even that is too much, only every second or third name is written.
  const every = turned ? Math.ceil((1.2 * FONT_SIZES.text * names.length) / width) : 1;
  const written = (_: string, i: number): boolean => i % every === 0;
  return {
    axis: {
      type: 'category',
      title: { text: title, standoff: 8 },
      tickangle: turned ? -90 : 0,
      tickmode: 'array',
      tickvals: names.filter(written),
      ticktext: shown.filter(written),
    },
    bottom: turned ? Math.ceil(longest) + AROUND : LEVEL,
  };
}
