/** A made-up run for the figures' tests: validation accuracy passes 50 % at a known step. */
import type { RunSoFar } from '../../src/records/run-record';

export function syntheticRun(
  options: { trainFraction?: number; weightDecay?: number; half?: number; steps?: number } = {},
): RunSoFar {
  const { trainFraction = 0.3, weightDecay = 1e-2, half = 2700, steps = 5000 } = options;
  const logistic = (step: number, middle: number, width: number): number =>
    1 / (1 + Math.exp(-(step - middle) / width));
  const at = [0, 1, 2, 5, 10, 20, 50, 100];
  for (let step = 250; step <= steps; step += 250) at.push(step);
  const measurements = at.map((step) => {
    const learnt = logistic(step, half, half / 12);
    const id = 25 - 13 * logistic(step, half * 0.7, half / 8);
    const sites = (offset: number): Record<string, { value: number; std: number }> => ({
      'transformer.h.0.attn': { value: 8 + offset, std: 0.2 },
      'transformer.h.0.mlp': { value: 17 + offset, std: 0.3 },
      'transformer.h.1.attn': { value: 14 + offset, std: 0.2 },
      'transformer.h.1.mlp': { value: id + offset, std: 0.4 },
    });
    return {
      type: 'measurement' as const,
      step,
      epoch: Math.floor(step / 6),
      train: { loss: 1, accuracy: logistic(step, half / 5, half / 25), id: sites(1) },
      validation: { loss: 2, accuracy: learnt, id: sites(0) },
    };
  });
  return {
    config: { task: 'division', prime: 97, trainFraction, weightDecay, seed: 0, steps },
    environment: {
      commit: 'unknown',
      backend: 'tensorflow CPU',
      versions: {},
      hardware: 'AMD EPYC 7763 64-Core Processor, 2 cores, 16 GiB',
    },
    measurements,
  };
}
