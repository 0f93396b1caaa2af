/** A transformer learns modular arithmetic, and long after generalises: data, network and measurements of such a run. */
import type { Dataset } from '../data/dataset';
import { modularArithmetic } from '../data/modular-arithmetic';
import { permutationGroup } from '../data/permutation-group';
import { gpt2 } from '../models/gpt2';
import type { Model } from '../models/model';
import type { Measurement } from '../records/run-record';
import { constant, cosine, multiStep, type Schedule, warmup } from '../training/schedules';
import type { MeasurementEvent } from '../training/trainer';
import type { GrokkingConfig } from './grokking-config';
import type { Setup, SiteIds } from './setup';
import { siteId } from './site-id';

/** The data set that the settings describe. */
export function grokkingData(config: GrokkingConfig): Dataset {
  const { task, prime, degree, trainFraction, validationFraction, dataSeed: seed } = config;
  const split = { trainFraction, seed, ...(validationFraction === undefined ? {} : { validationFraction }) };
  return task === 'permutation'
    ? permutationGroup({ degree, ...split })
    : modularArithmetic({ operation: task, prime, ...split });
}

/** The untrained network that the settings describe. The vocabulary ends with the paper's unused padding token. */
export function grokkingModel(config: GrokkingConfig, data: Dataset): Model {
  const { nLayer, nHead, nEmbd, dropoutRate, seed } = config;
  const vocabularySize = Math.max(data.classes + 2, config.task === 'permutation' ? 0 : config.prime + 4);
  return gpt2({ vocabularySize, classes: data.classes, nLayer, nHead, nEmbd, dropoutRate, seed });
}

/** What a run with these settings consists of. */
export async function grokkingSetup(config: GrokkingConfig): Promise<Setup> {
  const data = grokkingData(config);
  const { beta1, beta2, epsilon, momentum, weightDecay } = config;
  return {
    data,
    model: () => grokkingModel(config, data),
    training: {
      optimizer:
        config.optimizer === 'adam'
          ? { kind: 'adam', beta1, beta2, epsilon, weightDecay }
          : { kind: 'sgd', momentum, weightDecay },
      schedule: scheduleOf(config),
      measureSite: ({ points }) => siteId(points, config),
    },
    measurement: async (event) => withoutClasses(event),
  };
}

/** With a hundred classes of a few examples each, a record has no use for their accuracies. */
function withoutClasses(event: MeasurementEvent<SiteIds>): Measurement {
  const { classAccuracy: _train, ...train } = event.train;
  const { classAccuracy: _validation, ...validation } = event.validation;
  return { ...event, train, validation };
}

function scheduleOf({
  schedule,
  learningRate,
  warmupSteps,
  steps,
  milestones,
  gamma,
}: GrokkingConfig): Schedule {
  switch (schedule) {
    case 'constant':
      return constant(learningRate);
    case 'warmup':
      return warmup(learningRate, warmupSteps);
    case 'cosine':
      return cosine(learningRate, steps);
    case 'multi-step':
      return multiStep(learningRate, milestones, gamma);
  }
}
