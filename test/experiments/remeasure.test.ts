import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ESTIMATOR_PANEL, remeasure } from '../../src/experiments/remeasure';
import { readRun } from '../../src/records/run-record';

const SMALL = {
  prime: 11,
  nLayer: 1,
  nEmbd: 8,
  nHead: 1,
  batchSize: 16,
  trainFraction: 0.5,
  steps: 60,
  checkpointEvery: 20,
  idSubsamples: 2,
} as const;

describe('remeasure', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'remeasure-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('measures the last layer by every estimator at every checkpoint', async () => {
    const path = join(folder, 'whole.jsonl');
    for await (const _ of remeasure(SMALL, { path }));
    const { measurements, done } = readRun(path);
    assert.deepEqual(
      measurements.map(({ step }) => step),
      [0, 20, 40, 60],
    );
    assert.equal(done?.step, 60);
    for (const { train, validation } of measurements) {
      for (const { id, loss } of [train, validation]) {
        assert.deepEqual(Object.keys(id), Object.keys(ESTIMATOR_PANEL));
        assert.ok(
          Object.values(id).every((one) => one.value !== null && one.value > 0 && one.std > 0) && loss > 0,
        );
      }
    }
    // A network of width 8 with 4 positions: no linear count of dimensions can be above 32.
    assert.ok(measurements.every(({ train }) => train.id['participation-ratio']!.value! <= 32));
  });

  it('goes on after a stop, and leaves the same record', async () => {
    const path = join(folder, 'stopped.jsonl');
    const controller = new AbortController();
    for await (const { step } of remeasure(SMALL, { path, signal: controller.signal })) {
      if (step === 31) controller.abort();
    }
    assert.equal(readRun(path).done, undefined);
    // An older record does not have a setting that came later; it counts as the default.
    const [first, ...rest] = readFileSync(path, 'utf8').split('\n');
    const { config, ...others } = JSON.parse(first!) as { config: Record<string, unknown> };
    const { dropoutRate: _, ...older } = config;
    assert.notEqual(config['dropoutRate'], undefined);
    writeFileSync(path, [JSON.stringify({ ...others, config: older }), ...rest].join('\n'));
    for await (const _ of remeasure(SMALL, { path }));
    assert.deepEqual(readRun(path).measurements, readRun(join(folder, 'whole.jsonl')).measurements);
  });
});
