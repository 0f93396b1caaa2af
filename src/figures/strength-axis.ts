/** The axis of the strength of regularisation, and how a quantity is drawn along it. */
import type { Layout, PlotData } from 'plotly.js';
import type { Level, Outcome, Quantity, Regularization } from '../analysis/regularization';
import { formatSetting } from '../number-format';
import { FONT_SIZES } from './style';
import { onLogAxis, tickArrays, withRoom } from './ticks';
import { breakMarks, zeroBreak } from './zero-break';

/** The names of the kinds of regularisation, as written on an axis. */
export const STRENGTH_NAMES: Readonly<Record<Regularization, string>> = {
  weightDecay: 'weight decay',
  blockDropout: 'dropout rate',
};

/** The axis of a strength, and the position of a strength on it. */
export interface StrengthAxis {
  readonly layout: Partial<Layout['xaxis']>;
  position(strength: number): number;
  /** The shapes drawn on the axis of a panel. */
  marks(xref: string, yref: string): Partial<Layout>['shapes'] & object;
}

/**
 * A log axis for weight decays, with zero behind a break, and a linear axis for dropout rates.
 * @param width of the axis in pixels
 */
export function strengthAxis(
  sweep: readonly Level[],
  regularization: Regularization,
  width: number,
): StrengthAxis {
  const title = { text: STRENGTH_NAMES[regularization] };
  const strengths = sweep.map(({ strength }) => strength);
  const positive = strengths.filter((strength) => strength > 0);
  if (regularization === 'blockDropout' || positive.length === 0) {
    const highest = Math.max(0.1, ...positive);
    return {
      layout: { title, range: [-0.05 * highest, 1.05 * highest] },
      position: (strength) => strength,
      marks: () => [],
    };
  }
  const [least, greatest] = [Math.min(...positive), Math.max(...positive)];
  const ends = zeroBreak(least, greatest);
  const withZero = strengths.includes(0);
  const powers = Array.from(
    { length: Math.floor(Math.log10(greatest)) - Math.ceil(Math.log10(least)) + 1 },
    (_, i) => Number(`1e${Math.ceil(Math.log10(least)) + i}`),
  );
  const range = [Math.log10(withZero ? ends.zero : least) - 0.15, Math.log10(greatest) + 0.15];
  const ticks = [
    ...(withZero ? [{ value: ends.zero, text: '0' }] : []),
    ...powers.map((value) => ({ value, text: formatSetting(value) })),
  ];
  const labelled = withRoom(ticks, onLogAxis(range, width), FONT_SIZES.text);
  return {
    layout: { title, type: 'log', range, tickangle: 0, ...tickArrays(labelled) },
    position: (strength) => (strength === 0 ? ends.zero : strength),
    marks: (xref, yref) => (withZero ? breakMarks(ends, xref, yref) : []),
  };
}

/** The meaning of the marks of {@link alongStrength}, for the legend and the caption. */
export const STRENGTH_MARKS = {
  mean: 'mean over seeds',
  run: 'one run',
  collapsed: 'one run that has not learnt',
} as const;

/** The part of a caption that explains the marks. */
export const STRENGTH_CAPTION =
  'Each mark is one run at its end. Lines join the means over seeds at strengths at which every run has learnt; a run that ' +
  'has not (hollow) has less than half of the best accuracy of its sweep. Zero stands behind a break of the log axis.';

/**
 * Draws every run as a small mark, hollow if it has not learnt, and a line through the means of the strengths at which all
 * runs have. A mean over runs of which some have learnt and some have not would lie where there is no run.
 *
 * @param value the quantity that is drawn, of a run and of a mean
 */
export function alongStrength(
  sweep: readonly Level[],
  axis: StrengthAxis,
  value: (of: Readonly<Record<Quantity, number>>) => number,
  color: string,
): Partial<PlotData>[] {
  const ends = sweep.flatMap((level) => level.outcomes);
  const marks = (name: string, chosen: readonly Outcome[], hollow: boolean): Partial<PlotData>[] => {
    if (chosen.length === 0) return [];
    return [
      {
        type: 'scatter',
        mode: 'markers',
        name,
        x: chosen.map(({ strength }) => axis.position(strength)),
        y: chosen.map(value),
        // A dimension of zero lies on the edge.
        cliponaxis: false,
        marker: { color, symbol: hollow ? 'circle-open' : 'circle', size: 7, opacity: hollow ? 1 : 0.55 },
      },
    ];
  };
  // A null interrupts the line: the axis is broken behind zero, and a strength at which a run has not learnt has no mean.
  const means = sweep.flatMap((level): { x: number; y: number | null }[] => {
    const x = axis.position(level.strength);
    const learnt = level.outcomes.every(({ collapsed }) => !collapsed);
    const point = { x, y: learnt ? value(level.mean) : null };
    return level.strength === 0 && x !== 0 ? [point, { x, y: null }] : [point];
  });
  return [
    {
      type: 'scatter',
      mode: 'lines+markers',
      name: STRENGTH_MARKS.mean,
      x: means.map(({ x }) => x),
      y: means.map(({ y }) => y),
      line: { color, width: 2 },
      marker: { color, symbol: 'line-ew-open', size: 10, line: { width: 2 } },
    },
    ...marks(
      STRENGTH_MARKS.run,
      ends.filter(({ collapsed }) => !collapsed),
      false,
    ),
    ...marks(
      STRENGTH_MARKS.collapsed,
      ends.filter(({ collapsed }) => collapsed),
      true,
    ),
  ];
}
