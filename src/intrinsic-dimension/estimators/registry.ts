/** All estimators by name. To add one, write its file and name it here. */
import { ANYTHING, assertGiven, givenEntries, inWords, type Kind, nearest } from '../../given';
import { ABIDE } from './abide';
import { ADAPTIVE_GRIDE } from './adaptive-gride';
import { BINOMIAL } from './binomial';
import { CORRELATION } from './correlation';
import { BID } from './discrete/bid';
import { I3D } from './discrete/i3d';
import type { Estimator, FromNeighbours, FromPoints } from './estimator';
import { DANCO } from './global/danco';
import { FISHER_SEPARABILITY } from './global/fisher-separability';
import { HIDALGO } from './global/hidalgo';
import { KNN_GRAPH } from './global/knn-graph';
import { PH0 } from './global/ph0';
import { GRIDE } from './gride';
import { LEVINA_BICKEL } from './levina-bickel';
import { PARTICIPATION_RATIO_CORRECTED } from './linear/participation-ratio-corrected';
import { MACKAY_GHAHRAMANI } from './mackay-ghahramani';
import { MIND_ML } from './mind-ml';
import type { EstimatorOptions } from './option-types';
import { complete, type Option } from './options';
import { PARTICIPATION_RATIO } from './participation-ratio';
import { PCA } from './pca';
import { ESS } from './pointwise/ess';
import { MADA } from './pointwise/mada';
import { MOM } from './pointwise/mom';
import { TLE } from './pointwise/tle';
import { TRANSLATED_POISSON } from './pointwise/translated-poisson';
import { TWO_NN } from './two-nn';
import { TWO_NN_BAYES } from './two-nn-bayes';
import { TWO_NN_MLE } from './two-nn-mle';

const REGISTRY = [
  TWO_NN,
  TWO_NN_MLE,
  LEVINA_BICKEL,
  MACKAY_GHAHRAMANI,
  GRIDE,
  CORRELATION,
  PARTICIPATION_RATIO,
  PCA,
  MOM,
  MADA,
  TLE,
  ESS,
  MIND_ML,
  FISHER_SEPARABILITY,
  KNN_GRAPH,
  DANCO,
  TWO_NN_BAYES,
  PARTICIPATION_RATIO_CORRECTED,
  PH0,
  HIDALGO,
  ABIDE,
  ADAPTIVE_GRIDE,
  BINOMIAL,
  TRANSLATED_POISSON,
  I3D,
  BID,
] as const;

/** The name of an estimator. */
export type EstimatorName = (typeof REGISTRY)[number]['name'];

/** The names of all estimators. */
export const ESTIMATORS: readonly EstimatorName[] = REGISTRY.map(({ name }) => name);

export type { EstimatorOptions };

/** The estimator that is used if none is named. */
export const DEFAULT_ESTIMATOR: EstimatorName = TWO_NN.name;

/** An option, with the estimators that take it. */
export interface SharedOption extends Option {
  readonly name: string;
  readonly estimators: readonly EstimatorName[];
}

/** The options of all estimators; an option that several share, with one meaning and default, is listed once. */
export const ESTIMATOR_OPTIONS: readonly SharedOption[] = sharedOptions();

/**
 * The definition of an estimator.
 *
 * @throws RangeError for an unknown name
 */
export function estimatorNamed(name: string): Estimator {
  const found = REGISTRY.find((estimator) => estimator.name === name);
  if (found) return found as unknown as Estimator;
  throw new RangeError(
    `no estimator ${inWords(name)}: did you mean '${meant(String(name))}'? Choose one of ${ESTIMATORS.join(', ')}`,
  );
}

/** Names that other libraries and papers give to these estimators, in lower case and without signs. */
const ELSEWHERE: Readonly<Record<string, EstimatorName>> = {
  '2nn': 'two-nn',
  corrint: 'correlation',
  fishers: 'fisher-separability',
  grassbergerprocaccia: 'correlation',
  knn: 'knn-graph',
  lpca: 'pca',
  mle: 'levina-bickel',
  persistenthomology: 'ph0',
  phdim: 'ph0',
  pr: 'participation-ratio',
};

function meant(name: string): string {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return Object.hasOwn(ELSEWHERE, plain) ? ELSEWHERE[plain]! : nearest(name, ESTIMATORS);
}

/**
 * The estimator that options ask for.
 *
 * @throws RangeError for an unknown estimator, and values out of range
 */
export function estimatorOf(options: EstimatorOptions): FromNeighbours | FromPoints {
  const estimator = estimatorNamed(options.estimator ?? DEFAULT_ESTIMATOR);
  return estimator.with(complete(estimator.options, options as Readonly<Record<string, unknown>>));
}

/**
 * Rejects options that are not read: those of other estimators, and unknown ones.
 *
 * @param reader the function that reads them
 * @param common the options that it reads for every estimator
 * @throws RangeError that names the option and those that the estimator reads; TypeError for values that are not an object
 */
export function assertEstimatorOptions(
  reader: string,
  given: unknown,
  common: Readonly<Record<string, Kind>>,
): void {
  const entries = new Map(givenEntries(reader, given));
  const wanted = entries.has('estimator') ? entries.get('estimator') : DEFAULT_ESTIMATOR;
  const { name: estimator, options } = estimatorNamed(wanted as string);
  const names = Object.keys(options);
  const reads = names.length > 0 ? names.join(', ') : 'no options of its own';
  for (const name of entries.keys()) {
    const owners = ESTIMATOR_OPTIONS.filter((option) => option.name === name);
    if (owners.length === 0 || Object.hasOwn(options, name) || Object.hasOwn(common, name)) continue;
    throw new RangeError(
      `${estimator} has no option ${name}, which belongs to ${owners.flatMap(({ estimators }) => estimators).join(', ')}: ` +
        `leave it out, or choose another estimator; ${estimator} reads ${reads}`,
    );
  }
  const own = Object.fromEntries(names.map((name) => [name, ANYTHING]));
  assertGiven(`${reader} with ${estimator}`, given, { estimator: ANYTHING, ...own, ...common });
}

/** True if an estimator needs nothing but a table of nearest neighbours. */
export function isFromNeighbours(estimator: FromNeighbours | FromPoints): estimator is FromNeighbours {
  return 'neighbours' in estimator;
}

function sharedOptions(): SharedOption[] {
  const found: SharedOption[] = [];
  for (const { name: estimator, options } of REGISTRY as readonly Estimator<EstimatorName>[]) {
    for (const [name, option] of Object.entries(options)) {
      const at = found.findIndex(
        (known) =>
          known.name === name &&
          known.description === option.description &&
          known.defaultText === option.defaultText,
      );
      if (at < 0) found.push({ ...option, name, estimators: [estimator] });
      else found[at] = { ...found[at]!, estimators: [...found[at]!.estimators, estimator] };
    }
  }
  return found;
}
