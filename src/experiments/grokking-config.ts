/** The settings of a grokking run. */
import { z } from 'zod';
import { isPrime, nearestPrimes } from '../data/modular-arithmetic';
import { belowOne, count, defineSettings, type Settings, seed, share } from './settings';
import { ESTIMATE, MULTI_STEP } from './shared-settings';

/** Training a transformer on a small algebraic task until it groks. The defaults are the paper's. */
export interface GrokkingConfig {
  /** @default 'grokking' */
  experiment: 'grokking';
  /** What is learnt. @default 'division' */
  task: 'division' | 'subtraction' | 'sum' | 'permutation';
  /** Modulus of division, subtraction and sum. @default 97 */
  prime: number;
  /** Permutations of so many things, for the task permutation. @default 5 */
  degree: number;
  /** Share of all pairs that is trained on. @default 0.3 */
  trainFraction: number;
  /** Fixed share for validation. @default all pairs that are not trained on */
  validationFraction?: number;
  /** Seed of the split. @default 9 */
  dataSeed: number;
  /** Seed of weights, order and dropout. @default 0 */
  seed: number;
  /** Training steps. @default 40000 */
  steps: number;
  /** Examples a step. @default 512 */
  batchSize: number;
  /** @default 'adam' */
  optimizer: 'adam' | 'sgd';
  /** Learning rate after the warm-up. @default 0.001 */
  learningRate: number;
  /** Adam's decay of the mean of gradients. @default 0.9 */
  beta1: number;
  /** Adam's decay of the mean of squares. @default 0.98 */
  beta2: number;
  /** Adam's, added to the root. @default 1e-8 */
  epsilon: number;
  /** SGD's. @default 0.9 */
  momentum: number;
  /** L2: times the weights, added to the gradient. @default 0 */
  weightDecay: number;
  /** Of the learning rate. @default 'warmup' */
  schedule: 'constant' | 'warmup' | 'cosine' | 'multi-step';
  /** Steps of linear warm-up, for the schedule warmup. @default 10000 */
  warmupSteps: number;
  /** Steps after which the schedule multi-step multiplies by gamma, rising. @default [] */
  milestones: number[];
  /** Factor of the schedule multi-step. @default 0.2 */
  gamma: number;
  /** Transformer blocks. @default 2 */
  nLayer: number;
  /** Attention heads. @default 4 */
  nHead: number;
  /** Width, a multiple of nHead. @default 128 */
  nEmbd: number;
  /** Of embeddings, attention and residuals. @default 0.1 */
  dropoutRate: number;
  /** Steps between measurements. @default 500 */
  measureEvery: number;
  /** Log-spaced measurements before measureEvery. @default 12 */
  earlyMeasurements: number;
  /** Steps between checkpoints. @default 500 */
  checkpointEvery: number;
  /** Random subsamples for mean and deviation of the dimension. @default 20 */
  idSubsamples: number;
  /** Share of the points in each subsample. @default 0.9 */
  idFraction: number;
  /** Share of the points, those with the largest mu, that the TwoNN fit leaves out. @default 0.1 */
  discardFraction: number;
}

const grokking = z.strictObject({
  experiment: z.literal('grokking').default('grokking'),
  task: z
    .enum(['division', 'subtraction', 'sum', 'permutation'])
    .default('division')
    .describe('what is learnt'),
  prime: z.int().min(3).max(997).default(97).describe('modulus of division, subtraction and sum, a prime'),
  degree: z
    .int()
    .min(3)
    .max(6)
    .default(5)
    .describe('permutations of so many things, for the task permutation'),
  trainFraction: share('share of all pairs that is trained on').default(0.3),
  validationFraction: share('fixed share for validation; without it, all the rest').exactOptional(),
  dataSeed: seed('seed of the split').default(9),
  seed: seed('seed of weights, order and dropout').default(0),
  steps: count('training steps').default(40_000),
  batchSize: count('examples a step').default(512),
  optimizer: z.enum(['adam', 'sgd']).default('adam').describe('optimiser'),
  learningRate: z.number().gt(0).max(10).default(1e-3).describe('learning rate after the warm-up'),
  beta1: belowOne("Adam's decay of the mean of gradients").default(0.9),
  beta2: belowOne("Adam's decay of the mean of squares").default(0.98),
  epsilon: z.number().gt(0).max(1).default(1e-8).describe("Adam's, added to the root"),
  momentum: belowOne("SGD's").default(0.9),
  weightDecay: z.number().min(0).max(10).default(0).describe('L2: times the weights, added to the gradient'),
  schedule: z
    .enum(['constant', 'warmup', 'cosine', 'multi-step'])
    .default('warmup')
    .describe('of the learning rate'),
  warmupSteps: count('steps of linear warm-up, for the schedule warmup').default(10_000),
  ...MULTI_STEP,
  nLayer: z.int().min(1).max(48).default(2).describe('transformer blocks'),
  nHead: z.int().min(1).max(64).default(4).describe('attention heads'),
  nEmbd: z.int().min(1).max(4096).default(128).describe('width, a multiple of nHead'),
  dropoutRate: belowOne('of embeddings, attention and residuals').default(0.1),
  measureEvery: count('steps between measurements').default(500),
  earlyMeasurements: z
    .int()
    .min(0)
    .max(50)
    .default(12)
    .describe('log-spaced measurements before measureEvery'),
  checkpointEvery: count('steps between checkpoints').default(500),
  ...ESTIMATE,
});

/** Settings of grokking runs: their defaults, and how they are read and written. */
export const GROKKING: Settings<GrokkingConfig> = defineSettings<GrokkingConfig>(
  grokking,
  (config, refuse) => {
    if (config.task !== 'permutation' && !isPrime(config.prime)) {
      refuse('prime', `is not prime: the nearest are ${nearestPrimes(config.prime)}`);
    }
    if (config.nEmbd % config.nHead !== 0) {
      refuse('nEmbd', `is not a multiple of nHead=${config.nHead}`);
    }
    if (
      config.validationFraction !== undefined &&
      config.trainFraction + config.validationFraction > 1 + 1e-9
    ) {
      refuse(
        'validationFraction',
        `overlaps trainFraction=${config.trainFraction}: together they may be 1 at most`,
      );
    }
  },
);

/**
 * Completes settings with the defaults.
 *
 * @throws RangeError for unknown keys and bad values, with the nearest key or the allowed range
 */
export function grokkingConfig(settings: Readonly<Partial<GrokkingConfig>> = {}): GrokkingConfig {
  return GROKKING.config(settings);
}
