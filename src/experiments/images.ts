/** The data, network and measurements of a run in which a ResNet learns images, with more or less regularisation. */
import * as tf from '@tensorflow/tfjs';
import type { Augmentation } from '../data/augment';
import { CIFAR10_NORMALIZATION, CIFAR100_NORMALIZATION } from '../data/cifar';
import { type Dataset, toBatch } from '../data/dataset';
import { imageDatasetNamed } from '../data/registry';
import { rawPoints } from '../data/select';
import type { Model } from '../models/model';
import { imageModelNamed } from '../models/registry';
import { streamSeed } from '../random';
import type { DimensionEstimate, Measurement } from '../records/run-record';
import type { SiteActivation } from '../training/evaluation';
import { classWeights } from '../training/losses';
import { oneBatch } from '../training/one-batch';
import { bottleneck, type Regularizer } from '../training/regularizers';
import { warmedUp } from '../training/schedules';
import type { MeasurementEvent } from '../training/trainer';
import type { ImagesConfig } from './config-types';
import type { Setup, SiteIds } from './experiment';
import { siteId } from './site-id';
import { measureIdOf, optimizerOf, scheduleOf } from './training-settings';

/** The number of images that go through the network at once in measurements; at conv1 of width 64, this is 131 MB of activations. */
const EVALUATION_BATCH = 500;

/**
 * The data set that the settings describe.
 *
 * @throws RangeError for more images than there are; also the errors of the loaders for missing and damaged files
 */
export async function imagesData(config: ImagesConfig): Promise<Dataset> {
  const { images, validationImages, balanced, labelNoise, dataSeed: seed } = config;
  return imageDatasetNamed(config.dataset).load(
    {
      balanced,
      labelNoise,
      seed,
      ...(images === undefined ? {} : { images }),
      ...(validationImages === undefined ? {} : { validationImages }),
      augmentation: config.augmentation && augmentationOf(config),
      ...(config.normalization === 'dataset' ? {} : { normalization: NORMALIZATIONS[config.normalization] }),
    },
    { ...config },
  );
}

const NORMALIZATIONS = { cifar10: CIFAR10_NORMALIZATION, cifar100: CIFAR100_NORMALIZATION };

/** The changes that the settings make to the usual augmentation of the data set. */
function augmentationOf({ cropPadding, horizontalFlip, rotation }: ImagesConfig): Augmentation {
  return {
    ...(cropPadding === undefined ? {} : { cropPadding }),
    ...(horizontalFlip === undefined ? {} : { horizontalFlip }),
    ...(rotation === undefined ? {} : { rotation }),
  };
}

/** The untrained network that the settings describe. */
export function imagesModel(config: ImagesConfig, data: Dataset): Model {
  const [height, width, channels] = data.train.inputShape as [number, number, number];
  const { classes } = data;
  const { model, seed } = config;
  return imageModelNamed(model).make({ ...config }, { height, width, channels, classes, seed });
}

/** The set-up of a run with these settings. */
export async function imagesSetup(config: ImagesConfig): Promise<Setup> {
  const whole = await imagesData(config);
  const data = config.overfitBatch ? oneBatch(whole, config.batchSize, config.seed) : whole;
  const { idTrain, measuredImages, augmentMeasured, validateInTrainingMode } = config;
  /** The dimensions by split, class and site, stored until the line of the measurement is written. */
  let classIds: Record<string, Record<string, SiteIds>> = {};
  return {
    data,
    model: () => imagesModel(config, data),
    training: {
      optimizer: optimizerOf(config),
      schedule: warmedUp(scheduleOf(config), config.learningRate, config.warmupSteps),
      regularizers: regularizersOf(config, data),
      ...(config.classWeights.length === 0
        ? {}
        : { classWeights: classWeights(config.classWeights, config.classWeightExponent, data.classes) }),
      ...measureIdOf(config, imageModelNamed(config.model).sites({ ...config })),
      siteSplits: idTrain ? ['train', 'validation'] : ['validation'],
      measuredTrain: measuredImages,
      augmentMeasured,
      validateInTrainingMode,
      evaluationBatchSize: EVALUATION_BATCH,
      measureSite: async (activation) => {
        const { site, split } = activation;
        if (config.idClasses) {
          for (const [label, id] of Object.entries(await idOfClasses(activation, config))) {
            classIds[split] ??= {};
            classIds[split][label] = { ...classIds[split][label], [site]: id };
          }
        }
        return siteId(activation.points, config);
      },
    },
    measurement: async (event) => {
      const line = measurementLine(event, classIds);
      classIds = {};
      if (!config.idData || event.step > 0) return line;
      const dataId = await siteId(rawPoints(data.validation), config);
      return { ...line, validation: { ...line.validation, dataId } };
    },
  };
}

function measurementLine(
  event: MeasurementEvent<SiteIds>,
  classIds: Readonly<Record<string, Record<string, SiteIds>>>,
): Measurement {
  const { train, validation } = classIds;
  return {
    ...event,
    train: { ...event.train, ...(train ? { classId: train } : {}) },
    validation: { ...event.validation, ...(validation ? { classId: validation } : {}) },
  };
}

/** The dimension of the points of each class with at least `LEAST_POINTS`; with fewer, it would have no meaning. */
async function idOfClasses(
  { points, labels }: SiteActivation,
  config: ImagesConfig,
): Promise<Record<string, DimensionEstimate>> {
  const width = points.shape[1];
  const ids: Record<string, DimensionEstimate> = {};
  for (const label of [...new Set(labels)].sort((a, b) => a - b)) {
    const rows = [...labels.keys()].filter((row) => labels[row] === label);
    if (rows.length < LEAST_POINTS) continue;
    const own = new Float32Array(rows.length * width);
    for (const [i, row] of rows.entries()) own.set(points.row(row), i * width);
    ids[label] = await siteId({ data: own, shape: [rows.length, width] }, config);
  }
  return ids;
}

const LEAST_POINTS = 20;

function regularizersOf(config: ImagesConfig, data: Dataset): Regularizer[] {
  const { bottleneckSite, bottleneckSites, bottleneckWidths, bottleneckWeight, burnIn, normLoss, seed } =
    config;
  const sites = bottleneckSite === 'none' ? bottleneckSites : [bottleneckSite];
  if (sites.length === 0) return [];
  const widths = widthsOf(sites, config, data);
  return sites.map((site, i) =>
    bottleneck({
      site,
      inputs: widths[site]!,
      hidden: bottleneckWidths,
      weight: bottleneckWeight,
      burnIn,
      normLoss,
      // The first one gives the same numbers as if it were alone.
      seed: i === 0 ? seed : streamSeed(seed, i),
      ...(config.bottleneckPerClass ? { perClass: data.classes } : {}),
    }),
  );
}

/** The number of elements of one example's activation by site, which only the model knows. */
function widthsOf(sites: readonly string[], config: ImagesConfig, data: Dataset): Record<string, number> {
  const model = imagesModel(config, data);
  const one = toBatch(data.train, Int32Array.of(0));
  const { logits, activations } = model.apply(one.inputs, { activations: sites });
  const widths = Object.fromEntries(sites.map((site) => [site, activations[site]!.size]));
  tf.dispose([logits, activations]);
  one.dispose();
  model.dispose();
  return widths;
}
