/** The paper's figure 2: do networks that generalise have a high peak and a low last-layer dimension? */
import type { PlotData } from 'plotly.js';
import { correlationText } from '../analysis/correlation';
import {
  accuracyCorrelation,
  generalizationCorrelation,
  HARMLESS_KINDS,
  type HarmlessOptions,
  idRatio,
  learntOutcomes,
  learntRuns,
} from '../analysis/paper-correlations';
import { type StrengthSweep, sweepsOf } from '../analysis/regularization';
import { PAPER } from '../experiments/presets';
import { assertGiven } from '../given';
import { formatSetting } from '../number-format';
import type { RunSoFar } from '../records/run-record';
import type { Drawing } from './drawing';
import { errorAxis, errorOf } from './error-axis';
import type { Figure } from './figure';
import { FRAME_KINDS, type FrameOptions, framed } from './frame';
import { provenance } from './provenance';
import { generalizationTable, predictorsTable } from './regularization-table';
import { percent } from './run-axes';
import { STRENGTH_NAMES } from './strength-axis';
import { COLOURS } from './style';

/** Which runs are drawn, and the title. */
export interface GeneralizationOptions extends HarmlessOptions, FrameOptions {}

/** A colour, and a symbol for readers who cannot tell the colours apart. */
const LOOKS: Readonly<Record<StrengthSweep['regularization'], { color: string; symbol: string }>> = {
  weightDecay: { color: COLOURS.blue, symbol: 'circle' },
  blockDropout: { color: COLOURS.vermillion, symbol: 'diamond' },
};

/** Figure 2 of the documentation. */
export const GENERALIZATION: Drawing = {
  name: 'generalization',
  summary: "the paper's figure 2: accuracy against PID / LLID",
  records: 'cifar10-jpeg',
  draw: (runs, options) => generalizationFigure(runs, { harmless: true, ...options }),
  findings: (runs) => [
    `validation accuracy over PID / LLID, below the onset of harm: ${correlationText(generalizationCorrelation(runs, { harmless: true }))}`,
  ],
  tables: (runs) => [generalizationTable(runs, PAPER), predictorsTable(runs, { harmless: true })],
};

/**
 * Validation accuracy against PID / LLID, with a mark for every run that has learnt.
 *
 * @throws RangeError if no run of a sweep is finished, or if harmless runs are asked for and no strength has two seeds
 */
export function generalizationFigure(runs: readonly RunSoFar[], options: GeneralizationOptions = {}): Figure {
  assertGiven('figures.generalization', options, { ...FRAME_KINDS, ...HARMLESS_KINDS });
  const sweeps = sweepsOf(runs);
  if (options.harmless && !sweeps.some(({ harmIsJudged }) => harmIsJudged))
    throw new RangeError(
      'no strength has two seeds, by whose difference harm is judged: record another seed, or leave out harmless',
    );
  const names = sweeps.map(({ regularization }) => STRENGTH_NAMES[regularization]);
  const correlations = [
    ...sweeps.map(
      (sweep, i) => `${names[i]}: ${correlationText(accuracyCorrelation(learntRuns(sweep, options)))}`,
    ),
    `both together: ${correlationText(accuracyCorrelation(learntOutcomes(runs, options)))}`,
  ];
  const which = options.harmless ? 'at a strength below the onset of harm' : 'that has learnt';
  return {
    caption:
      'Validation accuracy against PID / LLID, the largest intrinsic dimension of all layers over that of the last one. ' +
      `Each mark is one run ${which}. Pearson’s r, with an interval from a bootstrap over settings: ` +
      `${correlations.join('; ')}. The unregularised runs belong to both sweeps and count once together. ${provenance(runs)}`,
    data: sweeps.map((sweep, i): Partial<PlotData> => {
      const shown = learntRuns(sweep, options);
      return {
        type: 'scatter',
        mode: 'markers',
        name: names[i]!,
        x: shown.map(idRatio),
        y: shown.map(({ accuracy }) => (options.harmless ? percent(accuracy) : errorOf(accuracy))),
        customdata: shown.map(({ accuracy }) => percent(accuracy)),
        text: shown.map(({ strength }) => `${names[i]} ${formatSetting(strength)}`),
        hovertemplate: '%{text}<br>PID / LLID %{x:.2f}<br>accuracy %{customdata:.1f} %<extra></extra>',
        marker: { ...LOOKS[sweep.regularization], size: 9, opacity: 0.75 },
      };
    }),
    layout: {
      ...framed({
        title: 'Validation accuracy against PID / LLID',
        ...options,
        subtitle: correlations,
        legend: names,
        plot: 300,
      }),
      xaxis: { title: { text: 'PID / LLID on validation' } },
      yaxis: {
        ...(options.harmless ? {} : errorAxis(learntOutcomes(runs).map(({ accuracy }) => errorOf(accuracy)))),
        title: { text: 'validation accuracy (%)' },
      },
    },
  };
}
