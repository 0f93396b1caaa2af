/** Figures of grokking: accuracy and last-layer intrinsic dimension over the steps of one run, or of a grid. */
import type { Layout, PlotData } from 'plotly.js';
import type { Environment, Measurement, RunRecord } from '../records/run-record';
import type { Figure } from './figure';
import { COLOURS, GREY } from './style';
import { grokkingStep, transition } from './transition';

/** A record, or the part of it that is known while the run goes on. */
export type MeasuredRun = Pick<RunRecord, 'config' | 'measurements'> & { readonly environment?: Environment };

export interface GrokkingOptions {
  /** Activation whose ID is drawn. @default the last one measured, which gives LLID */
  readonly site?: string;
  /** Last step of the x axis. @default the last measured step */
  readonly steps?: number;
}

/** One run: train and validation accuracy on the left axis, LLID on validation on the right, log steps. */
export function grokkingFigure(run: MeasuredRun, options: GrokkingOptions = {}): Figure {
  const traces = grokkingTraces(run.measurements, options.site);
  const half = grokkingStep(run.measurements);
  const { axis: x, first, last } = stepAxis(run.measurements, 580, options.steps);
  const right = idAxis(run.measurements, options.site);
  return {
    data: traces.map((trace, i) => ({ ...trace, ...(i === 2 ? { yaxis: 'y2' } : {}) })),
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
      margin: { l: 56, r: 60, t: 108, b: 52 },
      ...(half !== undefined && half > first ? halfwayMark(half, half > last / 2) : {}),
    },
  };
}

/**
 * Runs that differ in training fraction (rows) and weight decay (columns), on shared axes, as in figure 4 of
 * the paper. Several runs of one setting, such as seeds, are drawn into one panel.
 */
export function grokkingGrid(
  runs: readonly MeasuredRun[],
  options: GrokkingOptions & { title?: string } = {},
): Figure {
  if (runs.length === 0) throw new Error('grokkingGrid needs at least one run, got none');
  const rows = distinct(runs.map((run) => setting(run, 'trainFraction')));
  const columns = distinct(runs.map((run) => setting(run, 'weightDecay')));
  const everything = runs.flatMap((run) => run.measurements);
  const { axis: x } = stepAxis(everything, 850 / columns.length, options.steps);
  const right = idAxis(everything, options.site);
  const data: Partial<PlotData>[] = [];
  const layout: Record<string, unknown> = {};
  const annotations: NonNullable<Layout['annotations']> = [];
  const panels = rows.length * columns.length;
  const panelOf = (run: MeasuredRun): number =>
    rows.indexOf(setting(run, 'trainFraction')) * columns.length +
    columns.indexOf(setting(run, 'weightDecay'));

  for (let panel = 0; panel < panels; panel++) {
    const row = Math.floor(panel / columns.length);
    const column = panel % columns.length;
    const left = panel + 1;
    const domainX = share(column, columns.length, 0.02);
    const domainY = share(rows.length - 1 - row, rows.length, 0.055);
    const inBottomRow = row === rows.length - 1;
    const inLastColumn = column === columns.length - 1;
    layout[`xaxis${left}`] = {
      ...x,
      domain: domainX,
      anchor: `y${left}`,
      showticklabels: inBottomRow,
      tickangle: 0,
      tickfont: { size: 10 },
      title: { text: inBottomRow ? 'step' : '' },
    };
    layout[`yaxis${left}`] = {
      ...ACCURACY_AXIS,
      domain: domainY,
      anchor: `x${left}`,
      showticklabels: column === 0,
      tickfont: { size: 10 },
      title: { text: column === 0 ? 'accuracy' : '' },
    };
    layout[`yaxis${panels + left}`] = {
      ...right,
      overlaying: `y${left}`,
      anchor: `x${left}`,
      side: 'right',
      showticklabels: inLastColumn,
      tickfont: { size: 10, color: COLOURS.green },
      title: { text: inLastColumn ? 'LLID' : '', font: { color: COLOURS.green } },
    };
    const members = runs.filter((run) => panelOf(run) === panel);
    for (const run of members) {
      grokkingTraces(run.measurements, options.site).forEach((trace, i) => {
        const yaxis = `y${i === 2 ? panels + left : left}`;
        data.push({ ...trace, xaxis: `x${left}`, yaxis, showlegend: data.length < 3 });
      });
    }
    const half = members.map((run) => grokkingStep(run.measurements)).filter((step) => step !== undefined);
    const heading = `p = ${rows[row]}, weight decay ${plainNumber(columns[column] as number)}`;
    const outcome =
      members.length === 0
        ? 'no run'
        : half.length === 0
          ? 'never'
          : half.map((step) => round(step)).join(', ');
    annotations.push({
      text: `${heading}<br>50 % at: ${outcome}`,
      xref: 'paper',
      yref: 'paper',
      x: domainX[0],
      y: domainY[1],
      xanchor: 'left',
      yanchor: 'bottom',
      align: 'left',
      showarrow: false,
      font: { size: 10 },
    });
  }
  if (data.length === 0) throw new Error('none of the runs has a measurement yet');
  const title =
    options.title ?? `${taskName(runs[0] as MeasuredRun)}: accuracy and LLID over the steps of training`;
  return {
    data,
    layout: {
      ...layout,
      title: { text: title },
      annotations,
      width: 1000,
      height: 120 + rows.length * 200,
      margin: { l: 50, r: 50, t: 104, b: 48 },
      legend: { y: 1 + 44 / (rows.length * 200), yanchor: 'bottom' },
    } as Partial<Layout>,
  };
}

