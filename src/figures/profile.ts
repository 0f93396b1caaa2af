/** Figures along a network: intrinsic dimension or accuracy per layer or class. */
import { least } from 'd3-array';
import type { Layout, PlotData } from 'plotly.js';
import type { LayerProfile } from '../activations/layer-profile';
import { withIds } from '../records/layer-ids';
import type { DimensionEstimate, Measurement } from '../records/run-record';
import { errorBars } from './estimator';
import type { Figure } from './figure';
import { withPanels } from './profile-panels';
import { COLOURS, DEFAULT_SIZE } from './style';

/** One curve along the sites, each value with half the length of its error bar. */
export interface SiteCurve {
  readonly name: string;
  /** A site without a dimension is a gap. */
  readonly sites: Readonly<Record<string, DimensionEstimate>>;
}

const SHAPES = ['circle', 'diamond', 'square', 'triangle-up', 'x', 'star'];

/**
 * ID of every site with its interval; PID and LLID are named, unless the profile is `unfinished`. Overlaps and scale curves that
 * were measured have panels of their own.
 */
export function profileFigure(
  profile: LayerProfile,
  options: { title?: string; unfinished?: boolean } = {},
): Figure {
  const estimates = Object.values(profile.sites);
  const note = (site: string, text: string): object => ({
    x: shortSite(site),
    y: profile.sites[site]?.interval.upper,
    text,
    showarrow: false,
    yshift: 12,
  });
  const same = profile.peakSite === profile.lastSite;
  const peak = `PID ${profile.peakId.toFixed(1)}`;
  const last = `LLID ${profile.lastLayerId.toFixed(1)}`;
  const hasLast = profile.lastSite in profile.sites;
  const { xaxis, height, annotations, below } = siteAxis([profile]);
  const figure: Figure = {
    data: [
      {
        ...curveStyle(0),
        name: 'ID',
        ...profileCurve(profile),
        showlegend: false,
      },
    ],
    layout: {
      title: { text: options.title ?? 'Intrinsic dimension per layer' },
      xaxis,
      height,
      yaxis: {
        title: { text: 'ID (95 % interval)' },
        range: [0, 1.2 * Math.max(...estimates.map((e) => e.interval.upper))],
      },
      annotations: [
        ...annotations,
        ...(options.unfinished ? [] : [note(profile.peakSite, same ? `${peak} = ${last}` : peak)]),
        ...(same || !hasLast || options.unfinished ? [] : [note(profile.lastSite, last)]),
        ...Object.entries(profile.notMeasurable).map(([site, reason]) => gapNote(site, reason)),
      ],
      margin: { l: 56, r: 30, t: 56, b: 64 + below },
    },
  };
  return withPanels(figure, [['', profile, curveStyle(0)]], shortSite);
}

/** ID with intervals of several networks along the same sites, such as one before and after training; overlaps have a panel. */
export function profilesFigure(
  profiles: Readonly<Record<string, LayerProfile>>,
  options: { title?: string } = {},
): Figure {
  const curves = Object.entries(profiles);
  if (curves.length === 0) throw new Error('profilesFigure needs at least one profile, got none');
  const { xaxis, height, annotations, below } = siteAxis(curves.map(([, profile]) => profile));
  const figure: Figure = {
    data: curves.map(([name, profile], i) => ({ ...curveStyle(i), name, ...profileCurve(profile) })),
    layout: {
      title: { text: options.title ?? 'Intrinsic dimension per layer' },
      xaxis,
      height,
      annotations: annotations as NonNullable<Layout['annotations']>,
      yaxis: { title: { text: 'ID (95 % interval)' }, rangemode: 'tozero' },
      margin: { l: 56, r: 30, t: 84, b: 64 + below },
    },
  };
  const styled = curves.map(([name, profile], i) => [name, profile, curveStyle(i)] as const);
  return withPanels(figure, styled, shortSite);
}

