/** The experiment images: a ResNet learns pictures, more or less regularised. */
import { IMAGE_DATASET_SETTINGS, IMAGE_DATASETS } from '../data/registry';
import { IMAGE_MODEL_SETTINGS, IMAGE_MODELS, imageModelNamed } from '../models/registry';
import { counted } from '../number-format';
import { belowOne, choice, count, flag, list, memberOf, number, wholeNumber, words } from '../setting';
import type { ImagesConfig } from './config-types';
import { defineExperiment, type Experiment, type Preset } from './experiment';
import { imagesSetup } from './images';
import {
  adam,
  batchSize,
  checkMeasureId,
  checkpointEvery,
  dataSeed,
  ESTIMATE,
  earlyMeasurements,
  gamma,
  LOGGING,
  MEASURE_ID,
  measureEvery,
  milestones,
  momentum,
  optimizer,
  overfitBatch,
  runSeed,
  schedule,
  steps,
  validateInTrainingMode,
  weightDecay,
} from './training-settings';

/** Steps of an epoch of CIFAR: 390 batches of 128 pictures, and a short one. */
const EPOCH = 391;

const USUAL = 'as in the paper for its data sets; none for others';

/** 78,200 steps of 1.7 s, from the step of batch 32 in docs/benchmarks.md; a measurement of all six sites takes 220 s. */
const FULL_RUN = 'about 40 hours on two cores, by the time of a step';
const FULL_RUN_WITH_ID = 'about 52 hours on two cores, by the times of a step and of a measurement';

/** config/exp/cifar10.yaml of the public code: loss and accuracy after every epoch. */
const CIFAR10: Partial<ImagesConfig> = { measureEvery: EPOCH, id: 'off' };

/** config/exp/cifar100.yaml of the public code. */
const CIFAR100: Partial<ImagesConfig> = {
  ...CIFAR10,
  dataset: 'cifar100',
  schedule: 'multi-step',
  milestones: [60 * EPOCH, 120 * EPOCH, 160 * EPOCH],
};

/** What config/exp/cifar100_id.yaml adds: the dimension after every epoch, that of the pictures at step 0. */
const ID: Partial<ImagesConfig> = { id: 'on', idData: true };

/** A pilot on pictures of CIFAR-10 found these settings, with which a network without regularisation overfits. */
const OVERFITTING: Partial<ImagesConfig> = {
  images: 2000,
  cropPadding: 4,
  horizontalFlip: true,
  width: 16,
  weightDecay: 0,
  batchSize: 64,
  steps: 3500,
  measureEvery: 3500,
  earlyMeasurements: 5,
  idData: true,
};

const PRESETS = {
  cifar10: {
    summary: 'ResNet-18 learns CIFAR-10: cosine schedule over 200 epochs',
    source: 'config/exp/cifar10.yaml of the public code',
    cost: FULL_RUN,
    settings: CIFAR10,
  },
  cifar10_id: {
    summary:
      'the same with ID, as the public code runs it: by inheritance with the normalisation, rotation and multi-step schedule of CIFAR-100',
    source: 'config/exp/cifar10_id.yaml, which inherits cifar100_id.yaml',
    cost: FULL_RUN_WITH_ID,
    settings: { ...CIFAR100, ...ID, dataset: 'cifar10', normalization: 'cifar100', rotation: 15 },
  },
  cifar10_id_cosine: {
    summary: 'the same with ID, as cifar10 trains: its own normalisation, no rotation, cosine schedule',
    source: 'config/exp/cifar10.yaml with the ID settings of cifar100_id.yaml',
    cost: FULL_RUN_WITH_ID,
    settings: { ...CIFAR10, ...ID },
  },
  cifar100: {
    summary: 'ResNet-18 learns CIFAR-100: multi-step schedule over 200 epochs',
    source: 'config/exp/cifar100.yaml of the public code',
    cost: FULL_RUN,
    settings: CIFAR100,
  },
  cifar100_id: {
    summary: 'the same, with the ID of six layers and of the pictures',
    source: 'config/exp/cifar100_id.yaml of the public code',
    cost: FULL_RUN_WITH_ID,
    settings: { ...CIFAR100, ...ID },
  },
  mnist: {
    summary: 'a narrow ResNet-18 learns 500 digits, which leaves room for overfitting',
    source: 'the records in data/runs/mnist',
    cost: 'about 2 minutes on two cores',
    settings: {
      dataset: 'mnist',
      images: 500,
      validationImages: 2000,
      width: 16,
      weightDecay: 0,
      batchSize: 32,
      steps: 2000,
      measureEvery: 1000,
    },
  },
  cifar10_jpeg: {
    summary:
      'a narrow ResNet-18 learns 2,000 pictures of CIFAR-10, read from JPEG files, and overfits without regularisation',
    source: 'a pilot, described in data/README.md',
    cost: 'about 10 minutes on two cores',
    settings: {
      dataset: 'folder',
      folder: 'data/downloads/cifar10-jpeg',
      ...OVERFITTING,
    },
    grid: {
      weightDecay: [
        0, 1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 7e-3, 8e-3, 1e-2, 1.2e-2, 1.5e-2, 2e-2, 3e-2, 5e-2,
      ],
      seed: [0, 1, 2],
    },
  },
  fashion_mnist: {
    summary: 'the same network learns 2,000 pictures of Fashion-MNIST, with the same settings',
    source: 'the settings of cifar10_jpeg, to test the claims on other data',
    cost: 'about 10 minutes on two cores',
    settings: { dataset: 'fashion-mnist', ...OVERFITTING },
    grid: {
      weightDecay: [0, 3e-4, 1e-3, 3e-3, 7e-3, 1.2e-2, 2e-2, 3e-2],
      seed: [0, 1],
    },
  },
} satisfies Readonly<Record<string, Preset<ImagesConfig>>>;

