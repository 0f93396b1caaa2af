import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runExperiment } from '../../src/experiments/run';
import { readRun } from '../../src/records/run-record';
import { itThorough, THOROUGH } from '../thorough';
import { played, ROOT } from './python';

const INTERRUPTS = THOROUGH ? 20 : 3;
const LIMIT = 240_000 + 20_000 * INTERRUPTS;
const STEPS = 100 * (INTERRUPTS + 1);
const SETTINGS = {
  prime: 13,
  batchSize: 32,
  nLayer: 1,
  nEmbd: 32,
  nHead: 2,
  steps: STEPS,
  measureEvery: 20,
  earlyMeasurements: 0,
  idSubsamples: 2,
};

describe('interrupted training', function () {
  this.timeout(LIMIT);
  let folder: string;

  before(() => {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.cache', 'interrupts-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  itThorough('goes on with the same record after interrupts at random moments', async () => {
    const path = join(folder, 'stopped.jsonl');
    const cell = `await interruptible((signal) => liveChart(
      runExperiment(${JSON.stringify(SETTINGS)}, { path: ${JSON.stringify(path)}, resume: true, signal })));`;
    const requests = [
      { execute: "import { interruptible, liveChart, runExperiment } from '..';" },
      // The first while the cell is compiled, the network traced or its first steps made, the others while it trains.
      ...Array.from({ length: INTERRUPTS }, (_, i) => ({
        execute: cell,
        once: i === 0 ? 'busy' : 'output',
        interrupt_after: (i === 0 ? 1.5 : 0.1) * Math.random(),
      })),
      { execute: cell },
    ];
    const answers = played<{ reply: { status: string; ename?: string; evalue?: string } }[]>(
      'kernel_session.py',
      { folder: join(ROOT, 'notebooks'), requests },
      LIMIT,
    );
    for (const { reply } of answers) {
      assert.ok(reply.status === 'ok' || reply.ename === 'Interrupted', JSON.stringify(reply));
    }
    assert.equal(answers.at(-1)?.reply.status, 'ok');
    const stopped = answers.filter(({ reply }) => reply.ename === 'Interrupted').length;
    assert.ok(stopped > 1, `${stopped} interrupts came in time`);

    const whole = join(folder, 'whole.jsonl');
    for await (const _ of runExperiment(SETTINGS, { path: whole }));
    const [ours, expected] = [readRun(path), readRun(whole)];
    assert.equal(ours.done?.step, STEPS);
    assert.deepEqual(ours.measurements, expected.measurements);
  });
});
