/** A chart that follows a run while it trains. */
import { existsSync } from 'node:fs';
import type { PlotData } from 'plotly.js';
import { ANYTHING, assertGiven, type Kinds, NUMBER, TEXT } from '../given';
import { readCurves } from '../records/curves';
import type { RunSoFar } from '../records/run-record';
import { type Measurement, readRun } from '../records/run-record';
import type { TrainEvent } from '../training/trainer';
import { difference } from './beside';
import { duration } from './duration';
import { type Figure, figureBundle, showCaption } from './figure';
import { display, inNotebook, type MimeBundle } from './notebook-output';
import { offlinePlotly } from './plotly-offline';
import { RUN_FIGURE_KINDS, type RunFigureOptions, runFrame, runSoFarFigure, runTitle } from './run';
import { percent } from './run-axes';
import { sketch } from './sketch';
import { COLOURS } from './style';

export interface LiveOptions extends RunFigureOptions {
  /** Settings for the title; `config.steps` is the end of the x axis. */
  readonly config?: Readonly<object>;
  /** The run's record: measurements and curves of an earlier part of the run are drawn from the start. */
  readonly path?: string;
  /** Shortest time between two updates in milliseconds. @default 250 in a notebook, 5000 elsewhere */
  readonly interval?: number;
}

const LIVE_KINDS: Kinds<LiveOptions> = {
  ...RUN_FIGURE_KINDS,
  config: ANYTHING,
  path: TEXT,
  interval: NUMBER,
};

/** What a chart shows at one moment. */
export interface LiveState {
  readonly run: RunSoFar;
  readonly batches: BatchCurve;
  readonly step: number;
  readonly steps: number;
  /** Milliseconds that are left, if known. */
  readonly remaining?: number;
}

/** The share of the time that drawing may take. */
const SHARE_OF_TIME = 0.02;

let charts = 0;

/**
 * Consumes the events of a run and draws them below the cell, in place, at most four times a second and never for
 * more than 2 % of the time. The updates are quick sketches; when the run ends or is stopped, the figure itself takes
 * their place. Outside a notebook it prints a line every few seconds.
 *
 * @returns the measurements, those of the earlier part included
 */
export async function liveChart<Id extends Measurement['train']['id']>(
  events: AsyncIterable<TrainEvent<Id>>,
  options: LiveOptions = {},
): Promise<readonly Measurement[]> {
  assertGiven('liveChart', options, LIVE_KINDS);
  const { path, interval = inNotebook() ? 250 : 5000, config: _, ...figureOptions } = options;
  const config = { ...options.config } as Readonly<Record<string, unknown>>;
  const id = `live-chart-${process.pid}-${++charts}`;
  const measurements = new Map<number, Measurement>();
  const batches = new BatchCurve();
  const steps = options.steps ?? Number(config.steps ?? 0);
  let environment: RunSoFar['environment'];
  let started: { step: number } | undefined;
  /** The first step takes the time to compile as well. */
  let first: { time: number; step: number } | undefined;
  let step = 0;
  let shown = false;
  let nextDraw = 0;

  const draw = async (ended: boolean): Promise<void> => {
    const run: RunSoFar = {
      config,
      measurements: [...measurements.values()],
      ...(environment ? { environment } : {}),
    };
    const now = performance.now();
    const done = first ? step - first.step : 0;
    const remaining = first && done > 0 ? ((now - first.time) / done) * (steps - step) : undefined;
    const state = { run, batches, step, steps, ...(remaining === undefined ? {} : { remaining }) };
    if (inNotebook()) {
      const figure = liveFigure(state, figureOptions);
      const quick = (): MimeBundle => ({ 'image/svg+xml': sketch(figure), 'text/plain': progress(state) });
      display(ended ? await figureBundle(figure) : quick(), { id, update: shown });
      if (ended) showCaption(figure);
      // A run that is stopped need not wait for it then; if it does not load, the last drawing says so.
      else if (!shown) offlinePlotly().catch(() => {});
    } else console.log(progress(state));
    shown = true;
    const cost = performance.now() - now;
    nextDraw = performance.now() + Math.max(interval, cost / SHARE_OF_TIME);
  };

  try {
    for await (const event of events) {
      if (!started) {
        started = { step: event.type === 'step' ? event.step - 1 : event.step };
        if (path !== undefined && existsSync(path)) {
          const record = readRun(path);
          environment = record.environment;
          for (const measurement of record.measurements) measurements.set(measurement.step, measurement);
          for (const { step, accuracy } of readCurves(path))
            if (step <= started.step) batches.add(step, accuracy);
        }
      }
      step = event.step;
      if (event.type === 'step') {
        first ??= { time: performance.now(), step };
        batches.add(event.step, event.accuracy);
      }
      if (event.type === 'measurement') measurements.set(event.step, event);
      if (performance.now() >= nextDraw) await draw(false);
    }
  } finally {
    // A run that fails is drawn as well: the figure stays, with a picture for viewers without JavaScript.
    if (started) await draw(true);
  }
  return [...measurements.values()];
}

