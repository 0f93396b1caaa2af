/** The curves and axes that all figures of runs over their steps have in common. */
import { max, mean, min } from 'd3-array';
import type { Layout, PlotData } from 'plotly.js';
import { formatStep } from '../number-format';
import { lastLayerId, withIds } from '../records/layer-ids';
import type { Measurement, RunSoFar } from '../records/run-record';
import { band } from './band';
import { COLOURS, FONT_SIZES, TEXT_COLOURS } from './style';
import { onLogAxis, type Tick, tickArrays, withRoom } from './ticks';

/** What the left axis shows: accuracy, or loss where a run has no accuracy, such as that of an autoencoder. */
export function leftQuantity(measurements: readonly Measurement[]): 'accuracy' | 'loss' {
  const known = measurements.some(({ train, validation }) =>
    [train, validation].some(({ accuracy }) => Number.isFinite(accuracy)),
  );
  return known || measurements.length === 0 ? 'accuracy' : 'loss';
}

/** Accuracy or loss of training and validation, and LLID on validation if it was measured, with different colours and dashes. */
export function runTraces(measurements: readonly Measurement[], site?: string): Partial<PlotData>[] {
  // A log axis cannot show step 0.
  const shown = measurements.filter(({ step }) => step > 0);
  const step = shown.map((measurement) => measurement.step);
  const measured = withIds(shown);
  const quantity = leftQuantity(measurements);
  const height = (split: Measurement['train']): number =>
    quantity === 'loss' ? split.loss : percent(split.accuracy);
  const lines = { type: 'scatter', mode: shown.length < 3 ? 'lines+markers' : 'lines', x: step } as const;
  return [
    {
      ...lines,
      y: shown.map(({ train }) => height(train)),
      name: `train ${quantity}`,
      line: { color: COLOURS.blue, dash: 'dot', width: 2 },
    },
    {
      ...lines,
      y: shown.map(({ validation }) => height(validation)),
      name: `validation ${quantity}`,
      line: { color: COLOURS.vermillion, width: 2.5 },
    },
    ...(withIds(measurements).length === 0
      ? []
      : [
          {
            ...lines,
            x: measured.map((measurement) => measurement.step),
            y: measured.map((measurement) => lastLayerId(measurement.validation, site)),
            name: LLID,
            line: { color: COLOURS.green, width: 1.3 },
          },
        ]),
  ];
}

/** The curve that belongs to the right axis. */
const LLID = 'LLID (right axis)';

/** A trace, and whether it belongs to the right axis. */
export interface SidedTrace {
  readonly trace: Partial<PlotData>;
  readonly right: boolean;
}

/** The name of the range of several runs in the legend. */
export const RANGE = 'range over seeds';

/**
 * The curves of {@link runTraces}. If there are several runs of one setting, which differ in their seeds, each curve is their
 * mean at the steps that all of them have, and a band reaches from the least to the greatest value.
 */
export function seedTraces(runs: readonly RunSoFar[], site?: string): SidedTrace[] {
  const bySeed = runs.map(({ measurements }) => runTraces(measurements, site));
  const sided = (trace: Partial<PlotData>): SidedTrace => ({ trace, right: trace.name === LLID });
  const [first = []] = bySeed;
  if (runs.length < 2) return first.map(sided);
  return first.flatMap((trace) => {
    const own = bySeed.flatMap((traces) => traces.filter(({ name }) => name === trace.name));
    const values = own.map(({ x, y }) => new Map((x as number[]).map((at, i) => [at, (y as number[])[i]!])));
    const points = (trace.x as number[])
      .filter((at) => values.every((of) => Number.isFinite(of.get(at))))
      .map((at) => ({ at, of: values.map((of) => of.get(at)!) }));
    const curve = { ...trace, x: points.map(({ at }) => at), y: points.map(({ of }) => mean(of)!) };
    const { color } = trace.line as { color: string };
    const range = points.map(({ at, of }) => ({ at, low: min(of)!, high: max(of)! }));
    return [
      { trace: { ...band(range, color), name: RANGE, legendgroup: RANGE }, right: trace.name === LLID },
      sided(curve),
    ];
  });
}

/**
 * The logarithmic x axis, with as many labels as there is room for. It starts at 1/500 of the last step at the earliest, since
 * little happens before, and at 1/20 at the latest, so that the batches of a run with few measurements are visible.
 * @param width the width of the axis in pixels
 */
export function stepAxis(
  measurements: readonly Measurement[],
  width: number,
  steps?: number,
): { axis: Partial<Layout['xaxis']>; first: number; last: number } {
  const known = measurements.map(({ step }) => step).filter((step) => step > 0);
  const last = Math.max(2, steps ?? 0, ...known);
  const first = Math.max(1, last / 500, Math.min(last / 20, ...known));
  const decades = Math.log10(last / first);
  const marks = width / decades > 130 ? [1, 2, 5] : [1];
  const ticks: Tick[] = [];
  // A narrow panel has room for 10k, but not for 10,000.
  const text = width / decades > 60 ? formatStep : thousands;
  for (let power = Math.floor(Math.log10(first)); 10 ** power <= last; power++) {
    for (const mark of marks) {
      const value = mark * 10 ** power;
      if (value >= first * 0.999 && value <= last) ticks.push({ value, text: text(value) });
    }
  }
  const range = [Math.log10(first) - 0.02, Math.log10(last) + 0.02];
  const size = width / decades > 60 ? FONT_SIZES.text : FONT_SIZES.least;
  const labelled = withRoom(ticks, onLogAxis(range, width), size);
  return { axis: { type: 'log', range, ...tickArrays(labelled) }, first, last };
}

/** A step in thousands: 10k rather than 10,000. */
function thousands(step: number): string {
  return step >= 1000 ? `${step / 1000}k` : String(step);
}

/** An accuracy in per cent, so that the value under the pointer has the unit of the axis. */
export function percent(share: number): number {
  return Number((100 * share).toPrecision(6));
}

/** The axis of accuracies from 0 to 100 %. */
export const ACCURACY_AXIS: Partial<Layout['yaxis']> = {
  range: [-2, 102],
  tickmode: 'linear',
  tick0: 0,
  dtick: 20,
  title: { text: 'accuracy (%)' },
};

/** The ID axis from 0, with as many ticks as the accuracy axis, so that both share one grid. */
export function idAxis(measurements: readonly Measurement[], site?: string): Partial<Layout['yaxis']> {
  const values = withIds(measurements)
    .map((measurement) => lastLayerId(measurement.validation, site))
    .filter(Number.isFinite);
  const top = Math.max(5, 5 * Math.ceil(Math.max(0, ...values) / 5));
  return {
    range: [-0.02 * top, 1.02 * top],
    tickmode: 'linear',
    tick0: 0,
    dtick: top / 5,
    showgrid: false,
    side: 'right',
    tickfont: { color: TEXT_COLOURS.green },
    title: { text: 'LLID', font: { color: TEXT_COLOURS.green } },
  };
}
