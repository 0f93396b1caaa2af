/** Trials: estimators on manifolds of known dimension, with their errors, intervals and times. */
import { cellSignal } from '../cell-signal';
import { assertGiven, CALLBACK, inWords, type Kind, type Kinds, NAMES, nearest, SIGNAL } from '../given';
import type { FromNeighbours } from './estimators/estimator';
import { DEFAULT_ESTIMATOR, ESTIMATORS, type EstimatorName, estimatorOf } from './estimators/registry';
import { DEFAULT_LEVEL } from './intervals';
import { intrinsicDimension } from './intrinsic-dimension';
import { BENCHMARK_MANIFOLDS, type ManifoldName, manifold, type NamedPointSet } from './manifolds/manifold';
import type { NoEstimate } from './no-estimate';
import { space } from './points/space';
import { corrected } from './report/corrected';
import { orReason } from './report/estimates';
import { neighboursToSee } from './report/scales';
import { scaleIn } from './scale';

/** The value of `two-nn` that `idReport` corrects by known surfaces: its interval includes the bias. */
const CORRECTED = 'two-nn corrected';

/** These count points of lattices and bits, which the manifolds do not have. */
const DISCRETE: readonly EstimatorName[] = ['i3d', 'bid'];

/** What is tried: an estimator with its defaults, or the corrected value of a report. */
export type TrialEstimator = EstimatorName | typeof CORRECTED;

/** All that can be tried on points that are not discrete. */
export const TRIAL_ESTIMATORS: readonly TrialEstimator[] = [
  ...ESTIMATORS.filter((name) => !DISCRETE.includes(name)),
  CORRECTED,
];

/** What a trial is of. */
export interface TrialSettings {
  readonly estimator: TrialEstimator;
  readonly manifold: ManifoldName;
  /** The number of points. */
  readonly points: number;
  readonly seed: number;
}

/** The result of an estimator on one set of points. */
export type Trial = TrialSettings & {
  /** The true dimension. */
  readonly dimension: number;
  /** Milliseconds, with the search for neighbours. */
  readonly ms: number;
  /** The processor's time of all threads in milliseconds, which a busy machine hardly changes; missing in browsers. */
  readonly cpuMs?: number;
} & (TrialValue | NoEstimate);

/** A value with its 95 % interval. */
export interface TrialValue {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

export interface TrialOptions {
  /** @default all but `hidalgo`, which takes most of the time, and those of discrete points */
  readonly estimators?: readonly TrialEstimator[];
  /** @default the 24 benchmark manifolds */
  readonly manifolds?: readonly ManifoldName[];
  /** Numbers of points. @default [1000] */
  readonly points?: readonly number[];
  /** @default [0] */
  readonly seeds?: readonly number[];
  /** Trials to be left out, for example because they are recorded. @default none */
  readonly skip?: (trial: TrialSettings) => boolean;
  /** Called before each trial with the share of those that are done, 0 .. 1, and the trial in words. */
  readonly onProgress?: (done: number, what: string) => void;
  /** Stops the trials. @default that of the notebook's cell */
  readonly signal?: AbortSignal;
}

const NUMBERS: Kind = {
  allowed: 'a list of whole numbers, such as [500, 1000]',
  accepts: (value) => Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0),
};

const TRIAL_KINDS: Kinds<TrialOptions> = {
  estimators: NAMES,
  manifolds: NAMES,
  points: NUMBERS,
  seeds: NUMBERS,
  skip: CALLBACK,
  onProgress: CALLBACK,
  signal: SIGNAL,
};

/**
 * Tries estimators, with their default options, on manifolds of known dimension: seed by seed, so that whatever is finished is a
 * comparison. An estimator that has no value on some points gives the reason.
 *
 * @throws RangeError for options that are not read, and unknown names, with the nearest one; the reason of an aborted signal
 */
export async function* trials(options: TrialOptions = {}): AsyncGenerator<Trial> {
  assertGiven('trials', options, TRIAL_KINDS);
  const {
    estimators = TRIAL_ESTIMATORS.filter((name) => name !== 'hidalgo'),
    manifolds = BENCHMARK_MANIFOLDS,
    points: sizes = [1000],
    seeds = [0],
    skip = () => false,
    onProgress,
    signal = cellSignal(),
  } = options;
  for (const name of estimators) assertTried(name);
  // An unknown name is an error before the first trial.
  for (const name of manifolds) manifold(name, { points: 1 });
  const planned = seeds
    .flatMap((seed) => sizes.flatMap((points) => manifolds.map((name) => ({ manifold: name, points, seed }))))
    .map((set) => ({ set, wanted: estimators.filter((estimator) => !skip({ estimator, ...set })) }));
  const all = planned.reduce((sum, { wanted }) => sum + wanted.length, 0);
  let done = 0;
  for (const { set, wanted } of planned) {
    if (wanted.length === 0) continue;
    const { manifold: name, ...how } = set;
    const drawn = manifold(name, how);
    for (const estimator of wanted) {
      signal?.throwIfAborted();
      onProgress?.(done++ / all, `${estimator} on ${name}, ${set.points} points, seed ${set.seed}`);
      yield await trial({ estimator, ...set }, drawn, signal);
    }
  }
  onProgress?.(1, 'all trials');
}

function assertTried(name: string): void {
  if ((TRIAL_ESTIMATORS as readonly string[]).includes(name)) return;
  if ((DISCRETE as readonly string[]).includes(name))
    throw new RangeError(`${name} counts discrete points, which no manifold has: leave it out`);
  throw new RangeError(
    `no estimator ${inWords(name)}: did you mean '${nearest(String(name), TRIAL_ESTIMATORS)}'? Choose from ${TRIAL_ESTIMATORS.join(', ')}`,
  );
}

async function trial(
  settings: TrialSettings,
  points: NamedPointSet,
  signal: AbortSignal | undefined,
): Promise<Trial> {
  const how = signal ? { signal } : {};
  const { estimator } = settings;
  const started = performance.now();
  const used = cpuMs();
  const result = await orReason(async () => {
    const found =
      estimator === CORRECTED
        ? await correctedValue(points, how)
        : await intrinsicDimension(points, { estimator, ...how });
    return { value: found.value, lower: found.interval.lower, upper: found.interval.upper };
  });
  return {
    ...settings,
    dimension: points.dimension,
    ...result,
    ms: performance.now() - started,
    ...(used === undefined ? {} : { cpuMs: cpuMs()! - used }),
  };
}

/** The processor's time of this process so far. */
function cpuMs(): number | undefined {
  if (typeof process === 'undefined' || typeof process.cpuUsage !== 'function') return undefined;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The corrected value, as in a report. */
async function correctedValue(points: NamedPointSet, how: { readonly signal?: AbortSignal }) {
  const set = await space(points);
  const estimator = estimatorOf({ estimator: DEFAULT_ESTIMATOR }) as FromNeighbours;
  const table = await set.neighbours(neighboursToSee(estimator, set.n), how);
  const level = DEFAULT_LEVEL;
  const scale = await scaleIn(set, { ...how, level });
  const options = {
    estimator,
    name: DEFAULT_ESTIMATOR,
    level,
    seed: 0,
    table,
    columns: points.shape[1],
    scale,
  };
  return corrected(set, { ...options, search: how }, how);
}