/** The name of a preset of images. */
export type ImagesPreset = keyof typeof PRESETS;

export const IMAGES: Experiment<ImagesConfig, ImagesPreset> = defineExperiment({
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
      inWords: (name) => (name === 'folder' ? '' : name), // the folder says it
    }),
    ...IMAGE_DATASET_SETTINGS,
    images: count({
      absent: 'all, or 8 in 10 if the data set has no pictures for validation',
      description: 'number of training images',
      inWords: (images) => counted(images.toLocaleString('en'), 'picture'),
    }),
    validationImages: count({
      absent: 'all images that are not used for training',
      description: 'number of validation images',
    }),
    balanced: flag({
      default: false,
      description: 'use the same number of training images of every class',
    }),
    labelNoise: belowOne({
      default: 0,
      description: 'fraction of the training labels that are replaced by wrong ones',
    }),
    augmentation: flag({
      default: true,
      description: 'crop, flip and rotate training images at random, as in the paper for the data set',
    }),
    cropPadding: wholeNumber({
      absent: USUAL,
      min: 0,
      max: 64,
      description:
        'width in pixels of the black border from which a random crop of the original size is taken',
    }),
    horizontalFlip: flag({
      absent: USUAL,
      description: 'flip a random half of the training images horizontally',
    }),
    normalization: choice(['dataset', 'cifar10', 'cifar100'], {
      default: 'dataset',
      description:
        'channel means and standard deviations that normalise pixels: those of the data set, or those of the paper for CIFAR-10 or CIFAR-100',
    }),
    rotation: number({
      absent: USUAL,
      min: 0,
      max: 180,
      description: 'largest random rotation of training images in degrees, in both directions',
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
    ...adam(),
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
      description: 'weight of each class in the loss; an empty list gives all classes the same weight',
    }),
    classWeightExponent: number({
      default: 1,
      min: 0,
      max: 10,
      description: 'power to which the class weights are raised',
    }),
    bottleneckSite: choice(['none', 'conv1', 'conv2_x', 'conv3_x', 'conv4_x', 'conv5_x', 'avg_pool'], {
      default: 'none',
      description: 'site whose activation an autoencoder must reproduce',
    }),
    bottleneckSites: words({
      default: [],
      description:
        'several sites, instead of bottleneckSite, whose activations must each be reproduced by an autoencoder',
    }),
    bottleneckWidths: list(
      { default: [64], min: 1, max: 1e9, description: 'widths of the hidden layers of each autoencoder' },
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
      description: "divide the autoencoder's error by the squared norm of the activation",
    }),
    bottleneckPerClass: flag({
      default: false,
      description: 'use a separate autoencoder for each class',
    }),
    overfitBatch,
    validateInTrainingMode,
    measureEvery: measureEvery(10 * EPOCH),
    earlyMeasurements: earlyMeasurements(0),
    checkpointEvery: checkpointEvery(EPOCH),
    ...LOGGING,
    measuredImages: count({
      default: 10_000,
      description: 'number of training images that are measured, from the first on',
    }),
    augmentMeasured: flag({
      default: false,
      description:
        'augment training images when they are measured, differently each time, as in the public code of the paper',
      identity: 'record',
    }),
    idTrain: flag({
      default: false,
      description: 'measure the dimension on the training images, too',
    }),
    idClasses: flag({ default: false, description: 'measure the dimension of each class, too' }),
    idData: flag({
      default: false,
      description: 'measure the dimension of the images themselves at step 0, too',
    }),
    ...MEASURE_ID,
    ...ESTIMATE,
  },
  registries: { dataset: IMAGE_DATASETS, model: IMAGE_MODELS },
  check: (config, refuse) => {
    const network = imageModelNamed(config.model).sites({ ...config });
    checkMeasureId(config, network, refuse);
    const { images, batchSize, augmentation, bottleneckSite, bottleneckSites } = config;
    if (bottleneckSites.length > 0 && bottleneckSite !== 'none')
      refuse('bottleneckSite', 'is not used with bottleneckSites: name all sites there, and leave it out');
    const known = network.join(', ');
    if (bottleneckSite !== 'none' && !network.includes(bottleneckSite))
      refuse(
        'bottleneckSite',
        `is not a site of model=${config.model}: use bottleneckSites, and choose among ${known}`,
      );
    const unknown = bottleneckSites.find((site) => !network.includes(site));
    if (unknown !== undefined)
      refuse('bottleneckSites', `has '${unknown}', which the network does not have: choose among ${known}`);
    for (const key of ['cropPadding', 'horizontalFlip', 'rotation'] as const) {
      if (!augmentation && config[key])
        refuse(key, 'is not used with augmentation=false: leave one of them out');
    }
    if (config.augmentMeasured) {
      if (!augmentation)
        refuse('augmentMeasured', 'is not used with augmentation=false: leave one of them out');
      if (config.overfitBatch)
        refuse('augmentMeasured', 'is not used with overfitBatch=true, which never augments: leave one out');
    }
    for (const key of ['idTrain', 'idClasses', 'idData'] as const) {
      if (config.id === 'off' && config[key]) refuse(key, `is not used with id=off: set ${key}=false`);
    }
    if (images !== undefined && batchSize > images) refuse('batchSize', `is larger than images=${images}`);
  },
  presets: PRESETS,
  title: ({ dataset, model }) => {
    const network = IMAGE_MODELS.find(({ name }) => name === model);
    return `${network?.title ?? 'Network'} on ${dataset ?? 'pictures'}`;
  },
  named: {
    run: ['weightDecay', 'blockDropout', 'seed'],
    runs: ['dataset', 'folder', 'images', 'width', 'batchSize', 'steps'],
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
