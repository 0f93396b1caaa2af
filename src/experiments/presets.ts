/** The paper's settings and the values of its figures (Brown et al. 2022, arXiv 2211.13239). */
import { type GrokkingConfig, grokkingConfig } from './config';

/** How the paper trains a ResNet-18 on images and measures it. */
export interface ImageSettings {
  readonly classes: number;
  /** Stem of 3x3 without max-pool; blocks and channels of the four stages. */
  readonly numBlocks: readonly number[];
  readonly widths: readonly number[];
  /** Mean and standard deviation of each channel, of pixels from 0 to 1. */
  readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Random crops of 32 pixels from the image with so many around it. */
  readonly cropPadding: number;
  readonly horizontalFlip: boolean;
  /** Random rotation to both sides, in degrees. */
  readonly rotation: number;
  readonly optimizer: 'sgd';
  readonly momentum: number;
  readonly learningRate: number;
  /** L2, added to the gradient of every parameter. */
  readonly weightDecay: number;
  readonly schedule: 'cosine' | 'multi-step';
  /** Epochs after which multi-step multiplies the learning rate by gamma. */
  readonly milestones: readonly number[];
  readonly gamma: number;
  readonly batchSize: number;
  readonly epochs: number;
  /** After conv1 .. conv5_x; by a slip of the public code the same rate also stands before the classifier. */
  readonly blockDropout: number;
  /** Activations whose dimension is measured, flattened. */
  readonly sites: readonly string[];
  /** Validation images of each class that the dimension is measured on. */
  readonly idImagesPerClass: number;
  readonly idSubsamples: number;
  readonly idFraction: number;
}

/** Constants of the paper. */
export interface Paper {
  /** Modular division: config/exp/math_equations.yaml and math_equations_id.yaml of the public code. */
  readonly grokking: GrokkingConfig;
  /** The panels of figure 4. */
  readonly grokkingGrid: {
    readonly trainFraction: readonly number[];
    readonly weightDecay: readonly number[];
  };
  /**
   * The step at which validation accuracy passes 50 %, by trainFraction and weight decay, digitised from figure 4;
   * null where it never does within 40,000 steps.
   */
  readonly grokkingHalfSteps: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  /** config/exp/cifar10.yaml and cifar10_id.yaml of the public code. */
  readonly cifar10: ImageSettings;
  /** config/exp/cifar100.yaml and cifar100_id.yaml of the public code. */
  readonly cifar100: ImageSettings;
  /** Weight decays of figures 1 to 3. */
  readonly weightDecays: readonly number[];
  /** Dropout rates of figures 1 to 3. */
  readonly dropoutRates: readonly number[];
  /** Pearson's r of LLID with weight decay and with dropout, written in figure 1. */
  readonly regularizationCorrelation: Readonly<
    Record<'cifar10' | 'cifar100', { weightDecay: number; dropout: number }>
  >;
  /** Pearson's r of validation accuracy with PID / LLID, written in figure 2. */
  readonly generalizationCorrelation: Readonly<Record<'cifar10' | 'cifar100', number>>;
  /** The red lines of figure 3: from where regularisation does harm. */
  readonly onsetOfHarm: Readonly<Record<'cifar10' | 'cifar100', { weightDecay: number; dropout: number }>>;
}

const CIFAR100: ImageSettings = {
  classes: 100,
  numBlocks: [2, 2, 2, 2],
  widths: [64, 128, 256, 512],
  normalization: {
    mean: [0.5070751592371323, 0.48654887331495095, 0.4409178433670343],
    std: [0.2673342858792401, 0.2564384629170883, 0.27615047132568404],
  },
  cropPadding: 4,
  horizontalFlip: true,
  rotation: 15,
  optimizer: 'sgd',
  momentum: 0.9,
  learningRate: 0.1,
  weightDecay: 5e-4,
  schedule: 'multi-step',
  milestones: [60, 120, 160],
  gamma: 0.2,
  batchSize: 128,
  epochs: 200,
  blockDropout: 0,
  sites: ['conv1', 'conv2_x', 'conv3_x', 'conv4_x', 'conv5_x', 'avg_pool'],
  idImagesPerClass: 1000,
  idSubsamples: 20,
  idFraction: 0.9,
};

/** The public code is github BradleyBrown19/act_ids, read at commit c9d3597. */
export const PAPER: Paper = {
  grokking: grokkingConfig({
    task: 'division',
    prime: 97,
    trainFraction: 0.3,
    dataSeed: 9,
    steps: 40_000,
    batchSize: 512,
    optimizer: 'adam',
    learningRate: 1e-3,
    beta1: 0.9,
    beta2: 0.98,
    weightDecay: 0,
    schedule: 'warmup',
    warmupSteps: 10_000,
    nLayer: 2,
    nHead: 4,
    nEmbd: 128,
    dropoutRate: 0.1,
    measureEvery: 500,
    idSubsamples: 20,
    idFraction: 0.9,
    discardFraction: 0.1,
  }),
  grokkingGrid: { trainFraction: [0.15, 0.2, 0.25, 0.3], weightDecay: [0, 1e-4, 1e-3, 1e-2] },
  grokkingHalfSteps: {
    '0.15': { '0': null, '0.0001': null, '0.001': 15_600, '0.01': 10_300 },
    '0.2': { '0': null, '0.0001': 18_900, '0.001': 8_500, '0.01': 5_400 },
    '0.25': { '0': 14_800, '0.0001': 10_600, '0.001': 6_400, '0.01': 3_600 },
    '0.3': { '0': 6_000, '0.0001': 5_800, '0.001': 4_500, '0.01': 3_300 },
  },
  cifar10: {
    ...CIFAR100,
    classes: 10,
    normalization: { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] },
    rotation: 0,
    schedule: 'cosine',
    milestones: [],
  },
  cifar100: CIFAR100,
  weightDecays: [
    0, 1e-6, 2e-6, 5e-6, 6e-6, 8e-6, 1e-5, 2e-5, 5e-5, 6e-5, 8e-5, 1e-4, 2e-4, 5e-4, 6e-4, 8e-4, 1e-3, 2e-3,
    5e-3, 6e-3, 8e-3, 1e-2,
  ],
  dropoutRates: Array.from({ length: 17 }, (_, i) => i / 20),
  regularizationCorrelation: {
    cifar10: { weightDecay: -0.77, dropout: -0.99 },
    cifar100: { weightDecay: -0.88, dropout: -0.87 },
  },
  generalizationCorrelation: { cifar10: 0.96, cifar100: 0.92 },
  onsetOfHarm: {
    cifar10: { weightDecay: 1e-3, dropout: 0.25 },
    cifar100: { weightDecay: 5e-4, dropout: 0.35 },
  },
};
