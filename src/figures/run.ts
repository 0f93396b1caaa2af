/** The figure of one run over its steps: accuracy and last-layer intrinsic dimension over the steps. */
import type { Layout } from 'plotly.js';
import { grokkingStep } from '../analysis/transition';
import { namedSettings, titleOf } from '../experiments/registry';
import { formatStep } from '../number-format';
import { withIds } from '../records/layer-ids';
import type { Environment, RunSoFar } from '../records/run-record';
import { besideTraces } from './beside';
import type { Figure } from './figure';
import { ACCURACY_AXIS, idAxis, runTraces, stepAxis } from './run-axes';
import { COLOURS, DEFAULT_SIZE, GREY } from './style';

export interface RunFigureOptions {
  /** Activation whose ID is drawn. @default the last one measured, which gives LLID */
  readonly site?: string;
  /** Last step of the x axis. @default the last measured step */
  readonly steps?: number;
  /** Other runs, drawn fainter and dashed: validation accuracy and LLID, named by the settings that differ. */
  readonly beside?: readonly RunSoFar[];
}

/** One run: train and validation accuracy on the left axis, LLID on validation on the right, log steps. */
export function runFigure(run: RunSoFar, options: RunFigureOptions = {}): Figure {
  const traces = runTraces(run.measurements, options.site);
  const { beside = [] } = options;
  const others = besideTraces(run, beside, options.site);
  const everything = [run, ...beside].flatMap(({ measurements }) => measurements);
  const half = grokkingStep(run.measurements);
  const { axis: x, first, last } = stepAxis(everything, 580, options.steps);
  const right: Partial<Layout['yaxis']> = {
    ...idAxis(everything, options.site),
    overlaying: 'y',
    side: 'right',
    title: { text: 'LLID on validation', font: { color: COLOURS.green } },
    tickfont: { color: COLOURS.green },
  };
  // The long names of other runs leave room for two entries in a row.
  const legend = others.length === 0 ? 0 : 20 * (others.length / 2 + 1);
  return {
    data: [...traces.map((trace, i) => ({ ...trace, ...(i === 2 ? { yaxis: 'y2' } : {}) })), ...others],
    layout: {
      title: { text: runTitle(run) },
      xaxis: { ...x, title: { text: 'step (log scale)' } },
      yaxis: { ...ACCURACY_AXIS, title: { text: 'accuracy' } },
      ...(withIds(everything).length === 0 ? {} : { yaxis2: right }),
      legend: { y: 1.07 },
      margin: { l: 56, r: 60, t: 108 + legend, b: 52 },
      height: DEFAULT_SIZE.height + legend,
      ...(half !== undefined && half > first ? halfwayMark(half, half > last / 2) : {}),
    },
  };
}

/** Settings and hardware in two lines. */
export function runTitle(run: RunSoFar): string {
  const { config, environment } = run;
  const settings = Object.values(namedSettings(config, 'run'));
  const hardware = environment ? `<br><sub>${hardwareName(environment)}</sub>` : '';
  return `${[titleOf(config), ...settings].join(', ')}${hardware}`;
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
        text: `50 % at step ${formatStep(step)}`,
        showarrow: false,
        xanchor: nearEnd ? 'right' : 'center',
        yanchor: 'bottom',
        font: { size: 11 },
      },
    ],
  };
}

function hardwareName({ backend, hardware }: Environment): string {
  return `${backend}, ${hardware}`;
}