/** The figure of a run under way: that of a finished run, and a faint curve of the training batches. */
export function liveFigure(state: LiveState, options: RunFigureOptions = {}): Figure {
  const { run, batches, steps } = state;
  const beside = options.beside?.filter(({ config }) => isOther(config, run.config)) ?? [];
  const { data, layout, caption } = runSoFarFigure(run, {
    ...options,
    beside,
    ...(steps > 0 ? { steps } : {}),
  });
  const { x, y } = batches.points();
  const faint: Partial<PlotData> = {
    type: 'scatter',
    mode: 'lines',
    x,
    y: y.map(percent),
    name: 'training batches',
    line: { color: COLOURS.skyBlue, width: 1 },
    opacity: 0.6,
  };
  const curves = [faint, ...data];
  const title = options.title ?? runTitle(run);
  return {
    caption: `${caption} ${BATCHES}`,
    data: curves,
    layout: { ...layout, ...runFrame(curves, { ...options, title, subtitle: [progress(state)] }) },
  };
}

/** Explains why the two curves of training accuracy differ. */
const BATCHES =
  'The faint curve is the accuracy on the batches themselves: on pictures as they are augmented, with dropout, and with the ' +
  'weights before the step. The other curves are evaluated: without augmentation and dropout, on whole sets. Where ' +
  'dropout or augmentation is on, batches are therefore answered worse than the same examples in the evaluation.';

/** True for a run that is worth drawing beside this one: of the same kind of experiment, and not an earlier part of it. */
function isOther(config: RunSoFar['config'], own: RunSoFar['config']): boolean {
  return config.experiment === own.experiment && difference(config, own) !== '';
}

/** The progress of the run, in one line. */
function progress({ run, step, steps, remaining }: LiveState): string {
  const last = run.measurements.at(-1);
  const where = `step ${step.toLocaleString('en')}${steps > 0 ? ` of ${steps.toLocaleString('en')}` : ''}`;
  const left = remaining !== undefined && remaining > 0 ? `, ${duration(remaining)} left` : '';
  const accuracy = last ? `, validation accuracy ${(100 * last.validation.accuracy).toFixed(1)} %` : '';
  return `${where}${left}${accuracy}`;
}

/**
 * A noisy curve thinned for a log axis: it holds means over bins that grow with the step, so that it has a few hundred
 * points at most, however long the run is.
 */
export class BatchCurve {
  private readonly bins = new Map<number, { step: number; sum: number; count: number }>();

  /** @param binsPerDecade how fine: this many points for each factor 10 in the step */
  constructor(private readonly binsPerDecade = 60) {}

  add(step: number, value: number): void {
    const key = Math.round(Math.log10(step) * this.binsPerDecade);
    const bin = this.bins.get(key) ?? { step: 0, sum: 0, count: 0 };
    bin.step += step;
    bin.sum += value;
    bin.count += 1;
    this.bins.set(key, bin);
  }

  /** Mean step and mean value of each bin, in order. */
  points(): { x: number[]; y: number[] } {
    const bins = [...this.bins.values()];
    return { x: bins.map(({ step, count }) => step / count), y: bins.map(({ sum, count }) => sum / count) };
  }
}
