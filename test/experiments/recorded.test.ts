import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import type { GrokkingConfig, ImagesConfig } from '../../src/experiments/config-types';
import { runExperiment } from '../../src/experiments/run';
import { RECORDED, readRuns } from '../../src/records/recorded-runs';
import { type Measurement, readRun } from '../../src/records/run-record';
import { THOROUGH } from '../thorough';

/** Of which the record has a measurement. */
const STEPS = THOROUGH ? 298 : 38;

describe('a recorded run', () => {
  it(`is what its settings give: ${STEPS} steps of one cell, trained again`, async function () {
    this.timeout(240_000);
    const { config, measurements } = readRun(join(RECORDED, 'grokking', 'grokking-weightDecay0.01.jsonl'));
    // When to measure changes nothing else: only the two ends are measured again.
    const again = {
      ...config,
      steps: STEPS,
      measureEvery: STEPS,
      earlyMeasurements: 0,
    } as unknown as GrokkingConfig;
    const found: Measurement[] = [];
    for await (const event of runExperiment(again)) if (event.type === 'measurement') found.push(event);
    assert.deepEqual(
      found.map(({ step }) => step),
      [0, STEPS],
    );
    for (const now of found) {
      const then = measurements.find(({ step }) => step === now.step)!;
      for (const split of ['train', 'validation'] as const) {
        const [a, b] = [now[split], then[split]];
        const where = `${split}, step ${now.step}`;
        // Other processors sum in other orders. Of a loss near 5 one rounding of float32 is 3e-7, of which each step adds
        // some: 300 steps make up to 1e-3. The record has 5 digits of an ID, which changes in proportion.
        assert.ok(Math.abs(a.loss - b.loss) < 1e-3, `loss, ${where}: ${a.loss} and ${b.loss}`);
        assert.ok(
          Math.abs(a.accuracy - b.accuracy) < 1e-3, // two examples or more
          `accuracy, ${where}: ${a.accuracy} and ${b.accuracy}`,
        );
        for (const [site, estimate] of Object.entries(b.id)) {
          const [now, value] = [a.id[site]!.value!, estimate.value!];
          assert.ok(Math.abs(now / value - 1) < 1e-3, `${site}, ${where}: ${now} and ${value}`);
        }
      }
    }
  });

  it('starts where its settings start: a network on digits, before its first step', async function () {
    this.timeout(240_000);
    const [record] = readRuns(join(RECORDED, 'mnist'));
    const { config, measurements } = record!;
    for await (const event of runExperiment(config as unknown as ImagesConfig)) {
      if (event.type !== 'measurement') continue;
      const { loss, accuracy, id } = measurements[0]!.validation;
      // As above, with nothing trained yet; of 2,000 examples one may get another class.
      assert.ok(Math.abs(event.validation.loss - loss) < 1e-3, `${event.validation.loss} and ${loss}`);
      assert.ok(Math.abs(event.validation.accuracy - accuracy) < 1.5 / 2000);
      for (const [site, estimate] of Object.entries(id)) {
        const [now, value] = [event.validation.id[site]!.value!, estimate.value!];
        assert.ok(Math.abs(now / value - 1) < 1e-3, `${site}: ${now} and ${value}`);
      }
      break;
    }
  });
});
