/** What figures of regularisation share: the axis of its strength, and how a quantity is drawn along it. */
import type { Layout, PlotData } from 'plotly.js';
import type { Level, Outcome, Quantity, Regularization } from '../analysis/regularization';
import { formatSetting } from '../number-format';

/** As it is written on an axis. */
export const STRENGTH_NAMES: Readonly<Record<Regularization, string>> = {
  weightDecay: 'weight decay',
  blockDropout: 'dropout rate',
};

/** The axis of a strength, and where on it a strength lies. */
export interface StrengthAxis {
  readonly layout: Partial<Layout['xaxis']>;
  position(strength: number): number;
}

/**
 * Weight decays on a log axis, with zero, which it has no place for, at its left end; dropout rates on a linear one.
 */
export function strengthAxis(sweep: readonly Level[], regularization: Regularization): StrengthAxis {
  const title = { text: STRENGTH_NAMES[regularization] };
  const strengths = sweep.map(({ strength }) => strength);
  const positive = strengths.filter((strength) => strength > 0);
  if (regularization === 'blockDropout' || positive.length === 0) {
    const highest = Math.max(0.1, ...positive);
    return {
      layout: { title, range: [-0.05 * highest, 1.05 * highest] },
      position: (strength) => strength,
    };
  }
  const [least, greatest] = [Math.min(...positive), Math.max(...positive)];
  const zero = least / 4;
  const powers = Array.from(
    { length: Math.floor(Math.log10(greatest)) - Math.ceil(Math.log10(least)) + 1 },
    (_, i) => Number(`1e${Math.ceil(Math.log10(least)) + i}`),
  );
  return {
    layout: {
      title,
      type: 'log',
      range: [Math.log10(zero) - 0.15, Math.log10(greatest) + 0.15],
      tickangle: 0,
      tickvals: [zero, ...powers],
      ticktext: ['0', ...powers.map(formatSetting)],
    },
    position: (strength) => (strength === 0 ? zero : strength),
  };
}

/** A colour and the symbol that goes with it, for readers who see no colours. */
export interface Look {
  readonly color: string;
  readonly symbol: string;
}

/**
 * Every run as a small mark, hollow where it has collapsed, and a line through the means of the strengths.
 * @param value what is drawn of a run, and of a mean
 */
export function alongStrength(
  sweep: readonly Level[],
  axis: StrengthAxis,
  value: (of: Readonly<Record<Quantity, number>>) => number,
  { color, symbol }: Look,
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
        marker: { color, symbol: hollow ? `${symbol}-open` : symbol, size: 7, opacity: hollow ? 1 : 0.55 },
      },
    ];
  };
  return [
    {
      type: 'scatter',
      mode: 'lines',
      name: 'mean over seeds',
      x: sweep.map(({ strength }) => axis.position(strength)),
      y: sweep.map(({ mean }) => value(mean)),
      line: { color, width: 2 },
    },
    ...marks(
      'one run',
      ends.filter(({ collapsed }) => !collapsed),
      false,
    ),
    ...marks(
      'one run that has not learnt',
      ends.filter(({ collapsed }) => collapsed),
      true,
    ),
  ];
}
