/** Does PID / LLID say more about accuracy than simpler numbers of the trained network? */
import { assertGiven } from '../given';
import type { RunSoFar } from '../records/run-record';
import { type Correlation, correlation, partialCorrelation } from './correlation';
import {
  HARMLESS_KINDS,
  type HarmlessOptions,
  idRatio,
  learntOutcomes,
  settingOf,
} from './paper-correlations';
import type { Outcome } from './regularization';

/** A number of a trained network that may predict its validation accuracy. */
export interface Predictor {
  readonly name: string;
  readonly of: (end: Outcome) => number;
}

const ID_RATIO: Predictor = { name: 'PID / LLID', of: idRatio };

/** The predictor of the paper, and its rivals; those that vary by factors enter as logarithms. */
export const PREDICTORS: readonly Predictor[] = [
  ID_RATIO,
  { name: 'LLID', of: ({ lastLayerId }) => lastLayerId },
  { name: 'PID', of: ({ peakId }) => peakId },
  { name: 'log weight norm', of: ({ weightNorm }) => Math.log10(weightNorm) },
  { name: 'log gradient norm', of: ({ gradientNorm }) => Math.log10(gradientNorm) },
  { name: 'log training loss', of: ({ trainLoss }) => Math.log10(trainLoss) },
];

/** How well one number predicts validation accuracy, over the runs that have learnt. */
export interface Prediction {
  readonly predictor: string;
  /** Pearson's r with accuracy; undefined if fewer than 4 settings have the number. */
  readonly accuracy?: Correlation;
  /** Partial r of accuracy with PID / LLID, given this predictor: the additional information in PID / LLID. */
  readonly ratioGivenIt?: Correlation;
  /** Partial r of accuracy with this predictor, given PID / LLID. */
  readonly itGivenRatio?: Correlation;
}

/**
 * How well each of {@link PREDICTORS} predicts validation accuracy, and what PID / LLID adds to it. The intervals come from a
 * bootstrap over settings.
 *
 * @throws RangeError if the runs contain no sweep of weight decay or dropout
 */
export function predictions(runs: readonly RunSoFar[], options: HarmlessOptions = {}): Prediction[] {
  assertGiven('predictions', options, HARMLESS_KINDS);
  const ends = learntOutcomes(runs, options);
  return PREDICTORS.map((predictor): Prediction => {
    const used = ends.filter((end) => Number.isFinite(predictor.of(end)) && Number.isFinite(idRatio(end)));
    const groups = used.map(settingOf);
    if (new Set(groups).size < 4) return { predictor: predictor.name };
    const [it, ratio] = [used.map(predictor.of), used.map(idRatio)];
    const accuracy = used.map((end) => end.accuracy);
    return {
      predictor: predictor.name,
      accuracy: correlation(it, accuracy, { groups }),
      ...(predictor === ID_RATIO
        ? {}
        : {
            ratioGivenIt: partialCorrelation(ratio, accuracy, it, { groups }),
            itGivenRatio: partialCorrelation(it, accuracy, ratio, { groups }),
          }),
    };
  });
}