/** One setting of the grid, ours beside the paper's. */
export interface GrokkingRow {
  readonly trainFraction: number;
  readonly weightDecay: number;
  /** Step of 50 % validation accuracy; undefined where it never gets there. */
  readonly ours?: number;
  /** The paper's, read off its figure; null where it never gets there. */
  readonly paper?: number | null;
  /** ours / paper */
  readonly ratio?: number;
  /** LLID on validation: the largest, at the 50 % step, the least after the largest, at the end. */
  readonly peak: number;
  readonly atTransition?: number;
  readonly least: number;
  readonly final: number;
  /** Decades of steps by which LLID's half-fall comes before 50 % accuracy; negative where it comes after. */
  readonly lead?: number;
  /** Correlation of the slopes of accuracy and LLID over log steps, with its 95 % interval. */
  readonly slopes?: string;
}

/**
 * A table of runs beside the paper's 50 % steps.
 *
 * @param paper by trainFraction and weight decay
 */
export function grokkingRows(
  runs: readonly MeasuredRun[],
  paper: Readonly<Record<string, Readonly<Record<string, number | null>>>>,
): GrokkingRow[] {
  const settings = (run: MeasuredRun): [number, number] => [
    setting(run, 'trainFraction'),
    setting(run, 'weightDecay'),
  ];
  const sorted = [...runs].sort((a, b) => {
    const [[p, decay], [q, other]] = [settings(a), settings(b)];
    return p - q || decay - other;
  });
  const short = (value: number): number => Math.round(value * 10) / 10;
  return sorted.map((run) => {
    const [trainFraction, weightDecay] = settings(run);
    const { halfAccuracy, atTransition, lead, peak, least, final, slopes } = transition(run.measurements);
    const theirs = paper[trainFraction]?.[weightDecay];
    return {
      trainFraction,
      weightDecay,
      ...(halfAccuracy === undefined ? {} : { ours: Math.round(halfAccuracy) }),
      ...(theirs === undefined ? {} : { paper: theirs }),
      ...(halfAccuracy && theirs ? { ratio: Math.round((100 * halfAccuracy) / theirs) / 100 } : {}),
      peak: short(peak),
      ...(atTransition === undefined ? {} : { atTransition: short(atTransition) }),
      least: short(least),
      final: short(final),
      ...(lead === undefined ? {} : { lead: Math.round(1000 * lead) / 1000 }),
      ...(slopes === undefined
        ? {}
        : {
            slopes: `${slopes.r.toFixed(2)} [${slopes.interval.lower.toFixed(2)}, ${slopes.interval.upper.toFixed(2)}]`,
          }),
    };
  });
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
      line: { color: COLOURS.green, dash: 'dash', width: 2 },
    },
  ];
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
function stepAxis(
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

const ACCURACY_AXIS: Partial<Layout['yaxis']> = {
  range: [-0.02, 1.02],
  tickmode: 'linear',
  tick0: 0,
  dtick: 0.2,
};

/** The ID axis: from 0, with as many ticks as the accuracy axis so that both share one grid. */
function idAxis(measurements: readonly Measurement[], site?: string): Partial<Layout['yaxis']> {
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

function taskName({ config }: MeasuredRun): string {
  const { task, prime, degree } = config;
  if (task === 'permutation') return `Permutations of ${degree ?? 5}`;
  if (typeof task === 'string') return `Modular ${task}${prime === undefined ? '' : ` mod ${prime}`}`;
  return 'Training';
}

function hardwareName({ backend, hardware }: Environment): string {
  return `${backend}, ${hardware}`;
}

function setting({ config }: MeasuredRun, key: string): number {
  const value = config[key];
  if (typeof value !== 'number')
    throw new Error(`a run of the grid has ${key} = ${value}; it must be a number`);
  return value;
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** The i-th of n equal parts of 0..1 with a gap between them. */
function share(i: number, n: number, gap: number): [number, number] {
  const width = (1 - gap * (n - 1)) / n;
  const start = i * (width + gap);
  return [start, Math.min(1, start + width)];
}

function plainNumber(value: number): string {
  return value !== 0 && Math.abs(value) < 0.1 ? value.toExponential() : String(value);
}

function round(step: number): string {
  return Math.round(step).toLocaleString('en');
}
