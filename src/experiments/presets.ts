/** The paper's settings and the values of its figures (Brown et al. 2022, arXiv 2211.13239). */
import { type GrokkingConfig, grokkingConfig } from './config';

/** Constants of the paper. */
export interface Paper {
  /** Modular division: section 4 and the configuration in the public code, github BradleyBrown19/act_ids. */
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
}

export const PAPER: Paper = {
  grokking: grokkingConfig(),
  grokkingGrid: { trainFraction: [0.15, 0.2, 0.25, 0.3], weightDecay: [0, 1e-4, 1e-3, 1e-2] },
  grokkingHalfSteps: {
    '0.15': { '0': null, '0.0001': null, '0.001': 15_600, '0.01': 10_300 },
    '0.2': { '0': null, '0.0001': 18_900, '0.001': 8_500, '0.01': 5_400 },
    '0.25': { '0': 14_800, '0.0001': 10_600, '0.001': 6_400, '0.01': 3_600 },
    '0.3': { '0': 6_000, '0.0001': 5_800, '0.001': 4_500, '0.01': 3_300 },
  },
};
