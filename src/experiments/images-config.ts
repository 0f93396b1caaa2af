/** The experiment images: a ResNet learns pictures, more or less regularised. */
import { IMAGE_DATASET_SETTINGS, IMAGE_DATASETS } from '../data/registry';
import { IMAGE_MODEL_SETTINGS, IMAGE_MODELS } from '../models/registry';
import { belowOne, choice, count, flag, list, memberOf, number, wholeNumber } from '../setting';
import type { ImagesConfig } from './config-types';
import { defineExperiment, type Experiment } from './experiment';
import { imagesSetup } from './images';
import {
  batchSize,
  checkpointEvery,
  dataSeed,
  ESTIMATE,
  earlyMeasurements,
  gamma,
  measureEvery,
  milestones,
  momentum,
  optimizer,
  runSeed,
  schedule,
  steps,
  weightDecay,
} from './training-settings';

/** Steps of an epoch of CIFAR: 390 batches of 128 pictures, and a short one. */
const EPOCH = 391;

const USUAL = 'what the paper does for the data set; nothing for other data sets';

export const IMAGES: Experiment<ImagesConfig, 'mnist' | 'cifar10' | 'cifar100'> = defineExperiment({
  name: 'images',
  summary: 'a ResNet learns pictures, more or less regularised',
  type: {
    name: 'ImagesConfig',
    description: 'Training a ResNet on pictures. The defaults are those of the paper for CIFAR-10.',
  },
  settings: {
    dataset: memberOf(IMAGE_DATASETS, 'ImageDatasetName', {
      default: 'cifar10',
      description: 'data set of pictures',
    }),
    ...IMAGE_DATASET_SETTINGS,
    images: count({
      absent: 'all; 8 in 10 where the data set has no pictures for validation',
      description: 'number of training images',
      inWords: (images) => `${images.toLocaleString('en')} pictures`,
    }),
    validationImages: count({
      absent: 'all that are not trained on',
      description: 'number of validation images',
    }),
    balanced: flag({
      default: false,
      description: 'whether every class has the same number of training images',
    }),
    labelNoise: belowOne({ default: 0, description: 'fraction of the training labels that is made wrong' }),
    augmentation: flag({
      default: true,
      description:
        'whether training images are cropped, flipped and rotated at random, as the paper does for the data set',
    }),
    cropPadding: wholeNumber({
      absent: USUAL,
      min: 0,
      max: 64,
      description:
        'number of black pixels around a training image, of which a random part of its own size is taken',
    }),
    horizontalFlip: flag({
      absent: USUAL,
      description: 'whether one half of the training images, drawn at random, is mirrored',
    }),
    rotation: number({
      absent: USUAL,
      min: 0,
      max: 180,
      description: 'number of degrees by which training images are rotated at most, to both sides',
    }),
    dataSeed: dataSeed(0),
    seed: runSeed('seed of the weights, the order of the examples, augmentation and dropout'),
    steps: steps(200 * EPOCH),
    batchSize: batchSize(128),
    model: memberOf(IMAGE_MODELS, 'ImageModelName', {
      default: 'resnet',
      description: 'network that is trained',
    }),
    ...IMAGE_MODEL_SETTINGS,
    optimizer: optimizer('sgd'),
    learningRate: number({
      default: 0.1,
      above: 0,
      max: 10,
      description: 'highest learning rate of the schedule',
    }),
    momentum,
    weightDecay: weightDecay(5e-4),
    schedule: schedule(['constant', 'cosine', 'multi-step'], 'cosine'),
    warmupSteps: wholeNumber({
      default: 0,
      min: 0,
      max: 1e9,
      description:
        'number of steps over which the learning rate rises linearly before it follows the schedule',
    }),
    milestones,
    gamma,
    classWeights: list({
      default: [],
      above: 0,
      max: 1e9,
      description: 'weight of each class in the loss; an empty list weights all classes alike',
    }),
    classWeightExponent: number({
      default: 1,
      min: 0,
      max: 10,
      description: 'power to which the class weights are raised',
    }),
    bottleneckSite: choice(['none', 'conv1', 'conv2_x', 'conv3_x', 'conv4_x', 'conv5_x', 'avg_pool'], {
      default: 'none',
      description: 'site whose activation an autoencoder has to reproduce',
    }),
    bottleneckWidths: list(
      { default: [64], min: 1, max: 1e9, description: 'widths of the hidden layers of the autoencoder' },
      { whole: true, filled: true },
    ),
    bottleneckWeight: number({
      default: 1,
      above: 0,
      max: 1e6,
      description: "factor of the autoencoder's error in the loss",
    }),
    burnIn: wholeNumber({
      default: 0,
      min: 0,
      max: 1e6,
      description: "number of epochs before the autoencoder's error is added to the loss",
    }),
    normLoss: flag({
      default: true,
      description: "whether the autoencoder's error is divided by the squared norm of the activation",
    }),
    bottleneckPerClass: flag({
      default: false,
      description: 'whether each class has an autoencoder of its own',
    }),
    overfitBatch: flag({
      default: false,
      description: 'whether to train on a single batch, which shows that the network can learn at all',
    }),
    measureEvery: measureEvery(10 * EPOCH),
    earlyMeasurements: earlyMeasurements(0),
    checkpointEvery: checkpointEvery(EPOCH),
    measuredImages: count({
      default: 10_000,
      description: 'number of training images that are measured, the first ones',
    }),
    idTrain: flag({
      default: false,
      description: 'whether the dimension is measured on the training images too',
    }),
    idClasses: flag({ default: false, description: 'whether the dimension of each class is measured too' }),
    idData: flag({
      default: false,
      description: 'whether the dimension of the images themselves is measured too, at step 0',
    }),
    ...ESTIMATE,
  },
  registries: { dataset: IMAGE_DATASETS, model: IMAGE_MODELS },
  check: (config, refuse) => {
    const { images, batchSize, augmentation } = config;
    for (const key of ['cropPadding', 'horizontalFlip', 'rotation'] as const) {
      if (!augmentation && config[key])
        refuse(key, 'is not used with augmentation=false: leave one of them out');
    }
    if (images !== undefined && batchSize > images) refuse('batchSize', `is larger than images=${images}`);
  },
  presets: {
    /**
     * The settings with which `data/runs/mnist` was recorded: a whole sweep takes some hours on two cores. Few images
     * leave room for overfitting.
     */
    mnist: {
      dataset: 'mnist',
      images: 500,
      validationImages: 2000,
      width: 16,
      weightDecay: 0,
      batchSize: 32,
      steps: 2000,
      measureEvery: 1000,
    },
    /** config/exp/cifar10.yaml and cifar10_id.yaml of the public code. */
    cifar10: {},
    /** config/exp/cifar100.yaml and cifar100_id.yaml of the public code. */
    cifar100: {
      dataset: 'cifar100',
      schedule: 'multi-step',
      milestones: [60 * EPOCH, 120 * EPOCH, 160 * EPOCH],
    },
  },
  title: ({ dataset, model }) => {
    const network = IMAGE_MODELS.find(({ name }) => name === model);
    return `${network?.title ?? 'Network'} on ${dataset ?? 'pictures'}`;
  },
  named: {
    run: ['weightDecay', 'blockDropout', 'seed'],
    runs: ['dataset', 'images', 'width', 'batchSize', 'steps'],
  },
  setup: imagesSetup,
});

/**
 * Completes the settings of a run with the defaults.
 *
 * @throws RangeError for unknown settings and for values that are not allowed
 */
export function imagesConfig(settings: Readonly<Partial<ImagesConfig>> = {}): ImagesConfig {
  return IMAGES.config(settings);
}
