/** The settings and results of the paper (Brown et al. 2022, arXiv 2211.13239), and the settings of our records. */
import type { GrokkingConfig, ImagesConfig } from './config-types';
import { FIGURE_4, GROKKING, type GrokkingPreset } from './grokking-config';
import { IMAGES, type ImagesPreset } from './images-config';

/** Constants of the paper. */
export interface Paper {
  /** The preset `figure4`: 40,000 steps of modular division. */
  readonly grokking: GrokkingConfig;
  /** The panels of figure 4. */
  readonly grokkingGrid: {
    readonly trainFraction: readonly number[];
    readonly weightDecay: readonly number[];
  };
  /**
   * The step at which validation accuracy passes 50 %, by trainFraction and weight decay, digitised from figure 4;
   * null if it never does within 40,000 steps.
   */
  readonly grokkingHalfSteps: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  /** The preset `cifar10_id_cosine`. */
  readonly cifar10: ImagesConfig;
  /** The preset `cifar100_id`. */
  readonly cifar100: ImagesConfig;
  /** Weight decays of figures 1 to 3. */
  readonly weightDecays: readonly number[];
  /** Dropout rates of figures 1 to 3. */
  readonly dropoutRates: readonly number[];
  /** Pearson's r of LLID with weight decay and with dropout, written in figure 1. */
  readonly regularizationCorrelation: Readonly<
    Record<'cifar10' | 'cifar100', { weightDecay: number; dropout: number }>
  >;
  /** LLID without the regularisation and at its greatest strength, digitised from figure 1. */
  readonly regularizationLlid: Readonly<
    Record<'cifar10' | 'cifar100', Record<'weightDecay' | 'dropout', readonly [none: number, most: number]>>
  >;
  /** Pearson's r of validation accuracy with PID / LLID, written in figure 2. */
  readonly generalizationCorrelation: Readonly<Record<'cifar10' | 'cifar100', number>>;
  /** PID without weight decay, at its highest, and at a weight decay of 1e-2, digitised from figure 3. */
  readonly weightDecayPid: Readonly<
    Record<'cifar10' | 'cifar100', readonly [none: number, highest: number, most: number]>
  >;
  /** The red lines of figure 3, from which on regularisation does harm. */
  readonly onsetOfHarm: Readonly<Record<'cifar10' | 'cifar100', { weightDecay: number; dropout: number }>>;
}

/** The public code is github BradleyBrown19/act_ids, read at commit c9d3597. */
export const PAPER: Paper = {
  grokking: GROKKING.preset('figure4'),
  grokkingGrid: FIGURE_4,
  grokkingHalfSteps: {
    '0.15': { '0': null, '0.0001': null, '0.001': 15_600, '0.01': 10_300 },
    '0.2': { '0': null, '0.0001': 18_900, '0.001': 8_500, '0.01': 5_400 },
    '0.25': { '0': 14_800, '0.0001': 10_600, '0.001': 6_400, '0.01': 3_600 },
    '0.3': { '0': 6_000, '0.0001': 5_800, '0.001': 4_500, '0.01': 3_300 },
  },
  cifar10: IMAGES.preset('cifar10_id_cosine'),
  cifar100: IMAGES.preset('cifar100_id'),
  weightDecays: [
    0, 1e-6, 2e-6, 5e-6, 6e-6, 8e-6, 1e-5, 2e-5, 5e-5, 6e-5, 8e-5, 1e-4, 2e-4, 5e-4, 6e-4, 8e-4, 1e-3, 2e-3,
    5e-3, 6e-3, 8e-3, 1e-2,
  ],
  dropoutRates: Array.from({ length: 17 }, (_, i) => i / 20),
  regularizationCorrelation: {
    cifar10: { weightDecay: -0.77, dropout: -0.99 },
    cifar100: { weightDecay: -0.88, dropout: -0.87 },
  },
  regularizationLlid: {
    cifar10: { weightDecay: [19.5, 6.8], dropout: [19.2, 7.4] },
    cifar100: { weightDecay: [22.6, 9.6], dropout: [22.8, 10] },
  },
  generalizationCorrelation: { cifar10: 0.96, cifar100: 0.92 },
  weightDecayPid: { cifar10: [85, 108, 79], cifar100: [97, 109, 41] },
  onsetOfHarm: {
    cifar10: { weightDecay: 1e-3, dropout: 0.25 },
    cifar100: { weightDecay: 5e-4, dropout: 0.35 },
  },
};

/** The settings of the recorded runs, a sweep of which takes a few hours on two cores; see the presets of the experiment. */
export const SMALL: { readonly mnist: ImagesConfig } = { mnist: IMAGES.preset('mnist') };

/** Settings of images, which may name the preset that they change. */
export type ImagesChanges = Readonly<Partial<ImagesConfig>> & { readonly preset?: ImagesPreset };

/**
 * Complete settings of images: those of a preset, such as `cifar100_id` or `mnist`, with changes.
 *
 * @param changes settings that differ from `changes.preset`, or from the defaults if no preset is named
 * @throws RangeError for an unknown preset, for unknown settings and for values that are not allowed
 */
export function imagesPreset({ preset, ...changes }: ImagesChanges = {}): ImagesConfig {
  return preset === undefined ? IMAGES.config(changes) : IMAGES.preset(preset, changes);
}

/** Settings of grokking, which may name the preset that they change. */
export type GrokkingChanges = Readonly<Partial<GrokkingConfig>> & { readonly preset?: GrokkingPreset };

/** Complete settings of grokking: those of a preset, such as `math_equations_id`, with changes; see {@link imagesPreset}. */
export function grokkingPreset({ preset, ...changes }: GrokkingChanges = {}): GrokkingConfig {
  return preset === undefined ? GROKKING.config(changes) : GROKKING.preset(preset, changes);
}
