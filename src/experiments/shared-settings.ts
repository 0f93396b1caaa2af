/** Settings that mean the same in every experiment, and have the same default. */
import { z } from 'zod';
import { belowOne, count, share } from './settings';

/** Of the schedule multi-step. */
export const MULTI_STEP: {
  milestones: z.ZodDefault<z.ZodArray<z.ZodNumber>>;
  gamma: z.ZodDefault<z.ZodNumber>;
} = {
  milestones: z
    .array(count('a step'))
    .refine((steps) => steps.every((step, i) => i === 0 || step > steps[i - 1]!), 'must rise')
    .default([])
    .meta({ description: 'steps after which multi-step multiplies by gamma', rising: true }),
  gamma: z.number().gt(0).max(1).default(0.2).describe('factor of the schedule multi-step'),
};

/** Of the estimate of a dimension. */
export const ESTIMATE: {
  idSubsamples: z.ZodDefault<z.ZodNumber>;
  idFraction: z.ZodDefault<z.ZodNumber>;
  discardFraction: z.ZodDefault<z.ZodNumber>;
} = {
  idSubsamples: z
    .int()
    .min(2)
    .max(1000)
    .default(20)
    .describe('random subsamples for mean and deviation of the dimension'),
  idFraction: share('share of the points in each subsample').default(0.9),
  discardFraction: belowOne('share of the points that the TwoNN fit leaves out').default(0.1),
};
