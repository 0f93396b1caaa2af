/** A ResNet learns images, more or less regularised: data, network and measurements of such a run. */

import { cifar10, cifar100 } from '../data/cifar';
import { type Dataset, toBatch } from '../data/dataset';
import { idxFolder } from '../data/idx';
import type { ImageOptions } from '../data/image-set';
import { mnist } from '../data/mnist';
import { rawPoints } from '../data/select';
import type { Model } from '../models/model';
import { resnet } from '../models/resnet';
import type { DimensionEstimate, Measurement } from '../records/run-record';
import type { SiteActivation } from '../training/evaluation';
import { classWeights } from '../training/losses';
import { oneBatch } from '../training/one-batch';
import { bottleneck, type Regularizer } from '../training/regularizers';
import { constant, cosine, multiStep, type Schedule, warmedUp } from '../training/schedules';
import type { MeasurementEvent } from '../training/trainer';
import type { ImagesConfig } from './images-config';
import type { Setup, SiteIds } from './setup';
import { siteId } from './site-id';

/** Images of each source to train on, and to validate with where it has a test set. */
const SIZES = {
  mnist: { train: 10_000, validation: 10_000 },
  'fashion-mnist': { train: 60_000, validation: 10_000 },
  cifar10: { train: 50_000, validation: 10_000 },
  cifar100: { train: 50_000, validation: 10_000 },
} as const;

/** Images that go through the network at once when measuring: 131 MB of activations at conv1 of width 64. */
const EVALUATION_BATCH = 500;

/**
 * The data set that the settings describe.
 *
 * @throws RangeError for more images than there are; what the loaders throw for missing and damaged files
 */
export async function imagesData(config: ImagesConfig): Promise<Dataset> {
  const { dataset, images, validationImages, balanced, labelNoise, dataSeed: seed } = config;
  const sizes = SIZES[dataset];
  const options: ImageOptions = {
    balanced,
    labelNoise,
    seed,
    ...(images === undefined ? {} : { trainFraction: share('images', images, sizes.train) }),
    ...(validationImages === undefined
      ? {}
      : { validationFraction: share('validationImages', validationImages, sizes.validation) }),
    ...(config.augmentation ? {} : { augmentation: {} }),
  };
  switch (dataset) {
    case 'mnist':
      return mnist(options);
    case 'fashion-mnist':
      return idxFolder(config.folder, options);
    case 'cifar10':
      return cifar10(options);
    case 'cifar100':
      return cifar100(options);
  }
}

/** The untrained network that the settings describe. */
export function imagesModel(config: ImagesConfig, data: Dataset): Model {
  const { width, numBlocks, blockDropout, classifierDropout = blockDropout, seed } = config;
  const channels = data.train.inputShape.at(-1)!;
  return resnet({ classes: data.classes, channels, width, numBlocks, blockDropout, classifierDropout, seed });
}

/** What a run with these settings consists of. */
export async function imagesSetup(config: ImagesConfig): Promise<Setup> {
  const whole = await imagesData(config);
  const data = config.overfitBatch ? oneBatch(whole, config.batchSize, config.seed) : whole;
  const { momentum, weightDecay, idTrain, measuredImages } = config;
  /** By split, class and site, between a measurement and its line. */
  let classIds: Record<string, Record<string, SiteIds>> = {};
  return {
    data,
    model: () => imagesModel(config, data),
    training: {
      optimizer:
        config.optimizer === 'adam' ? { kind: 'adam', weightDecay } : { kind: 'sgd', momentum, weightDecay },
      schedule: scheduleOf(config),
      regularizers: regularizersOf(config, data),
      ...(config.classWeights.length === 0
        ? {}
        : { classWeights: classWeights(config.classWeights, config.classWeightExponent, data.classes) }),
      siteSplits: idTrain ? ['train', 'validation'] : ['validation'],
      measuredTrain: measuredImages,
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

/** The dimension of each class's points; of classes with fewer than `LEAST_POINTS` it would say nothing. */
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
  const { bottleneckSite: site, bottleneckWidths, bottleneckWeight, burnIn, normLoss, seed } = config;
  if (site === 'none') return [];
  // The size of an activation is the model's to tell.
  const model = imagesModel(config, data);
  const one = toBatch(data.train, Int32Array.of(0));
  const { logits, activations } = model.apply(one.inputs, { activations: [site] });
  const inputs = activations[site]!.size;
  logits.dispose();
  activations[site]!.dispose();
  one.dispose();
  model.dispose();
  return [
    bottleneck({
      site,
      inputs,
      hidden: bottleneckWidths,
      weight: bottleneckWeight,
      burnIn,
      normLoss,
      seed,
      ...(config.bottleneckPerClass ? { perClass: data.classes } : {}),
    }),
  ];
}

function scheduleOf(config: ImagesConfig): Schedule {
  const { schedule, learningRate, warmupSteps, steps, milestones, gamma } = config;
  const base = {
    constant: constant(learningRate),
    cosine: cosine(learningRate, steps),
    'multi-step': multiStep(learningRate, milestones, gamma),
  }[schedule];
  return warmedUp(base, learningRate, warmupSteps);
}

/** Images as the share of a source that the loaders ask for. */
function share(key: string, images: number, size: number): number {
  if (images > size) throw new RangeError(`${key}=${images} is more than the ${size} there are`);
  return images / size;
}
