/** Settings of training and measuring that mean the same in every experiment; each experiment has its own defaults. */
import { TWO_NN } from '../intrinsic-dimension/estimators/two-nn';
import { SUBSAMPLES } from '../intrinsic-dimension/subsamples';
import { formatSetting } from '../number-format';
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

/** @param description what it is the seed of in the experiment */
export const runSeed = (description: string): Setting<number> =>
  seed({ default: 0, description, inWords: (value) => `seed ${value}` });

export const steps: MakeSetting = (value) =>
  count({
    default: value,
    description: 'number of training steps',
    inWords: (steps) => `${steps.toLocaleString('en')} steps`,
    // A run may be prolonged, except where the learning rate of every step depends on how many there are.
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

/** The settings of the optimiser adam; in every experiment PyTorch's, except `beta2` where the paper has another. */
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
  description: 'whether to train on a single batch, which shows that the network can learn at all',
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

/** What a run writes beside its measurements. */
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
    description: 'whether the curves hold the gradient norm of each parameter as well',
    identity: 'record',
  }),
  tensorboard: flag({
    default: true,
    description: 'whether the run is written for TensorBoard too: tensorboard --logdir out/runs',
    identity: 'same',
  }),
};

export const validateInTrainingMode: Setting<boolean> = flag({
  default: false,
  description:
    'whether all validation batches but the first are evaluated with dropout and batch statistics, which is a fault of the public code',
});

/** Whether, where and how often the dimension is measured. */
export const MEASURE_ID: {
  id: Setting<'on' | 'off'>;
  sites: Setting<string[]>;
  idEvery: OptionalSetting<number>;
} = {
  id: choice(['on', 'off'], {
    default: 'on',
    description: 'whether the dimension is measured; loss and accuracy are measured in any case',
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
      'number of steps between measurements of the dimension, a multiple of measureEvery; measurements between them have loss and accuracy only',
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

/** Refuses settings that the measurements of the dimension would not use; `network` has the sites of the network. */
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

/** Which sites are measured, in the order of the network, and after which of the measured steps. */
export function measureIdOf(
  { id, sites, idEvery = 1, measureEvery, steps }: MeasureIdSettings,
  network: readonly string[],
): { readonly sites: readonly string[]; readonly measureSitesAt: (step: number) => boolean } {
  const measured = sites.length === 0 ? network : network.filter((site) => sites.includes(site));
  return {
    sites: id === 'off' ? [] : measured,
    // The early measurements and the last one are due for their own sake.
    measureSitesAt: (step) => step % measureEvery !== 0 || step % idEvery === 0 || step === steps,
  };
}

/** How a dimension is estimated. */
export const ESTIMATE: {
  idSubsamples: Setting<number>;
  idFraction: Setting<number>;
  discardFraction: Setting<number>;
} = {
  idSubsamples: wholeNumber({
    default: SUBSAMPLES.count,
    min: 2,
    max: 1000,
    description:
      'number of random subsamples from which the mean and deviation of the dimension are computed',
  }),
  idFraction: fraction({
    default: SUBSAMPLES.fraction,
    description: 'fraction of the points that is in each subsample',
  }),
  discardFraction: belowOne({
    default: TWO_NN.options.discardFraction.default as number,
    description: 'fraction of the points, those with the largest mu, that the TwoNN fit leaves out',
  }),
};
