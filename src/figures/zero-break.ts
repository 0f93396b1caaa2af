/** Zero on a log axis: it is drawn at the left end, behind a break in the axis. */
import type { Layout } from 'plotly.js';
import { GREY, PAPER } from './style';

/** The positions of zero and of the break in the axis. */
export interface ZeroBreak {
  /** In the units of the axis. */
  readonly zero: number;
  /** Between zero and the least number. */
  readonly at: number;
}

/** Gives zero a tenth of the axis, and at least half a decade. */
export function zeroBreak(least: number, greatest: number): ZeroBreak {
  const decades = Math.max(0.5, 0.12 * Math.log10(greatest / least));
  return { zero: least / 10 ** decades, at: least / 10 ** (decades / 2) };
}

/**
 * Two strokes across the axis line and a gap between them.
 * @param xref such as `x2`, with the vertical axis `y2`
 */
export function breakMarks(
  { at }: ZeroBreak,
  xref: string,
  yref: string,
): Partial<Layout>['shapes'] & object {
  const place = {
    xref: xref as 'x',
    yref: `${yref} domain` as 'paper',
    xsizemode: 'pixel',
    ysizemode: 'pixel',
    xanchor: at,
    yanchor: 0,
    type: 'path',
  } as const;
  return [
    { ...place, path: 'M-5,-5L-1,5L5,5L1,-5Z', fillcolor: PAPER, line: { width: 0 } },
    { ...place, path: 'M-5,-5L-1,5', line: { color: GREY, width: 1 } },
    { ...place, path: 'M1,-5L5,5', line: { color: GREY, width: 1 } },
  ];
}
