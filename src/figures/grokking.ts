/** The figure of one run that groks: accuracy and last-layer intrinsic dimension over the steps. */
import type { Layout, PlotData } from 'plotly.js';
import type { Environment, Measurement, RunRecord } from '../records/run-record';
import type { Figure } from './figure';
import { COLOURS, DEFAULT_SIZE, GREY } from './style';
import { grokkingStep } from './transition';

/** A record, or the part of it that is known while the run goes on. */
export type MeasuredRun = Pick<RunRecord, 'config' | 'measurements'> & { readonly environment?: Environment };

export interface GrokkingOptions {
  /** Activation whose ID is drawn. @default the last one measured, which gives LLID */
  readonly site?: string;
  /** Last step of the x axis. @default the last measured step */
  readonly steps?: number;
  /** Other runs, drawn fainter and dashed: validation accuracy and LLID, named by the settings that differ. */
  readonly beside?: readonly MeasuredRun[];
}

/** One run: train and validation accuracy on the left axis, LLID on validation on the right, log steps. */
export function grokkingFigure(run: MeasuredRun, options: GrokkingOptions = {}): Figure {
  const traces = grokkingTraces(run.measurements, options.site);
  const { beside = [] } = options;
  const everything = [run, ...beside].flatMap(({ measurements }) => measurements);
  const half = grokkingStep(run.measurements);
  const { axis: x, first, last } = stepAxis(everything, 580, options.steps);
  const right = idAxis(everything, options.site);
  // The names of other runs fill two entries of a row.
  const legend = beside.length === 0 ? 0 : 20 * (beside.length + 1);
  return {
    data: [
      ...traces.map((trace, i) => ({ ...trace, ...(i === 2 ? { yaxis: 'y2' } : {}) })),
      ...beside.flatMap((other, i) => besideTraces(run, other, i, options.site)),
    ],
    layout: {
      title: { text: runTitle(run) },
      xaxis: { ...x, title: { text: 'step (log scale)' } },
      yaxis: { ...ACCURACY_AXIS, title: { text: 'accuracy' } },
      yaxis2: {
        ...right,
        overlaying: 'y',
        side: 'right',
        title: { text: 'LLID on validation', font: { color: COLOURS.green } },
        tickfont: { color: COLOURS.green },
      },
      legend: { y: 1.07 },
      margin: { l: 56, r: 60, t: 108 + legend, b: 52 },
      height: DEFAULT_SIZE.height + legend,
      ...(half !== undefined && half > first ? halfwayMark(half, half > last / 2) : {}),
    },
  };
}

/** Train accuracy, validation accuracy, LLID on validation; told apart by colour and by dashes. */
export function grokkingTraces(measurements: readonly Measurement[], site?: string): Partial<PlotData>[] {
  // A log axis has no place for step 0.
  const shown = measurements.filter(({ step }) => step > 0);
  const step = shown.map((measurement) => measurement.step);
  const lines = { type: 'scatter', mode: shown.length < 3 ? 'lines+markers' : 'lines', x: step } as const;
  return [
    {
      ...lines,
      y: shown.map(({ train }) => train.accuracy),
      name: 'train accuracy',
      line: { color: COLOURS.blue, dash: 'dot', width: 2 },
    },
    {
      ...lines,
      y: shown.map(({ validation }) => validation.accuracy),
      name: 'validation accuracy',
      line: { color: COLOURS.vermillion, width: 2.5 },
    },
    {
      ...lines,
      y: shown.map((measurement) => lastLayerId(measurement, site)),
      name: 'LLID (right axis)',
      line: { color: COLOURS.green, width: 1.3 },
    },
  ];
}

/** How a run goes on disk and screen, not what is computed. */
const RHYTHM = new Set(['steps', 'measureEvery', 'earlyMeasurements', 'checkpointEvery']);

/** The settings in which another run differs from this one, such as `weightDecay 0.001`. */
export function difference(run: MeasuredRun, other: MeasuredRun): string {
  const keys = Object.keys({ ...run.config, ...other.config }).filter((key) => !RHYTHM.has(key));
  const differing = keys.filter(
    (key) => JSON.stringify(run.config[key]) !== JSON.stringify(other.config[key]),
  );
  return differing.map((key) => `${key} ${other.config[key] ?? 'not set'}`).join(', ') || 'same settings';
}

const DASHES = ['dash', 'dashdot', 'longdash', 'longdashdot'] as const;

function besideTraces(run: MeasuredRun, other: MeasuredRun, i: number, site?: string): Partial<PlotData>[] {
  const [, accuracy, id] = grokkingTraces(other.measurements, site);
  const dash = DASHES[i % DASHES.length]!;
  const name = difference(run, other);
  const faint = (trace: Partial<PlotData>, label: string): Partial<PlotData> => ({
    ...trace,
    name: `${label}: ${name}`,
    opacity: 0.6,
    line: { ...trace.line, width: 1.5, dash },
  });
  return [faint(accuracy!, 'validation'), { ...faint(id!, 'LLID'), yaxis: 'y2' }];
}

