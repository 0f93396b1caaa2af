/** The settings of a run on images. */
import { z } from 'zod';
import { belowOne, count, defineSettings, type Settings, seed } from './settings';
import { ESTIMATE, MULTI_STEP } from './shared-settings';

/** Training a ResNet on images. The defaults are the paper's for CIFAR-10. */
export interface ImagesConfig {
  /** @default 'images' */
  experiment: 'images';
  /** Which pictures. @default 'cifar10' */
  dataset: 'mnist' | 'fashion-mnist' | 'cifar10' | 'cifar100';
  /** Folder of the IDX files, for fashion-mnist. @default 'data/downloads/fashion-mnist' */
  folder: string;
  /** Training images. @default all; of mnist, which has no test set, 8 in 10 */
  images?: number;
  /** Validation images. @default all that are not trained on */
  validationImages?: number;
  /** The same number of training images of each class. @default false */
  balanced: boolean;
  /** Share of the training labels that is made wrong. @default 0 */
  labelNoise: number;
  /** Crops, flips and rotations as the paper has them for the data set. @default true */
  augmentation: boolean;
  /** Seed of the split. @default 0 */
  dataSeed: number;
  /** Seed of weights, order, augmentation and dropout. @default 0 */
  seed: number;
  /** Training steps. @default 78200 */
  steps: number;
  /** Examples a step. @default 128 */
  batchSize: number;
  /** Channels of the first stage. @default 64 */
  width: number;
  /** Residual blocks of the four stages. @default [2, 2, 2, 2] */
  numBlocks: number[];
  /** After conv1 .. conv5_x. @default 0 */
  blockDropout: number;
  /** Before the classifier. @default blockDropout, as by a slip of the paper's public code */
  classifierDropout?: number;
  /** @default 'sgd' */
  optimizer: 'sgd' | 'adam';
  /** Learning rate at its highest. @default 0.1 */
  learningRate: number;
  /** SGD's. @default 0.9 */
  momentum: number;
  /** L2: times the weights, added to the gradient. @default 0.0005 */
  weightDecay: number;
  /** Of the learning rate. @default 'cosine' */
  schedule: 'constant' | 'cosine' | 'multi-step';
  /** Steps of linear warm-up before the schedule's own rate. @default 0 */
  warmupSteps: number;
  /** Steps after which the schedule multi-step multiplies by gamma, rising. @default [] */
  milestones: number[];
  /** Factor of the schedule multi-step. @default 0.2 */
  gamma: number;
  /** Weight of each class in the loss. @default [] */
  classWeights: number[];
  /** Power of the class weights. @default 1 */
  classWeightExponent: number;
  /** Site whose activation an autoencoder has to reproduce. @default 'none' */
  bottleneckSite: 'none' | 'conv1' | 'conv2_x' | 'conv3_x' | 'conv4_x' | 'conv5_x' | 'avg_pool';
  /** Widths of the autoencoder's hidden layers. @default [64] */
  bottleneckWidths: number[];
  /** Factor of its loss. @default 1 */
  bottleneckWeight: number;
  /** Epochs before it begins. @default 0 */
  burnIn: number;
  /** Its error as a share of the activation's squares. @default true */
  normLoss: boolean;
  /** A bottleneck for each class. @default false */
  bottleneckPerClass: boolean;
  /** Trains on one batch alone, to see that the network can learn at all. @default false */
  overfitBatch: boolean;
  /** Steps between measurements. @default 3910 */
  measureEvery: number;
  /** Log-spaced measurements before measureEvery. @default 0 */
  earlyMeasurements: number;
  /** Steps between checkpoints. @default 391 */
  checkpointEvery: number;
  /** Training images that are measured, the first ones. @default 10000 */
  measuredImages: number;
  /** The dimension on the training images too. @default false */
  idTrain: boolean;
  /** The dimension of each class too. @default false */
  idClasses: boolean;
  /** The dimension of the images themselves, at step 0. @default false */
  idData: boolean;
  /** Random subsamples for mean and deviation of the dimension. @default 20 */
  idSubsamples: number;
  /** Share of the points in each subsample. @default 0.9 */
  idFraction: number;
  /** Share of the points, those with the largest mu, that the TwoNN fit leaves out. @default 0.1 */
  discardFraction: number;
}

const flag = (description: string): z.ZodBoolean => z.boolean().describe(description);

