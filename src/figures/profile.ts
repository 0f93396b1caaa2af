/** Figures along a network: intrinsic dimension or accuracy per layer or class. */
import { least } from 'd3-array';
import type { PlotData } from 'plotly.js';
import type { LayerProfile } from '../activations/layer-profile';
import { assertGiven, FLAG } from '../given';
import { withIds } from '../records/layer-ids';
import type { DimensionEstimate, Measurement } from '../records/run-record';
import { type CategoryAxis, categoryAxis } from './category-axis';
import { errorBars } from './estimator';
import type { Figure } from './figure';
import { FRAME_KINDS, type FrameOptions, framed } from './frame';
import { withPanels } from './profile-panels';
import { COLOURS, DEFAULT_SIZE, FONT_SIZES, SYMBOLS } from './style';
import { textWidth } from './text-width';

/** One curve along the sites; each value comes with half the length of its error bar. */
export interface SiteCurve {
  readonly name: string;
  /** A site without a dimension is a gap. */
  readonly sites: Readonly<Record<string, DimensionEstimate>>;
}

const SITE_AXIS = 'activation, from input to output';
const LEVEL = '95 % interval';
const PLOT = 280;
/** Room beside the plot in pixels. */
const BESIDE = { left: 60, right: 30 } as const;
/** Height in pixels of the label of a value. */
const LABEL = 16;

/**
 * ID of every site with its interval. PID and LLID are named, unless the profile is `unfinished`. Overlaps and scale curves
 * have panels of their own if they were measured.
 */
export function profileFigure(
  profile: LayerProfile,
  given: FrameOptions & { readonly unfinished?: boolean } = {},
): Figure {
  assertGiven('figures.profile', given, { ...FRAME_KINDS, unfinished: FLAG });
  const { unfinished = false, ...options } = given;
  const { sites, order, peakSite, lastSite, peakId, lastLayerId } = profile;
  const top = 1.25 * Math.max(...Object.values(sites).map(({ interval }) => interval.upper));
  const along = siteAxis([order], options);
  const same = peakSite === lastSite;
  const peak = `PID ${peakId.toFixed(1)}`;
  const last = `LLID ${lastLayerId.toFixed(1)}`;
  const height = (site: string): number => ((sites[site]?.interval.upper ?? 0) / top) * PLOT;
  // If the two labels would meet, that of the peak, which is the higher one, moves up.
  const pixels = (Math.abs(order.indexOf(peakSite) - order.indexOf(lastSite)) / order.length) * along.width;
  const meet = pixels < textWidth(peak, FONT_SIZES.text) + 12 && height(peakSite) - height(lastSite) < LABEL;
  const note = (site: string, text: string, lift = 0): object => ({
    x: shortSite(site),
    y: sites[site]?.interval.upper,
    text,
    showarrow: false,
    yshift: 12 + lift,
  });
  const figure: Figure = {
    caption:
      `The intrinsic dimension of each activation; the bars are ${LEVEL}s.` +
      (unfinished ? '' : ' PID is the largest, LLID that of the last layer before the classifier.'),
    data: [{ ...curveStyle(0), name: `ID (bars: ${LEVEL})`, ...profileCurve(profile), showlegend: false }],
    layout: {
      ...framed({ title: 'Intrinsic dimension per layer', ...options, ...along.frame }),
      xaxis: along.axis,
      yaxis: { title: { text: `ID (bars: ${LEVEL})` }, range: [0, top] },
      annotations: [
        ...(unfinished ? [] : [note(peakSite, same ? `${peak} = ${last}` : peak, meet ? LABEL : 0)]),
        ...(unfinished || same || !(lastSite in sites) ? [] : [note(lastSite, last)]),
        ...Object.entries(profile.notMeasurable).map(([site, reason]) => gapNote(site, reason)),
      ],
    },
  };
  return withPanels(figure, [['', profile, curveStyle(0)]], shortSite);
}

/** ID of several networks along the same sites, such as one before and after training; overlaps have a panel. */
export function profilesFigure(
  profiles: Readonly<Record<string, LayerProfile>>,
  options: FrameOptions = {},
): Figure {
  assertGiven('figures.profiles', options, FRAME_KINDS);
  const curves = Object.entries(profiles);
  if (curves.length === 0) throw new Error('figures.profiles needs at least one profile, got none');
  const along = siteAxis(
    curves.map(([, { order }]) => order),
    options,
  );
  const figure: Figure = {
    caption: `The intrinsic dimension of each activation of several networks; the bars are ${LEVEL}s.`,
    data: curves.map(([name, profile], i) => ({ ...curveStyle(i), name, ...profileCurve(profile) })),
    layout: {
      ...framed({
        title: 'Intrinsic dimension per layer',
        ...options,
        ...along.frame,
        legend: curves.map(([name]) => name),
      }),
      xaxis: along.axis,
      yaxis: { title: { text: `ID (bars: ${LEVEL})` }, rangemode: 'tozero' },
    },
  };
  const styled = curves.map(([name, profile], i) => [name, profile, curveStyle(i)] as const);
  return withPanels(figure, styled, shortSite);
}

