/** The results of a sweep over the strength of regularisation: every run, the mean at each strength, and the onset of harm. */
import { ascending, deviation, group, max, mean, median } from 'd3-array';
import { jStat } from 'jstat';
import { counted } from '../number-format';
import { lastLayerId, peakId } from '../records/layer-ids';
import type { RunSoFar } from '../records/run-record';

/** A setting that is swept while the other one is off. */
export type Regularization = 'weightDecay' | 'blockDropout';

const REGULARIZATIONS: readonly Regularization[] = ['weightDecay', 'blockDropout'];

/** The last measurement of one run. */
export interface Outcome {
  readonly regularization: Regularization;
  readonly strength: number;
  /** On validation, from 0 to 1. */
  readonly accuracy: number;
  /** LLID on validation. */
  readonly lastLayerId: number;
  /** PID on validation. */
  readonly peakId: number;
  /** Cross entropy on the training examples, in nats. */
  readonly trainLoss: number;
  /** Euclidean norm of all parameters; NaN in early records. */
  readonly weightNorm: number;
  /** Euclidean norm of the gradient of the loss in the last step; NaN in early records. */
  readonly gradientNorm: number;
  /** True if its accuracy is less than half of the best in its sweep: it has not learnt, and its dimensions have no meaning. */
  readonly collapsed: boolean;
}

/** A quantity that is averaged over the seeds of a strength. */
export type Quantity = 'accuracy' | 'lastLayerId' | 'peakId';

/** The runs at one strength, which differ in their seeds. */
export interface Level {
  readonly strength: number;
  readonly outcomes: readonly Outcome[];
  /** The mean by quantity; the standard deviation is NaN for a single run. */
  readonly mean: Readonly<Record<Quantity, number>>;
  readonly deviation: Readonly<Record<Quantity, number>>;
  /** True if all of its runs have collapsed. */
  readonly collapsed: boolean;
}

/**
 * The outcomes of the finished runs in which the other regularisation is off, by rising strength; [] if there are none.
 */
export function outcomes(runs: readonly RunSoFar[], regularization: Regularization): Outcome[] {
  const others = REGULARIZATIONS.filter((name) => name !== regularization);
  const ends = runs
    .filter(({ config }) => others.every((name) => Number(config[name] ?? 0) === 0))
    .flatMap(({ config, measurements }) => {
      const last = measurements.at(-1);
      if (!last || last.step < Number(config.steps)) return [];
      return [
        {
          regularization,
          strength: Number(config[regularization] ?? 0),
          accuracy: last.validation.accuracy,
          lastLayerId: lastLayerId(last.validation),
          peakId: peakId(last.validation),
          trainLoss: last.train.loss,
          weightNorm: last.weightNorm ?? Number.NaN,
          gradientNorm: last.gradientNorm ?? Number.NaN,
        },
      ];
    });
  const best = max(ends, ({ accuracy }) => accuracy) ?? 0;
  return ends
    .map((end) => ({ ...end, collapsed: end.accuracy < best / 2 }))
    .sort((a, b) => a.strength - b.strength);
}

/** Outcomes grouped by strength, in rising order. */
export function levels(ends: readonly Outcome[]): Level[] {
  return [...group(ends, ({ strength }) => strength)]
    .sort(([a], [b]) => ascending(a, b))
    .map(([strength, own]) => {
      const by = (statistic: (of: (end: Outcome) => number) => number | undefined) => ({
        accuracy: statistic(({ accuracy }) => accuracy) ?? Number.NaN,
        lastLayerId: statistic(({ lastLayerId }) => lastLayerId) ?? Number.NaN,
        peakId: statistic(({ peakId }) => peakId) ?? Number.NaN,
      });
      return {
        strength,
        outcomes: own,
        mean: by((of) => mean(own, of)),
        deviation: by((of) => deviation(own, of)),
        collapsed: own.every(({ collapsed }) => collapsed),
      };
    });
}

/** A sweep over one strength. */
export interface StrengthSweep {
  readonly regularization: Regularization;
  readonly ends: readonly Outcome[];
  readonly sweep: readonly Level[];
  /** The result of {@link onsetOfHarm}. */
  readonly onset?: number;
  /** False if no strength has two seeds, whose differences the rule needs: then no onset is found, and harm is possible. */
  readonly harmIsJudged: boolean;
}

/**
 * The sweeps over weight decay and over dropout among the runs.
 *
 * @throws RangeError if there is none
 */
export function sweepsOf(runs: readonly RunSoFar[]): StrengthSweep[] {
  const sweeps = (['weightDecay', 'blockDropout'] as const).map((regularization): StrengthSweep => {
    const ends = outcomes(runs, regularization);
    const sweep = levels(ends);
    const onset = onsetOfHarm(sweep);
    const harmIsJudged = varianceOverSeeds(learntLevels(sweep)) !== undefined;
    return { regularization, ends, sweep, ...(onset === undefined ? {} : { onset }), harmIsJudged };
  });
  const found = sweeps.filter(({ sweep }) => sweep.length > 1);
  if (found.length > 0) return found;
  throw new RangeError(
    `there is no sweep of weightDecay or blockDropout in ${counted(runs.length, 'run')}: npm run sweep -- images dataset=... weightDecay=0,1e-3,1e-2 --out data/runs/... records one`,
  );
}

/** The smallest difference of two means that counts as harm, in standard errors. */
const HARM = 2;

/**
 * Where regularisation begins to do harm: the least strength from which on every mean accuracy is lower than the best one by
 * more than two standard errors of the difference. The standard error comes from the variance over seeds.
 *
 * @returns the strength; undefined if no strength does harm, or no strength has two seeds
 */
export function onsetOfHarm(sweep: readonly Level[]): number | undefined {
  const learnt = learntLevels(sweep);
  const variance = varianceOverSeeds(learnt);
  if (variance === undefined) return undefined;
  const best = learnt.reduce((champion, next) =>
    next.mean.accuracy > champion.mean.accuracy ? next : champion,
  );
  const harmful = (level: Level): boolean => {
    const error = Math.sqrt(variance * (1 / level.outcomes.length + 1 / best.outcomes.length));
    return best.mean.accuracy - level.mean.accuracy > HARM * error;
  };
  const lastHarmless = sweep.findLastIndex((level) => !harmful(level));
  return sweep[lastHarmless + 1]?.strength;
}

function learntLevels(sweep: readonly Level[]): readonly Level[] {
  return sweep.filter(({ collapsed }) => !collapsed);
}

/**
 * The variance of accuracy over seeds, from the median over the strengths, since runs that are close to collapse scatter more
 * than others. The sample variance of n normal values is distributed like its mean times chi-square / (n - 1) with n - 1 degrees
 * of freedom.
 */
function varianceOverSeeds(sweep: readonly Level[]): number | undefined {
  const repeated = sweep.filter(({ outcomes: { length } }) => length > 1);
  if (repeated.length === 0) return undefined;
  return median(repeated, ({ outcomes: { length }, deviation }) => {
    const degrees = length - 1;
    return (deviation.accuracy ** 2 * degrees) / jStat.chisquare.inv(0.5, degrees);
  });
}