/** Settings and hardware in two lines. */
export function runTitle(run: MeasuredRun): string {
  const { config, environment } = run;
  const settings = [
    config.trainFraction === undefined ? '' : `p = ${config.trainFraction}`,
    config.weightDecay === undefined ? '' : `weight decay ${plainNumber(Number(config.weightDecay))}`,
    config.seed === undefined ? '' : `seed ${config.seed}`,
  ].filter(Boolean);
  const hardware = environment ? `<br><sub>${hardwareName(environment)}</sub>` : '';
  return `${taskName(run)}${settings.length > 0 ? `, ${settings.join(', ')}` : ''}${hardware}`;
}

/**
 * The x axis: logarithmic, as many labels as have room. It starts at 1/500 of the last step at the earliest, since
 * little happens before.
 * @param width of the axis in pixels
 */
export function stepAxis(
  measurements: readonly Measurement[],
  width: number,
  steps?: number,
): { axis: Partial<Layout['xaxis']>; first: number; last: number } {
  const known = measurements.map(({ step }) => step).filter((step) => step > 0);
  const last = Math.max(2, steps ?? 0, ...known);
  const first = Math.max(1, last / 500, Math.min(last / 2, ...known));
  const decades = Math.log10(last / first);
  const marks = width / decades > 130 ? [1, 2, 5] : [1];
  const tickvals: number[] = [];
  for (let power = Math.floor(Math.log10(first)); 10 ** power <= last; power++) {
    for (const mark of marks) {
      const value = mark * 10 ** power;
      if (value >= first * 0.999 && value <= last) tickvals.push(value);
    }
  }
  const ticktext = tickvals.map(round);
  const range = [Math.log10(first) - 0.02, Math.log10(last) + 0.02];
  return { axis: { type: 'log', range, tickmode: 'array', tickvals, ticktext }, first, last };
}

/** From 0 to 1. */
export const ACCURACY_AXIS: Partial<Layout['yaxis']> = {
  range: [-0.02, 1.02],
  tickmode: 'linear',
  tick0: 0,
  dtick: 0.2,
};

/** The ID axis: from 0, with as many ticks as the accuracy axis so that both share one grid. */
export function idAxis(measurements: readonly Measurement[], site?: string): Partial<Layout['yaxis']> {
  const values = measurements.map((measurement) => lastLayerId(measurement, site)).filter(Number.isFinite);
  const top = Math.max(5, 5 * Math.ceil(Math.max(0, ...values) / 5));
  return { range: [-0.02 * top, 1.02 * top], tickmode: 'linear', tick0: 0, dtick: top / 5, showgrid: false };
}

/** The step at which validation accuracy passes one half, named above the plot where it covers no curve. */
function halfwayMark(step: number, nearEnd: boolean): Partial<Layout> {
  return {
    shapes: [
      {
        type: 'line',
        x0: step,
        x1: step,
        y0: 0,
        y1: 1,
        yref: 'paper',
        line: { color: GREY, width: 1, dash: 'dash' },
      },
    ],
    annotations: [
      {
        // plotly.js places annotations of a log axis by exponent.
        x: Math.log10(step),
        y: 1,
        yref: 'paper',
        text: `50 % at step ${round(step)}`,
        showarrow: false,
        xanchor: nearEnd ? 'right' : 'center',
        yanchor: 'bottom',
        font: { size: 11 },
      },
    ],
  };
}

function lastLayerId(measurement: Measurement, site?: string): number {
  const { id } = measurement.validation;
  const name = site ?? Object.keys(id).at(-1);
  if (name === undefined) return Number.NaN;
  const estimate = id[name];
  if (!estimate) throw new Error(`no ID was measured at '${name}'; measured: ${Object.keys(id).join(', ')}`);
  return estimate.value;
}

/** What is learnt. */
export function taskName({ config }: MeasuredRun): string {
  const { task, prime, degree } = config;
  if (task === 'permutation') return `Permutations of ${degree ?? 5}`;
  if (typeof task === 'string') return `Modular ${task}${prime === undefined ? '' : ` mod ${prime}`}`;
  return 'Training';
}

function hardwareName({ backend, hardware }: Environment): string {
  return `${backend}, ${hardware}`;
}

/** 1e-2 rather than 0.01, 0.3 as it is. */
export function plainNumber(value: number): string {
  return value !== 0 && Math.abs(value) < 0.1 ? value.toExponential() : String(value);
}

/** A step for reading: 2,701. */
export function round(step: number): string {
  return Math.round(step).toLocaleString('en');
}
