/** Learning-rate schedules: pure functions of the step. */
import { assertNoMore } from '../given';

/** The learning rate of a step; steps count from 1. */
export type Schedule = (step: number) => number;

/** A constant learning rate. */
export function constant(learningRate: number, ...more: readonly never[]): Schedule {
  assertNoMore('constant', ['learningRate'], more);
  return () => learningRate;
}

/** Rises linearly over `warmupSteps` steps, then stays (the paper's schedule for modular division). */
export function warmup(learningRate: number, warmupSteps: number, ...more: readonly never[]): Schedule {
  assertNoMore('warmup', ['learningRate', 'warmupSteps'], more);
  return (step) => learningRate * Math.min(step / Math.max(1, warmupSteps), 1);
}

/** Half a cosine, from the full rate at the first step towards 0 after the last (Loshchilov & Hutter 2017). */
export function cosine(learningRate: number, steps: number, ...more: readonly never[]): Schedule {
  assertNoMore('cosine', ['learningRate', 'steps'], more);
  return (step) => 0.5 * learningRate * (1 + Math.cos((Math.PI * Math.min(step - 1, steps)) / steps));
}

/** A rate that is multiplied by `gamma` after each milestone, given in steps. */
export function multiStep(
  learningRate: number,
  milestones: readonly number[],
  gamma: number,
  ...more: readonly never[]
): Schedule {
  assertNoMore('multiStep', ['learningRate', 'milestones', 'gamma'], more);
  return (step) => learningRate * gamma ** milestones.filter((milestone) => step > milestone).length;
}

/** A schedule with a linear rise to `learningRate` in front; the steps of the schedule count from the first step, too. */
export function warmedUp(schedule: Schedule, learningRate: number, warmupSteps: number): Schedule {
  return (step) => (step < warmupSteps ? (learningRate * step) / warmupSteps : schedule(step));
}
