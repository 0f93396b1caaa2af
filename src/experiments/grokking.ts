/** The data, network and measurements of a run in which a transformer learns modular arithmetic, and generalises long after. */
import type { Dataset } from '../data/dataset';
import { taskNamed } from '../data/registry';
import type { Model } from '../models/model';
import { sequenceModelNamed } from '../models/registry';
import type { Measurement } from '../records/run-record';
import { oneBatch } from '../training/one-batch';
import type { MeasurementEvent } from '../training/trainer';
import type { GrokkingConfig } from './config-types';
import type { Setup, SiteIds } from './experiment';
import { siteId } from './site-id';
import { measureIdOf, optimizerOf, scheduleOf } from './training-settings';

/** The data set that the settings describe. */
export function grokkingData(config: GrokkingConfig): Dataset {
  const { task, trainFraction, validationFraction, dataSeed: seed } = config;
  const split = { trainFraction, seed, ...(validationFraction === undefined ? {} : { validationFraction }) };
  return taskNamed(task).load({ ...config }, split);
}

/** The untrained network that the settings describe. */
export function grokkingModel(config: GrokkingConfig, data: Dataset): Model {
  const vocabularySize = data.vocabularySize! + (taskNamed(config.task).unusedTokens?.({ ...config }) ?? 0);
  const { classes } = data;
  return sequenceModelNamed(config.model).make({ ...config }, { vocabularySize, classes, seed: config.seed });
}

/** The set-up of a run with these settings. */
export async function grokkingSetup(config: GrokkingConfig): Promise<Setup> {
  const whole = grokkingData(config);
  const data = config.overfitBatch ? oneBatch(whole, config.batchSize, config.seed) : whole;
  return {
    data,
    model: () => grokkingModel(config, data),
    training: {
      optimizer: optimizerOf(config),
      schedule: scheduleOf(config),
      ...measureIdOf(config, sequenceModelNamed(config.model).sites({ ...config })),
      validateInTrainingMode: config.validateInTrainingMode,
      measureSite: ({ points }) => siteId(points, config),
    },
    measurement: async (event) => withoutClasses(event),
  };
}

/** Leaves out the accuracies of classes, which are useless with a hundred classes of a few examples each. */
function withoutClasses(event: MeasurementEvent<SiteIds>): Measurement {
  const { classAccuracy: _train, ...train } = event.train;
  const { classAccuracy: _validation, ...validation } = event.validation;
  return { ...event, train, validation };
}
