/** Does a fall of the dimension depend on the estimator? One run's last layer by several estimators, beside accuracy. */
import { max } from 'd3-array';
import type { PlotData } from 'plotly.js';
import { assertGiven } from '../given';
import { withIds } from '../records/layer-ids';
import type { RunSoFar } from '../records/run-record';
import type { Figure } from './figure';
import { FRAME_KINDS, type FrameOptions, framed } from './frame';
import { provenance } from './provenance';
import { runTitle } from './run';
import { ACCURACY_AXIS, percent, stepAxis } from './run-axes';
import { COLOURS, DEFAULT_SIZE, GREY, TEXT_COLOURS } from './style';

const BEFORE = 'value before training';

const DASHES = ['solid', 'dash', 'dashdot', 'longdash', 'dot', 'longdashdot'] as const;

/**
 * Draws every estimate relative to its value before training, since estimators differ in level and the falls are to be
 * compared. The record comes from `npm run remeasure`: it holds estimators where other records hold sites.
 */
export function estimatorsFigure(run: RunSoFar, options: FrameOptions = {}): Figure {
  assertGiven('figures.estimators', options, FRAME_KINDS);
  const shown = run.measurements.filter(({ step }) => step > 0);
  const first = run.measurements[0];
  if (!first || shown.length < 2)
    throw new RangeError(`figures.estimators needs at least 3 measurements, got ${run.measurements.length}`);
  const measured = withIds(shown);
  const colours = [COLOURS.green, COLOURS.blue, COLOURS.purple, COLOURS.orange, COLOURS.skyBlue];
  const curves = Object.entries(first.validation.id).map(([estimator, { value }], i): Partial<PlotData> => {
    // Without a dimension before training there is nothing to compare with, so the curve is empty.
    const start = value ?? Number.NaN;
    const found = measured.map(({ validation }) => validation.id[estimator]!);
    return {
      type: 'scatter',
      mode: 'lines+markers',
      name: `${estimator} (${value === null ? 'not measurable at first' : `from ${value.toFixed(1)}`})`,
      x: measured.map(({ step }) => step),
      y: found.map((estimate) => (estimate.value === null ? null : estimate.value / start)),
      error_y: {
        type: 'data',
        array: found.map((estimate) => (estimate.value === null ? 0 : (1.96 * estimate.std) / start)),
        thickness: 1,
        width: 2,
      },
      line: { color: colours[i % colours.length]!, dash: DASHES[i % DASHES.length]!, width: 2 },
      marker: { size: 4 },
    };
  });
  const highest =
    max(
      curves.flatMap(({ y }) => y as (number | null)[]),
      (value) => value ?? undefined,
    ) ?? 1;
  const data: Partial<PlotData>[] = [
    {
      type: 'scatter',
      mode: 'lines',
      name: 'validation accuracy (right axis)',
      x: shown.map(({ step }) => step),
      y: shown.map(({ validation }) => percent(validation.accuracy)),
      yaxis: 'y2',
      line: { color: COLOURS.vermillion, width: 2.5 },
    },
    ...curves,
  ];
  return {
    caption:
      'The dimension of the last layer by several estimators, each relative to its value before training, beside validation ' +
      `accuracy. Bars are 95 % intervals; the dotted line is the value before training. Run: ${runTitle(run)}. ${provenance([run])}`,
    data,
    layout: {
      ...framed({
        title: runTitle(run),
        ...options,
        legend: [...data.map(({ name }) => name!), BEFORE],
        plot: 290,
        right: 60,
      }),
      xaxis: {
        ...stepAxis(shown, (options.width ?? DEFAULT_SIZE.width) - 120).axis,
        title: { text: 'step (log scale)' },
      },
      yaxis: {
        title: { text: 'last layer’s ID / ID before training' },
        range: [0, Math.max(1.25, 1.1 * highest)],
      },
      yaxis2: {
        ...ACCURACY_AXIS,
        overlaying: 'y',
        side: 'right',
        showgrid: false,
        title: { text: 'validation accuracy (%)', font: { color: TEXT_COLOURS.vermillion } },
        tickfont: { color: TEXT_COLOURS.vermillion },
      },
      shapes: [
        {
          type: 'line',
          name: BEFORE,
          showlegend: true,
          xref: 'paper',
          x0: 0,
          x1: 1,
          y0: 1,
          y1: 1,
          line: { color: GREY, width: 1, dash: 'dot' },
        },
      ],
    },
  };
}
