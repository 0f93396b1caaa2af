/** Settings of training and measuring with the same meaning in every experiment; each experiment has its own defaults. */
import { TWO_NN } from '../intrinsic-dimension/estimators/two-nn';
import { SUBSAMPLES } from '../intrinsic-dimension/subsamples';
import { counted, formatSetting } from '../number-format';
import {
  belowOne,
  choice,
  count,
  flag,
  fraction,
  list,
  number,
  type OptionalSetting,
  type Refuse,
  type Setting,
  seed,
  wholeNumber,
  words,
} from '../setting';
import { ADAM } from '../training/adam-defaults';
import type { OptimizerConfig } from '../training/optimizers';
import { constant, cosine, multiStep, type Schedule, warmup } from '../training/schedules';

/** Makes a setting with an experiment's own default. */
type MakeSetting = (value: number) => Setting<number>;

export const dataSeed: MakeSetting = (value) =>
  seed({ default: value, description: 'seed of the split into training and validation examples' });

/** @param description what the seed determines in the experiment */
export const runSeed = (description: string): Setting<number> =>
  seed({ default: 0, description, inWords: (value) => `seed ${value}` });

export const steps: MakeSetting = (value) =>
  count({
    default: value,
    description: 'number of training steps',
    inWords: (steps) => counted(steps.toLocaleString('en'), 'step'),
    // A run may be prolonged, unless the learning rate of every step depends on the number of steps.
    identity: ({ schedule }) => (schedule === 'cosine' ? 'run' : 'same'),
  });

export const batchSize: MakeSetting = (value) =>
  count({
    default: value,
    description: 'number of examples in each training step',
    inWords: (size) => `batches of ${size}`,
  });

