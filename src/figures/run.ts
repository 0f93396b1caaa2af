/** The figure of one run: accuracy and last-layer intrinsic dimension over its steps. */
import type { Layout, PlotData } from 'plotly.js';
import { grokkingStep } from '../analysis/transition';
import { namedSettings, titleOf } from '../experiments/registry';
import { ANYTHING, assertGiven, type Kinds, NUMBER, TEXT } from '../given';
import { formatStep } from '../number-format';
import { withIds } from '../records/layer-ids';
import type { RunSoFar } from '../records/run-record';
import { besideTraces } from './beside';
import type { Figure } from './figure';
import { FRAME_KINDS, type FrameOptions, framed, legendName } from './frame';
import { provenance } from './provenance';
import { ACCURACY_AXIS, idAxis, leftQuantity, runTraces, stepAxis } from './run-axes';
import { DEFAULT_SIZE, FONT_SIZES, GREY, TEXT_COLOURS } from './style';

export interface RunFigureOptions extends FrameOptions {
  /** Activation whose ID is drawn. @default the last one measured, which gives LLID */
  readonly site?: string;
  /** The last step on the x axis. @default the last measured step */
  readonly steps?: number;
  /** Other runs, whose validation accuracy and LLID are drawn faint and dashed, named by the settings that differ. */
  readonly beside?: readonly RunSoFar[];
}

export const RUN_FIGURE_KINDS: Kinds<RunFigureOptions> = {
  ...FRAME_KINDS,
  site: TEXT,
  steps: NUMBER,
  beside: ANYTHING,
};

/** The frame around the plot of a run. */
const FRAME = { labels: 1, plot: 276, right: 60 } as const;

/** The frame of a figure of a run with these curves. */
export function runFrame(
  data: readonly Partial<PlotData>[],
  options: FrameOptions & { readonly subtitle?: readonly string[] },
): Partial<Layout> {
  return framed({ ...options, ...FRAME, legend: data.map(({ name }) => name ?? '') });
}

/**
 * One run over its steps on a log axis: train and validation accuracy, or loss if it has no accuracy, on the left axis, and LLID
 * on validation on the right one.
 *
 * @throws RangeError if nothing was measured yet
 */
export function runFigure(run: RunSoFar, options: RunFigureOptions = {}): Figure {
  assertGiven('figures.run', options, RUN_FIGURE_KINDS);
  if (run.measurements.length === 0)
    throw new RangeError(
      'figures.run needs at least one measurement, and this run has none yet: let it train longer',
    );
  return runSoFarFigure(run, options);
}

/** The figure of a run that may have no measurements yet. */
export function runSoFarFigure(run: RunSoFar, options: RunFigureOptions): Figure {
  const quantity = leftQuantity(run.measurements);
  const traces = runTraces(run.measurements, options.site);
  const { beside = [], width = DEFAULT_SIZE.width } = options;
  const others = besideTraces(run, beside, {
    site: options.site,
    named: (name) => legendName(name, { ...FRAME, width }),
  });
  const everything = [run, ...beside].flatMap(({ measurements }) => measurements);
  const half = grokkingStep(run.measurements);
  // What lies between step 0, which the log axis lacks, and the first measurement would stand beside no curve.
  const curveBegins = run.measurements.find(({ step }) => step > 0)?.step ?? Number.POSITIVE_INFINITY;
  const { axis: x, first, last } = stepAxis(everything, width - 60 - FRAME.right, options.steps);
  const data = [...traces.map((trace, i) => ({ ...trace, ...(i === 2 ? { yaxis: 'y2' } : {}) })), ...others];
  const title = options.title ?? runTitle(run);
  const right: Partial<Layout['yaxis']> = {
    ...idAxis(everything, options.site),
    overlaying: 'y',
    title: { text: 'LLID on validation', font: { color: TEXT_COLOURS.green } },
  };
  return {
    caption:
      `Training and validation ${quantity} (left axis) and the intrinsic dimension of the last layer on validation, LLID ` +
      `(right axis), over the steps of training. Run: ${runTitle(run)}. ${provenance([run, ...beside])}`,
    data,
    layout: {
      ...runFrame(data, { ...options, title }),
      xaxis: { ...x, title: { text: 'step (log scale)' } },
      yaxis: quantity === 'loss' ? { title: { text: 'loss' } } : ACCURACY_AXIS,
      ...(withIds(everything).length === 0 ? {} : { yaxis2: right }),
      ...(half !== undefined && half > first && half >= curveBegins
        ? halfwayMark(half, half > last / 2)
        : {}),
    },
  };
}

/** The task of a run, and its settings. */
export function runTitle({ config }: RunSoFar): string {
  return [titleOf(config), ...Object.values(namedSettings(config, 'run'))].join(', ');
}

/** Marks the step at which validation accuracy passes one half; its label is above the plot, where it covers no curve. */
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
        // plotly.js places annotations on a log axis by exponent.
        x: Math.log10(step),
        y: 1,
        yref: 'paper',
        text: `50 % at step ${formatStep(step)}`,
        showarrow: false,
        xanchor: nearEnd ? 'right' : 'center',
        yanchor: 'bottom',
        font: { size: FONT_SIZES.small },
      },
    ],
  };
}
