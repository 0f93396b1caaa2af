/** The experiment grokking: a transformer learns a binary operation, and generalises long after it has memorised. */
import { SPLIT } from '../data/binary-operation';
import { TASK_SETTINGS, TASKS } from '../data/registry';
import { SEQUENCE_MODEL_SETTINGS, SEQUENCE_MODELS, sequenceModelNamed } from '../models/registry';
import { memberOf, number, wholeNumber } from '../setting';
import type { GrokkingConfig } from './config-types';
import { defineExperiment, type Experiment, type Preset } from './experiment';
import { grokkingSetup } from './grokking';
import {
  adam,
  batchSize,
  checkMeasureId,
  checkpointEvery,
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

/** config/exp/math_equations.yaml of the public code. */
const MATH_EQUATIONS: Partial<GrokkingConfig> = {
  trainFraction: 0.2,
  unusedTokens: 1,
  weightDecay: 1e-4,
  steps: 8_000_000,
  earlyMeasurements: 0,
  id: 'off',
};

/** The panels of figure 4. */
export const FIGURE_4 = {
  trainFraction: [0.15, 0.2, 0.25, 0.3],
  weightDecay: [0, 1e-4, 1e-3, 1e-2],
} as const;

const PRESETS = {
  math_equations: {
    summary:
      'GPT-2 of two blocks learns division modulo 97; the file trains for 2,000,000 epochs of 4 batches',
    source: 'config/exp/math_equations.yaml of the public code',
    cost: '40,000 steps take 20 minutes on two cores and 3 on an NVIDIA H200; all 8,000,000 take 200 times as long',
    settings: MATH_EQUATIONS,
  },
  math_equations_id: {
    summary: 'the same, with the ID of four layers every 500 steps',
    source: 'config/exp/math_equations_id.yaml of the public code',
    cost: '40,000 steps take 25 minutes on two cores; all 8,000,000 take 200 times as long',
    settings: { ...MATH_EQUATIONS, id: 'on' },
  },
  figure4: {
    summary: 'the panels of figure 4, of which a sweep runs all 16 and a single run one',
    source: 'figures/grok_id.png of the public code',
    cost: '25 minutes on two cores for each panel',
    settings: {},
    grid: FIGURE_4,
  },
} satisfies Readonly<Record<string, Preset<GrokkingConfig>>>;

/** The name of a preset of grokking. */
export type GrokkingPreset = keyof typeof PRESETS;

export const GROKKING: Experiment<GrokkingConfig, GrokkingPreset> = defineExperiment({
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
      description: 'learning rate, after the warm-up if there is one',
    }),
    ...adam(0.98),
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
    overfitBatch,
    validateInTrainingMode,
    measureEvery: measureEvery(500),
    earlyMeasurements: earlyMeasurements(12),
    checkpointEvery: checkpointEvery(500),
    ...LOGGING,
    ...MEASURE_ID,
    ...ESTIMATE,
  },
  registries: { task: TASKS, model: SEQUENCE_MODELS },
  check: (config, refuse) => {
    checkMeasureId(config, sequenceModelNamed(config.model).sites({ ...config }), refuse);
    const { trainFraction, validationFraction = 0 } = config;
    if (trainFraction + validationFraction > 1 + 1e-9)
      refuse('validationFraction', `overlaps trainFraction=${trainFraction}: their sum must not exceed 1`);
  },
  presets: PRESETS,
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