/** The settings of an optimiser. */
interface OptimizerSettings {
  readonly optimizer: OptimizerConfig['kind'];
  readonly weightDecay: number;
  readonly momentum: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export const optimizer = (value: OptimizerConfig['kind']): Setting<OptimizerConfig['kind']> =>
  choice(['adam', 'sgd'], { default: value, description: 'optimiser' });

export const momentum: Setting<number> = belowOne({
  default: 0.9,
  description: 'momentum of the optimiser sgd',
});

/** The settings of the optimiser adam, with PyTorch's defaults, except for `beta2` if the paper has another value. */
export const adam = (
  beta2: number = ADAM.beta2,
): { beta1: Setting<number>; beta2: Setting<number>; epsilon: Setting<number> } => ({
  beta1: belowOne({ default: ADAM.beta1, description: "decay rate of Adam's mean of the gradients" }),
  beta2: belowOne({ default: beta2, description: "decay rate of Adam's mean of the squared gradients" }),
  epsilon: number({
    default: ADAM.epsilon,
    above: 0,
    max: 1,
    description: 'epsilon added to the denominator of Adam',
  }),
});

export const overfitBatch: Setting<boolean> = flag({
  default: false,
  description: 'train on a single batch, which shows whether the network can learn at all',
});

export const weightDecay: MakeSetting = (value) =>
  number({
    default: value,
    min: 0,
    max: 10,
    description: 'L2 penalty: this factor times the weights is added to the gradient',
    inWords: (factor) => `weight decay ${formatSetting(factor)}`,
  });

/** The optimiser that the settings describe. */
export function optimizerOf(config: OptimizerSettings): OptimizerConfig {
  const { weightDecay, momentum, beta1, beta2, epsilon } = config;
  if (config.optimizer === 'sgd') return { kind: 'sgd', momentum, weightDecay };
  return { kind: 'adam', weightDecay, beta1, beta2, epsilon };
}

/** The settings of a schedule of the learning rate. */
interface ScheduleSettings {
  readonly learningRate: number;
  readonly steps: number;
  readonly warmupSteps: number;
  readonly milestones: readonly number[];
  readonly gamma: number;
}

const SCHEDULES = {
  constant: ({ learningRate }: ScheduleSettings) => constant(learningRate),
  warmup: ({ learningRate, warmupSteps }: ScheduleSettings) => warmup(learningRate, warmupSteps),
  cosine: ({ learningRate, steps }: ScheduleSettings) => cosine(learningRate, steps),
  'multi-step': ({ learningRate, milestones, gamma }: ScheduleSettings) =>
    multiStep(learningRate, milestones, gamma),
};

type ScheduleName = keyof typeof SCHEDULES;

export const schedule = <N extends ScheduleName>(names: readonly N[], value: NoInfer<N>): Setting<N> =>
  choice(names, { default: value, description: 'schedule of the learning rate' });

export const milestones: Setting<number[]> = list(
  {
    default: [],
    min: 1,
    max: 1e9,
    description: 'steps after which the schedule multi-step multiplies the learning rate by gamma',
  },
  { whole: true, rising: true },
);

export const gamma: Setting<number> = number({
  default: 0.2,
  above: 0,
  max: 1,
  description: 'factor by which the schedule multi-step lowers the learning rate at each milestone',
});

/** The schedule that the settings describe. */
export function scheduleOf(config: ScheduleSettings & { readonly schedule: ScheduleName }): Schedule {
  return SCHEDULES[config.schedule](config);
}

export const measureEvery: MakeSetting = (value) =>
  count({ default: value, description: 'number of steps between measurements', identity: 'record' });

export const earlyMeasurements: MakeSetting = (value) =>
  wholeNumber({
    default: value,
    min: 0,
    max: 50,
    description:
      'number of measurements before step measureEvery, evenly spaced in the logarithm of the step',
    identity: 'record',
  });

export const checkpointEvery: MakeSetting = (value) =>
  count({ default: value, description: 'number of steps between checkpoints', identity: 'same' });

/** The data that a run writes besides its measurements. */
export const LOGGING: {
  logEvery: Setting<number>;
  parameterNorms: Setting<boolean>;
  tensorboard: Setting<boolean>;
} = {
  logEvery: count({
    default: 10,
    description: 'number of steps between two points of the curves of loss, accuracy and gradient norm',
    identity: 'record',
  }),
  parameterNorms: flag({
    default: false,
    description: 'add the gradient norm of each parameter to the curves',
    identity: 'record',
  }),
  tensorboard: flag({
    default: true,
    description: 'write the run for TensorBoard, too: tensorboard --logdir out/runs',
    identity: 'same',
  }),
};

export const validateInTrainingMode: Setting<boolean> = flag({
  default: false,
  description:
    'evaluate all validation batches except the first with dropout and batch statistics, which is a fault of the public code',
});

/** Settings for whether, where and how often the dimension is measured. */
export const MEASURE_ID: {
  id: Setting<'on' | 'off'>;
  sites: Setting<string[]>;
  idEvery: OptionalSetting<number>;
} = {
  id: choice(['on', 'off'], {
    default: 'on',
    description: 'measurement of the dimension; loss and accuracy are measured in any case',
    identity: 'record',
  }),
  sites: words({
    default: [],
    description: 'sites of the network whose dimension is measured; an empty list means all',
    identity: 'record',
  }),
  idEvery: count({
    absent: 'every measurement',
    description:
      'number of steps between measurements of the dimension, a multiple of measureEvery; other measurements have only loss and accuracy',
    identity: 'record',
  }),
};

/** The values of {@link MEASURE_ID} and the rhythm of all measurements. */
interface MeasureIdSettings {
  readonly id: 'on' | 'off';
  readonly sites: readonly string[];
  readonly idEvery?: number;
  readonly measureEvery: number;
  readonly steps: number;
}

/** Rejects settings that the measurements of the dimension would not use; `network` lists the sites of the network. */
export function checkMeasureId(
  config: MeasureIdSettings,
  network: readonly string[],
  refuse: Refuse<'id' | 'sites' | 'idEvery'>,
): void {
  const { id, sites, idEvery, measureEvery } = config;
  if (id === 'off' && sites.length > 0) refuse('sites', 'is not used with id=off: leave one of them out');
  if (id === 'off' && idEvery !== undefined)
    refuse('idEvery', 'is not used with id=off: leave one of them out');
  if (idEvery !== undefined && idEvery % measureEvery !== 0)
    refuse('idEvery', `is not a multiple of measureEvery=${measureEvery}`);
  const unknown = sites.find((site) => !network.includes(site));
  if (unknown !== undefined)
    refuse('sites', `has '${unknown}', which the network does not have: choose among ${network.join(', ')}`);
}

/** The measured sites, in the order of the network, and the steps after which they are measured. */
export function measureIdOf(
  { id, sites, idEvery = 1, measureEvery, steps }: MeasureIdSettings,
  network: readonly string[],
): { readonly sites: readonly string[]; readonly measureSitesAt: (step: number) => boolean } {
  const measured = sites.length === 0 ? network : network.filter((site) => sites.includes(site));
  return {
    sites: id === 'off' ? [] : measured,
    // The early measurements and the last one are always included.
    measureSitesAt: (step) => step % measureEvery !== 0 || step % idEvery === 0 || step === steps,
  };
}

/** Settings of the estimate of a dimension. */
export const ESTIMATE: {
  idSubsamples: Setting<number>;
  idFraction: Setting<number>;
  discardFraction: Setting<number>;
} = {
  idSubsamples: wholeNumber({
    default: SUBSAMPLES.count,
    min: 2,
    max: 1000,
    description: 'number of random subsamples that give the mean and standard deviation of the dimension',
  }),
  idFraction: fraction({
    default: SUBSAMPLES.fraction,
    description: 'fraction of the points in each subsample',
  }),
  discardFraction: belowOne({
    default: TWO_NN.options.discardFraction.default as number,
    description: 'fraction of the points, those with the largest mu, that the TwoNN fit leaves out',
  }),
};
