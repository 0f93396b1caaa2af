/** Panels below a profile, on the same axis of layers: neighbourhood overlaps, and the dimension at every scale. */
import type { Layout, PlotData } from 'plotly.js';
import type { FurtherMeasures, LayerOverlap, LayerProfile } from '../activations/layer-profile';
import { errorBars } from './estimator';
import type { Figure } from './figure';
import { DEFAULT_SIZE } from './style';

type Curves = readonly (readonly [name: string, profile: LayerProfile, style: Partial<PlotData>])[];

interface Panel {
  readonly data: Partial<PlotData>[];
  readonly axis: Partial<Layout['yaxis']>;
}

/** Height of a further panel, relative to that of the profile. */
const HEIGHT = 0.62;
/** Room above a further panel for its legend, relative to the height of the profile. */
const GAP = 0.22;

/**
 * Adds the panels that the profiles have measurements for.
 *
 * @param x gives the name of a site on the axis
 */
export function withPanels(figure: Figure, curves: Curves, x: (site: string) => string): Figure {
  const panels = [overlapPanel(curves, x), scalePanel(curves, x)].filter((panel) => panel !== undefined);
  if (panels.length === 0) return figure;
  const total = 1 + panels.length * (HEIGHT + GAP);
  const layout: Record<string, unknown> = { ...figure.layout };
  const { height = DEFAULT_SIZE.height, margin } = figure.layout ?? {};
  const upper = (i: number): number => 1 - (1 + i * (HEIGHT + GAP) + GAP) / total;
  const lower = (i: number): number => Math.max(0, upper(i) - HEIGHT / total);
  layout['yaxis'] = { ...figure.layout?.yaxis, domain: [1 - 1 / total, 1] };
  // The names of the layers stand below the last panel.
  layout['xaxis'] = { ...figure.layout?.xaxis, anchor: `y${panels.length + 1}` };
  layout['showlegend'] = true;
  // The profile keeps its height.
  layout['height'] = height + (total - 1) * (height - (margin?.t ?? 0) - (margin?.b ?? 0));
  for (const [i, { axis }] of panels.entries()) {
    layout[`yaxis${i + 2}`] = { ...axis, domain: [lower(i), upper(i)] };
    layout[`legend${i + 2}`] = {
      orientation: 'h',
      x: 0,
      xanchor: 'left',
      y: upper(i) + 0.01,
      yanchor: 'bottom',
      bgcolor: 'rgba(0,0,0,0)',
    };
  }
  const data = panels.flatMap((panel, i) =>
    panel.data.map((trace) => ({ ...trace, yaxis: `y${i + 2}`, legend: `legend${i + 2}`, showlegend: true })),
  );
  return {
    ...figure,
    data: [...figure.data, ...(data as Partial<PlotData>[])],
    layout: layout as Partial<Layout>,
  };
}

function overlapPanel(curves: Curves, x: (site: string) => string): Panel | undefined {
  const kinds = [
    ['overlap', 'with the layer before', 'solid'],
    ['labelOverlap', 'with labels', 'dot'],
  ] as const;
  const data = kinds.flatMap(([key, words, dash]) =>
    curves.flatMap(([name, { order, sites }, style]): Partial<PlotData>[] => {
      const measured = order.filter((site) => hasValue(sites[site]?.[key]));
      if (measured.length === 0) return [];
      const found = measured.map((site) => sites[site]![key] as LayerOverlap);
      return [
        {
          ...style,
          line: { ...style.line, dash },
          name: [name, words].filter(Boolean).join(' '),
          x: measured.map(x),
          y: found.map(({ value }) => value),
          error_y: errorBars(found),
        },
      ];
    }),
  );
  if (data.length === 0) return undefined;
  return { data, axis: { title: { text: 'neighbourhood overlap' }, range: [0, 1.05] } };
}

function hasValue(overlap: FurtherMeasures['overlap'] | FurtherMeasures['labelOverlap']): boolean {
  return overlap !== undefined && overlap.value !== null;
}

/** Colours from near neighbours (blue) to far ones (red), each readable on light and on dark pages. */
const SHADES = ['#0072B2', '#1F86A8', '#009E73', '#7A9A01', '#B8860B', '#D55E00', '#C0392B'];

/** One curve along the layers for each scale, of a single profile: the curves of several could not be told apart. */
function scalePanel(curves: Curves, x: (site: string) => string): Panel | undefined {
  if (curves.length !== 1) return undefined;
  const [[, { order, sites }]] = curves as [Curves[number]];
  const measured = order.filter((site) => sites[site]?.scaleCurve);
  const scales = new Set(measured.flatMap((site) => sites[site]!.scaleCurve!.curve.map(({ n2 }) => n2)));
  if (scales.size === 0) return undefined;
  const data = [...scales].map((n2, i): Partial<PlotData> => {
    const having = measured.filter((site) => sites[site]!.scaleCurve!.curve.some((point) => point.n2 === n2));
    const points = having.map((site) => sites[site]!.scaleCurve!.curve.find((point) => point.n2 === n2)!);
    const color = SHADES[i % SHADES.length]!;
    return {
      type: 'scatter',
      mode: 'lines+markers',
      name: `n₂ = ${n2}`,
      x: having.map(x),
      y: points.map(({ value }) => value),
      error_y: errorBars(points),
      line: { color, width: 2 },
      marker: { color, size: 6 },
    };
  });
  return { data, axis: { title: { text: 'ID by GRIDE, n₂ = 2 n₁' }, rangemode: 'tozero' } };
}
