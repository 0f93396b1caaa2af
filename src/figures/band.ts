/** The area between two curves: an interval, or the range of several runs. */
import type { PlotData } from 'plotly.js';

/** Opacity of a band. */
const FADED = 0.25;

/** The lower and the upper end of the band at one place; no area is drawn where one of them is missing. */
export interface BandPoint<Place> {
  readonly at: Place;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

/** The area between the lower and the upper ends, with a gap where one of them is missing. */
export function band<Place extends number | string>(
  points: readonly BandPoint<Place>[],
  color: string,
  y: (value: number) => number = (value) => value,
): Partial<PlotData> {
  const outline: { x: (Place | null)[]; y: (number | null)[] } = { x: [], y: [] };
  let part: { at: Place; low: number; high: number }[] = [];
  const close = (): void => {
    const there = part.map(({ at, low }) => [at, y(low)] as const);
    const back = part.toReversed().map(({ at, high }) => [at, y(high)] as const);
    const whole = [...there, ...back];
    if (whole.length > 0) {
      outline.x.push(...whole.map(([at]) => at), null);
      outline.y.push(...whole.map(([, height]) => height), null);
    }
    part = [];
  };
  for (const { at, low = Number.NaN, high = Number.NaN } of points) {
    if (Number.isFinite(low) && Number.isFinite(high)) part.push({ at, low, high });
    else close();
  }
  close();
  return {
    type: 'scatter',
    mode: 'lines',
    x: outline.x as PlotData['x'],
    y: outline.y,
    fill: 'toself',
    fillcolor: faded(color),
    line: { width: 0 },
    hoverinfo: 'skip',
  };
}

/** A colour such as `#0072B2` with the opacity of a band. */
function faded(hex: string): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${r},${g},${b},${FADED})`;
}
