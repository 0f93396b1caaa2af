import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import type { GrokkingConfig, ImagesConfig } from '../../src/experiments/config-types';
import { runExperiment } from '../../src/experiments/run';
import { RECORDED, readRuns } from '../../src/records/recorded-runs';
import { type Measurement, readRun } from '../../src/records/run-record';

describe('a recorded run', () => {
  it('is what its settings give: 298 steps of one cell, trained again', async function () {
    this.timeout(240_000);
    const { config, measurements } = readRun(join(RECORDED, 'grokking', 'grokking-weightDecay0.01.jsonl'));
    // When to measure changes nothing else: only the two ends are measured again.
    const again = {
      ...config,
      steps: 298,
      measureEvery: 298,
      earlyMeasurements: 0,
    } as unknown as GrokkingConfig;
    const found: Measurement[] = [];
    for await (const event of runExperiment(again)) if (event.type === 'measurement') found.push(event);
    assert.deepEqual(
      found.map(({ step }) => step),
      [0, 298],
    );
    for (const now of found) {
      const then = measurements.find(({ step }) => step === now.step)!;
      for (const split of ['train', 'validation'] as const) {
        const [a, b] = [now[split], then[split]];
        const where = `${split}, step ${now.step}`;
        // Other processors sum in other orders.
        assert.ok(Math.abs(a.loss - b.loss) < 5e-3, `loss, ${where}: ${a.loss} and ${b.loss}`);
        assert.ok(
          Math.abs(a.accuracy - b.accuracy) < 5e-3,
          `accuracy, ${where}: ${a.accuracy} and ${b.accuracy}`,
        );
        for (const [site, { value, std }] of Object.entries(b.id)) {
          const difference = Math.abs(a.id[site]!.value - value);
          if (process.env['DEBUG']) console.log(where, site, a.id[site]!.value, value, a.loss - b.loss);
          assert.ok(difference < 2 * std, `${site}, ${where}: ${a.id[site]!.value} and ${value}`);
        }
      }
    }
  });

  it('starts where its settings start: a network on digits, before its first step', async function () {
    this.timeout(120_000);
    const [record] = readRuns(join(RECORDED, 'mnist'));
    const { config, measurements } = record!;
    for await (const event of runExperiment(config as unknown as ImagesConfig)) {
      if (event.type !== 'measurement') continue;
      const { loss, accuracy, id } = measurements[0]!.validation;
      assert.ok(Math.abs(event.validation.loss - loss) < 1e-3, `${event.validation.loss} and ${loss}`);
      assert.ok(Math.abs(event.validation.accuracy - accuracy) < 2e-3);
      for (const [site, { value, std }] of Object.entries(id)) {
        const now = event.validation.id[site]!.value;
        assert.ok(Math.abs(now - value) < std, `${site}: ${now} and ${value}`);
      }
      break;
    }
  });
});
