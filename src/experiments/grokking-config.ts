/** The experiment grokking: a transformer learns a binary operation, and generalises long after it has memorised. */
import { SPLIT } from '../data/binary-operation';
import { TASK_SETTINGS, TASKS } from '../data/registry';
import { SEQUENCE_MODEL_SETTINGS, SEQUENCE_MODELS } from '../models/registry';
import { belowOne, memberOf, number, wholeNumber } from '../setting';
import { ADAM } from '../training/adam-defaults';
import type { GrokkingConfig } from './config-types';
import { defineExperiment, type Experiment } from './experiment';
import { grokkingSetup } from './grokking';
import {
  batchSize,
  checkpointEvery,
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

export const GROKKING: Experiment<GrokkingConfig, 'paper'> = defineExperiment({
  name: 'grokking',
  summary:
    'a transformer learns a binary operation, and generalises long after it has memorised the examples',
  type: {
    name: 'GrokkingConfig',
    description:
      'Training a transformer on a small algebraic task until it groks. The defaults are those of the paper.',
  },
  settings: {
    task: memberOf(TASKS, 'TaskName', {
      default: 'division',
      description: 'binary operation that is learnt',
    }),
    ...TASK_SETTINGS,
    trainFraction: SPLIT.trainFraction,
    validationFraction: SPLIT.validationFraction,
    dataSeed: SPLIT.seed,
    seed: runSeed('seed of the weights, the order of the examples and dropout'),
    steps: steps(40_000),
    batchSize: batchSize(512),
    optimizer: optimizer('adam'),
    learningRate: number({
      default: 1e-3,
      above: 0,
      max: 10,
      description: 'learning rate, after the warm-up where there is one',
    }),
    beta1: belowOne({ default: ADAM.beta1, description: "decay rate of Adam's mean of the gradients" }),
    beta2: belowOne({ default: 0.98, description: "decay rate of Adam's mean of the squared gradients" }),
    epsilon: number({
      default: ADAM.epsilon,
      above: 0,
      max: 1,
      description: 'epsilon added to the denominator of Adam',
    }),
    momentum,
    weightDecay: weightDecay(0),
    schedule: schedule(['constant', 'warmup', 'cosine', 'multi-step'], 'warmup'),
    warmupSteps: wholeNumber({
      default: 10_000,
      min: 1,
      max: 1e9,
      description: 'number of steps over which the schedule warmup raises the learning rate linearly',
    }),
    milestones,
    gamma,
    model: memberOf(SEQUENCE_MODELS, 'SequenceModelName', {
      default: 'gpt2',
      description: 'network that is trained',
    }),
    ...SEQUENCE_MODEL_SETTINGS,
    measureEvery: measureEvery(500),
    earlyMeasurements: earlyMeasurements(12),
    checkpointEvery: checkpointEvery(500),
    ...ESTIMATE,
  },
  registries: { task: TASKS, model: SEQUENCE_MODELS },
  check: (config, refuse) => {
    const { trainFraction, validationFraction = 0 } = config;
    if (trainFraction + validationFraction > 1 + 1e-9)
      refuse('validationFraction', `overlaps trainFraction=${trainFraction}: their sum must not exceed 1`);
  },
  presets: {
    /** config/exp/math_equations.yaml and math_equations_id.yaml of the public code. */
    paper: {},
  },
  title: ({ task, ...values }) => {
    const known = TASKS.find(({ name }) => name === task);
    return known ? known.title(values) : 'Training';
  },
  named: { run: ['trainFraction', 'weightDecay', 'seed'], runs: ['task', 'batchSize', 'steps'] },
  setup: grokkingSetup,
});

/**
 * Completes the settings of a run with the defaults.
 *
 * @throws RangeError for unknown settings and for values that are not allowed
 */
export function grokkingConfig(settings: Readonly<Partial<GrokkingConfig>> = {}): GrokkingConfig {
  return GROKKING.config(settings);
}
