/** How a sweep over the strength of one regularisation ended: every run, the mean of each strength, where harm begins. */
import { ascending, deviation, group, max, mean, median } from 'd3-array';
import { jStat } from 'jstat';
import { lastLayerId, peakId } from '../records/layer-ids';
import type { RunSoFar } from '../records/run-record';

/** A setting whose strength is swept while the other one is off. */
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
  /** Euclidean norm of the loss's gradient in the last step; NaN in early records. */
  readonly gradientNorm: number;
  /** Its accuracy is less than half of the best of its sweep: it has not learnt, and its dimensions mean nothing. */
  readonly collapsed: boolean;
}

/** What is averaged over the seeds of a strength. */
export type Quantity = 'accuracy' | 'lastLayerId' | 'peakId';

/** The runs of one strength, which differ in their seeds. */
export interface Level {
  readonly strength: number;
  readonly outcomes: readonly Outcome[];
  /** By quantity; the deviation is NaN for a single run. */
  readonly mean: Readonly<Record<Quantity, number>>;
  readonly deviation: Readonly<Record<Quantity, number>>;
  /** Whether all of its runs have collapsed. */
  readonly collapsed: boolean;
}

/**
 * The ends of the finished runs in which the other regularisation is off, by rising strength; [] where there are none.
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

/** Outcomes by strength, rising. */
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
}

/**
 * The sweeps over weight decay and over dropout that are among the runs.
 *
 * @throws RangeError where there is none
 */
export function sweepsOf(runs: readonly RunSoFar[]): StrengthSweep[] {
  const sweeps = (['weightDecay', 'blockDropout'] as const).map((regularization): StrengthSweep => {
    const ends = outcomes(runs, regularization);
    const sweep = levels(ends);
    const onset = onsetOfHarm(sweep);
    return { regularization, ends, sweep, ...(onset === undefined ? {} : { onset }) };
  });
  const found = sweeps.filter(({ sweep }) => sweep.length > 1);
  if (found.length > 0) return found;
  throw new RangeError(
    `no sweep of weightDecay or blockDropout is among the ${runs.length} runs: npm run sweep -- images dataset=... weightDecay=0,1e-3,1e-2 --out data/runs/... records one`,
  );
}

/** The difference of two means that counts as harm, in standard errors. */
const HARM = 2;

/**
 * Where regularisation begins to do harm: the least strength from which on every mean accuracy is lower than the best
 * one by more than two standard errors of the difference. The error comes from the variance over seeds.
 *
 * @returns the strength; undefined where no strength does harm, or no strength has two seeds
 */
export function onsetOfHarm(sweep: readonly Level[]): number | undefined {
  const learnt = sweep.filter(({ collapsed }) => !collapsed);
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

/**
 * The variance of accuracy, from the median over the strengths: runs that are close to collapse scatter widely, unlike
 * the others. The variance of n normal values is distributed as its mean times chi-square / (n - 1), n - 1 degrees.
 */
function varianceOverSeeds(sweep: readonly Level[]): number | undefined {
  const repeated = sweep.filter(({ outcomes: { length } }) => length > 1);
  if (repeated.length === 0) return undefined;
  return median(repeated, ({ outcomes: { length }, deviation }) => {
    const degrees = length - 1;
    return (deviation.accuracy ** 2 * degrees) / jStat.chisquare.inv(0.5, degrees);
  });
}
