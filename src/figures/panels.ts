/** Panels side by side in one figure. */
import type { Layout } from 'plotly.js';

/** The part of the width that one of several panels side by side has. */
export function panelDomain(panel: number, panels: number): [number, number] {
  const gap = 0.06;
  const width = (1 - gap * (panels - 1)) / panels;
  return [panel * (width + gap), panel * (width + gap) + width];
}

/** Above a panel whose upper end is at `top`, at its left. */
export function panelTitle(
  domain: readonly [number, number],
  top: number,
): NonNullable<Layout['annotations']>[number] {
  return {
    xref: 'paper',
    yref: 'paper',
    x: domain[0],
    y: top,
    xanchor: 'left',
    yanchor: 'bottom',
    align: 'left',
    showarrow: false,
    font: { size: 11.5 },
  };
}
