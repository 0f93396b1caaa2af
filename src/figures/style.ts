/** The look of every figure: colours, fonts and spacing, as one plotly template. */
import type { Template } from 'plotly.js';

/**
 * Colours of Okabe and Ito (https://jfly.uni-koeln.de/color/), which colour-blind readers can distinguish. The first
 * four have a contrast of at least 3 on white and on JupyterLab's dark background; use them first.
 */
export const COLOURS = {
  blue: '#0072B2',
  vermillion: '#D55E00',
  green: '#009E73',
  purple: '#CC79A7',
  orange: '#E69F00',
  skyBlue: '#56B4E9',
} as const;

/** Grey of text and axes: contrast about 4.3 on white and on a dark page alike. */
export const GREY = '#777777';

/** First choice is the font that static pictures are measured with; the others are as wide or narrower. */
export const FONT = 'DejaVu Sans, Verdana, Geneva, sans-serif';

/** Size in pixels of a figure that says none; fits a notebook's column. */
export const DEFAULT_SIZE = { width: 700, height: 420 } as const;

const axis = {
  showline: true,
  linecolor: GREY,
  linewidth: 1,
  gridcolor: 'rgba(128,128,128,0.22)',
  zeroline: false,
  ticks: 'outside',
  ticklen: 4,
  tickcolor: GREY,
} as const;

/** Transparent paper and mid-grey ink, so that one picture serves light and dark pages. */
export const TEMPLATE: Template = {
  layout: {
    font: { family: FONT, size: 12, color: GREY },
    title: {
      font: { size: 15 },
      x: 0,
      xref: 'paper',
      xanchor: 'left',
      y: 1,
      yref: 'container',
      yanchor: 'top',
      pad: { t: 24 },
    },
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    colorway: Object.values(COLOURS),
    margin: { l: 56, r: 20, t: 84, b: 64 },
    legend: { orientation: 'h', x: 0, xanchor: 'left', y: 1.02, yanchor: 'bottom', bgcolor: 'rgba(0,0,0,0)' },
    hovermode: 'closest',
    xaxis: axis,
    yaxis: axis,
  } as Template['layout'] & object,
};