const images = z.strictObject({
  experiment: z.literal('images').default('images'),
  dataset: z
    .enum(['mnist', 'fashion-mnist', 'cifar10', 'cifar100'])
    .default('cifar10')
    .describe('which pictures'),
  folder: z
    .string()
    .default('data/downloads/fashion-mnist')
    .describe('folder of the IDX files, for fashion-mnist'),
  images: count('training images; without it, all (of mnist 8 in 10)').exactOptional(),
  validationImages: count('validation images; without it, all that are not trained on').exactOptional(),
  balanced: flag('the same number of training images of each class').default(false),
  labelNoise: belowOne('share of the training labels that is made wrong').default(0),
  augmentation: flag('crops, flips and rotations as the paper has them for the data set').default(true),
  dataSeed: seed('seed of the split').default(0),
  seed: seed('seed of weights, order, augmentation and dropout').default(0),
  steps: count('training steps').default(78_200),
  batchSize: count('examples a step').default(128),
  width: z.int().min(1).max(1024).default(64).describe('channels of the first stage'),
  numBlocks: z
    .array(count('blocks').max(64))
    .default([2, 2, 2, 2])
    .describe('residual blocks of the four stages'),
  blockDropout: belowOne('dropout after conv1 .. conv5_x').default(0),
  classifierDropout: belowOne('dropout before the classifier; without it, as blockDropout').exactOptional(),
  optimizer: z.enum(['sgd', 'adam']).default('sgd').describe('optimiser'),
  learningRate: z.number().gt(0).max(10).default(0.1).describe('learning rate at its highest'),
  momentum: belowOne("SGD's").default(0.9),
  weightDecay: z
    .number()
    .min(0)
    .max(10)
    .default(5e-4)
    .describe('L2: times the weights, added to the gradient'),
  schedule: z.enum(['constant', 'cosine', 'multi-step']).default('cosine').describe('of the learning rate'),
  warmupSteps: z.int().min(0).max(1e9).default(0).describe('steps of linear warm-up'),
  ...MULTI_STEP,
  classWeights: z
    .array(z.number().gt(0).max(1e9))
    .default([])
    .describe('weight of each class in the loss; none: all alike'),
  classWeightExponent: z.number().min(0).max(10).default(1).describe('power of the class weights'),
  bottleneckSite: z
    .enum(['none', 'conv1', 'conv2_x', 'conv3_x', 'conv4_x', 'conv5_x', 'avg_pool'])
    .default('none')
    .describe('site whose activation an autoencoder has to reproduce'),
  bottleneckWidths: z
    .array(count('a width'))
    .default([64])
    .describe("widths of the autoencoder's hidden layers"),
  bottleneckWeight: z.number().gt(0).max(1e6).default(1).describe('factor of its loss'),
  burnIn: z.int().min(0).max(1e6).default(0).describe('epochs before it begins'),
  normLoss: flag("its error as a share of the activation's squares").default(true),
  bottleneckPerClass: flag('a bottleneck for each class').default(false),
  overfitBatch: flag('trains on one batch alone').default(false),
  measureEvery: count('steps between measurements').default(3910),
  earlyMeasurements: z
    .int()
    .min(0)
    .max(50)
    .default(0)
    .describe('log-spaced measurements before measureEvery'),
  checkpointEvery: count('steps between checkpoints').default(391),
  measuredImages: count('training images that are measured, the first ones').default(10_000),
  idTrain: flag('the dimension on the training images too').default(false),
  idClasses: flag('the dimension of each class too').default(false),
  idData: flag('the dimension of the images themselves, at step 0').default(false),
  ...ESTIMATE,
});

/** Settings of runs on images: their defaults, and how they are read and written. */
export const IMAGES: Settings<ImagesConfig> = defineSettings<ImagesConfig>(images, (config, refuse) => {
  if (config.numBlocks.length !== 4) refuse('numBlocks', 'must be four numbers, one for each stage');
  if (config.bottleneckWidths.length === 0) refuse('bottleneckWidths', 'must be at least one width');
  if (config.images !== undefined && config.batchSize > config.images)
    refuse('batchSize', `is larger than images=${config.images}`);
});

/**
 * Completes settings with the defaults.
 *
 * @throws RangeError for unknown keys and bad values, with the nearest key or the allowed range
 */
export function imagesConfig(settings: Readonly<Partial<ImagesConfig>> = {}): ImagesConfig {
  return IMAGES.config(settings);
}