/** PID and LLID of several networks in their order, such as the checkpoints of a training. */
export function runsFigure(
  profiles: Readonly<Record<string, LayerProfile>>,
  options: { title?: string } = {},
): Figure {
  const names = Object.keys(profiles);
  if (names.length === 0) throw new Error('runsFigure needs at least one profile, got none');
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
  return {
    data: [curve(0, 'PID', 'peakSite'), curve(1, 'LLID', 'lastSite')],
    layout: {
      title: { text: options.title ?? 'Peak and last-layer intrinsic dimension' },
      xaxis: { title: { text: 'run' }, type: 'category', categoryarray: names },
      yaxis: { title: { text: 'ID (95 % interval)' }, rangemode: 'tozero' },
      margin: { l: 56, r: 30, t: 84, b: 64 },
    },
  };
}

/** Curves along the same sites, such as a network before and after training; bars show the standard deviation. */
export function sitesFigure(curves: readonly SiteCurve[], options: { title?: string } = {}): Figure {
  if (curves.length === 0) throw new Error('sitesFigure needs at least one curve, got none');
  return {
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
      title: { text: options.title ?? 'Intrinsic dimension per layer' },
      xaxis: { title: { text: 'activation, from input to output' }, type: 'category' },
      yaxis: { title: { text: 'ID ± deviation over subsamples' }, rangemode: 'tozero' },
      margin: { l: 56, r: 30, t: 84, b: 64 },
    },
  };
}

/**
 * The validation ID of the measurements nearest to some steps as curves, to see the dimensions move while a network learns;
 * none where no dimension was measured.
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

/** Says at the foot of the gap that there is nothing to draw; the reason is shown under the pointer. */
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
    marker: { color, size: 8, symbol: SHAPES[i % SHAPES.length] as string },
  };
}

/** Longer names are shown by their ends, which differ; the whole is under the pointer. */
const LONGEST = 18;
/** Pixels of a character and of a slanted line, and degrees of names that would not fit side by side. */
const CHARACTER = 6.8;
const LINE = 15;
const SLANT = 45;

/** The layers along the foot of a figure; slanted names get the room that they need. */
function siteAxis(profiles: readonly LayerProfile[]): {
  xaxis: Layout['xaxis'];
  height: number;
  annotations: object[];
  below: number;
} {
  const names = [...new Set(profiles.flatMap(({ order }) => order.map(shortSite)))];
  const shown = names.map((name) => (name.length > LONGEST ? `…${name.slice(1 - LONGEST)}` : name));
  const width = CHARACTER * Math.max(...shown.map((name) => name.length));
  const isSlanted = width > (DEFAULT_SIZE.width - 86) / names.length;
  const below = isSlanted ? Math.ceil(width * Math.sin((SLANT * Math.PI) / 180)) : 0;
  const text = 'activation, from input to output';
  // Of very many layers every second, third, ... is named.
  const every = Math.ceil((names.length * LINE) / (DEFAULT_SIZE.width - 86));
  const [tickvals, ticktext] = [names, shown].map((list) => list.filter((_, i) => i % every === 0));
  const ticks = { type: 'category', tickvals, ticktext } as const;
  if (!isSlanted)
    return {
      xaxis: { ...ticks, title: { text } } as Layout['xaxis'],
      height: DEFAULT_SIZE.height,
      annotations: [],
      below,
    };
  // plotly.js puts the title of an axis where level names would end.
  const title = { text, xref: 'paper', x: 0.5, yref: 'paper', y: 0, yanchor: 'top', yshift: -below - 14 };
  return {
    xaxis: { ...ticks, tickangle: -SLANT } as Layout['xaxis'],
    height: DEFAULT_SIZE.height + below,
    annotations: [{ ...title, font: { size: 14 }, showarrow: false }],
    below,
  };
}

/** `transformer.h.1.mlp` -> `h.1.mlp`: the common prefix says nothing. */
function shortSite(site: string): string {
  return site.replace(/^transformer\./, '');
}
