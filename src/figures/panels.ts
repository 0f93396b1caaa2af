/** The panels of a figure: their places and their titles. */
import type { Layout } from 'plotly.js';
import { FONT_SIZES } from './style';

/** The i-th of n equal parts of 0 .. 1 with a gap between them, from left to right or from bottom to top. */
export function share(i: number, n: number, gap: number): [number, number] {
  const size = (1 - gap * (n - 1)) / n;
  const start = i * (size + gap);
  return [start, Math.min(1, start + size)];
}

/** Text above the left end of a panel; `top` is the upper end of the panel. */
export function panelTitle(
  domain: readonly [number, number],
  top: number,
  text: string,
): NonNullable<Layout['annotations']>[number] {
  return {
    text,
    xref: 'paper',
    yref: 'paper',
    x: domain[0],
    y: top,
    xanchor: 'left',
    yanchor: 'bottom',
    align: 'left',
    showarrow: false,
    font: { size: FONT_SIZES.small },
  };
}
