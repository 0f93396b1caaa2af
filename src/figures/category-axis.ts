/** An axis of names: they stand upright where there is room, and are turned with room below them otherwise. */
import type { Layout } from 'plotly.js';
import { FONT_SIZES } from './style';
import { textWidth } from './text-width';

/** The axis, and how much room it and its title need below the plot, in pixels. */
export interface CategoryAxis {
  readonly axis: Partial<Layout['xaxis']>;
  readonly bottom: number;
}

/** Without turned names: ticks, one line of names, and the title. */
const LEVEL = 56;
/** Longer names are shown by their ends, which differ; the whole name is under the pointer. */
const LONGEST = 24;
/** Turned names stand this far below the axis, and above the title. */
const AROUND = 44;

/**
 * @param names in order
 * @param width of the axis in pixels
 */
export function categoryAxis(names: readonly string[], width: number, title: string): CategoryAxis {
  const shown = names.map((name) => (name.length > LONGEST ? `…${name.slice(1 - LONGEST)}` : name));
  const longest = Math.max(0, ...shown.map((name) => textWidth(name, FONT_SIZES.text)));
  const turned = longest + 8 > width / Math.max(1, names.length);
  // Turned names are a line high each; where even that is too much, every second or third is written.
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