/** PID and LLID of several networks in the given order, such as the checkpoints of a run. */
export function runsFigure(
  profiles: Readonly<Record<string, LayerProfile>>,
  options: FrameOptions = {},
): Figure {
  assertGiven('figures.runs', options, FRAME_KINDS);
  const names = Object.keys(profiles);
  if (names.length === 0) throw new Error('figures.runs needs at least one profile, got none');
  const curve = (i: number, name: string, site: 'peakSite' | 'lastSite'): Partial<PlotData> => {
    // A run whose last site has no dimension leaves a gap.
    const measured = names.filter((run) => profiles[run]!.sites[profiles[run]![site]]);
    const estimates = measured.map((run) => profiles[run]!.sites[profiles[run]![site]]!);
    return {
      ...curveStyle(i),
      name,
      x: measured,
      y: estimates.map(({ value }) => value),
      error_y: errorBars(estimates),
    };
  };
  const along = categoryAxis(names, plotWidth(options), 'run');
  return {
    caption: `The largest dimension of all layers (PID) and that of the last one (LLID) by run; the bars are ${LEVEL}s.`,
    data: [curve(0, 'PID', 'peakSite'), curve(1, 'LLID', 'lastSite')],
    layout: {
      ...framed({
        title: 'Peak and last-layer intrinsic dimension',
        ...options,
        ...BESIDE,
        bottom: along.bottom,
        legend: ['PID', 'LLID'],
        plot: PLOT,
      }),
      xaxis: { ...along.axis, categoryarray: names },
      yaxis: { title: { text: `ID (bars: ${LEVEL})` }, rangemode: 'tozero' },
    },
  };
}

/** Curves along the same sites, such as a network before and after training; bars show the standard deviation. */
export function sitesFigure(curves: readonly SiteCurve[], options: FrameOptions = {}): Figure {
  assertGiven('figures.sites', options, FRAME_KINDS);
  if (curves.length === 0) throw new Error('figures.sites needs at least one curve, got none');
  const along = siteAxis(
    curves.map(({ sites }) => Object.keys(sites)),
    options,
  );
  return {
    caption:
      'The intrinsic dimension of each activation. The bars are standard deviations over subsamples of the points, as in the ' +
      'paper: they show how steady the estimate is, and are no intervals.',
    data: curves.map(({ name, sites }, i) => ({
      ...curveStyle(i),
      name,
      x: Object.keys(sites).map(shortSite),
      y: Object.values(sites).map(({ value }) => value),
      error_y: {
        type: 'data',
        array: Object.values(sites).map((estimate) => (estimate.value === null ? 0 : estimate.std)),
        thickness: 1.5,
        width: 4,
      },
    })),
    layout: {
      ...framed({
        title: 'Intrinsic dimension per layer',
        ...options,
        ...along.frame,
        legend: curves.map(({ name }) => name),
      }),
      xaxis: along.axis,
      yaxis: { title: { text: 'ID (bars: deviation over subsamples)' }, rangemode: 'tozero' },
    },
  };
}

function plotWidth({ width = DEFAULT_SIZE.width }: FrameOptions): number {
  return width - BESIDE.left - BESIDE.right;
}

/** The axis of the sites of several networks, and the frame around it. */
function siteAxis(
  orders: readonly (readonly string[])[],
  options: FrameOptions,
): {
  axis: CategoryAxis['axis'];
  width: number;
  frame: { left: number; right: number; bottom: number; plot: number };
} {
  const names = [...new Set(orders.flat().map(shortSite))];
  const width = plotWidth(options);
  const { axis, bottom } = categoryAxis(names, width, SITE_AXIS);
  return { axis, width, frame: { ...BESIDE, bottom, plot: PLOT } };
}

/**
 * Curves of the validation ID at the measurements nearest to the given steps, which show how the dimensions move while a
 * network learns; none if no dimension was measured.
 */
export function siteCurves(measurements: readonly Measurement[], steps: readonly number[]): SiteCurve[] {
  const measured = withIds(measurements);
  if (measured.length === 0) return [];
  const nearest = steps.map((wanted) => least(measured, ({ step }) => Math.abs(step - wanted))!);
  return [...new Set(nearest)].map(({ step, validation }) => ({
    name: `step ${step.toLocaleString('en')}`,
    sites: validation.id,
  }));
}

/** All sites in order; one without an estimate is a gap. */
function profileCurve({ order, sites }: LayerProfile): Partial<PlotData> {
  const missing = {
    value: Number.NaN,
    interval: { lower: Number.NaN, upper: Number.NaN, level: Number.NaN },
  };
  const estimates = order.map((site) => sites[site] ?? missing);
  return {
    x: order.map(shortSite),
    y: order.map((site) => sites[site]?.value ?? null),
    error_y: errorBars(estimates),
  };
}

/** A note at the foot of a gap that there is no dimension; the reason appears under the pointer. */
function gapNote(site: string, reason: string): object {
  return {
    x: shortSite(site),
    y: 0,
    text: 'not measurable',
    hovertext: reason,
    showarrow: false,
    textangle: -90,
    yanchor: 'bottom',
    font: { size: 10 },
  };
}

function curveStyle(i: number): Partial<PlotData> {
  const colours = Object.values(COLOURS);
  const color = colours[i % colours.length] as string;
  return {
    type: 'scatter',
    mode: 'lines+markers',
    line: { color, width: 2 },
    marker: { color, size: 8, symbol: SYMBOLS[i % SYMBOLS.length] as string },
  };
}

/** `transformer.h.1.mlp` -> `h.1.mlp`, without the prefix that all sites share. */
function shortSite(site: string): string {
  return site.replace(/^transformer\./, '');
}
