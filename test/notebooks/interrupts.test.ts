import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runExperiment } from '../../src/experiments/run';
import { readRun } from '../../src/records/run-record';

const ROOT = join(__dirname, '..', '..');
const PYTHON = process.env.PYTHON ?? join(ROOT, '.venv', 'bin', 'python');
/** INTERRUPTS=20 is the thorough form. */
const INTERRUPTS = Number(process.env.INTERRUPTS ?? 3);
/** So many that the first interrupt comes in time on any machine. */
const STEPS = 600 * INTERRUPTS;
const SETTINGS = {
  prime: 13,
  batchSize: 32,
  steps: STEPS,
  measureEvery: 100,
  earlyMeasurements: 0,
  idSubsamples: 2,
};

describe('interrupted training', function () {
  this.timeout(240_000 + 20_000 * INTERRUPTS);
  let folder: string;

  before(() => {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.cache', 'interrupts-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('goes on with the same record after interrupts at random moments', async () => {
    const path = join(folder, 'stopped.jsonl');
    const cell = `await interruptible((signal) => liveChart(
      runExperiment(${JSON.stringify(SETTINGS)}, { path: ${JSON.stringify(path)}, resume: true, signal })));`;
    const requests = [
      { execute: "import { interruptible, liveChart, runExperiment } from '..';" },
      ...Array.from({ length: INTERRUPTS }, () => ({
        execute: cell,
        interrupt_after: 1.5 * Math.random(),
      })),
      { execute: cell },
    ];
    const { stdout, stderr } = spawnSync(PYTHON, [join(__dirname, 'kernel_session.py')], {
      input: JSON.stringify({ folder: join(ROOT, 'notebooks'), requests }),
      env: { ...process.env, JUPYTER_PATH: join(ROOT, 'scripts', 'jupyter') },
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    const answers = JSON.parse(stdout.trimEnd().split('\n').at(-1) || JSON.stringify(stderr)) as {
      reply: { status: string; ename?: string; evalue?: string };
    }[];
    for (const { reply } of answers) {
      assert.ok(reply.status === 'ok' || reply.ename === 'Interrupted', JSON.stringify(reply));
    }
    assert.equal(answers.at(-1)?.reply.status, 'ok');
    const stopped = answers.filter(({ reply }) => reply.ename === 'Interrupted').length;
    assert.ok(stopped > 0, 'no interrupt came in time');

    const whole = join(folder, 'whole.jsonl');
    for await (const _ of runExperiment(SETTINGS, { path: whole }));
    const [ours, expected] = [readRun(path), readRun(whole)];
    assert.equal(ours.done?.step, STEPS);
    assert.deepEqual(ours.measurements, expected.measurements);
  });
});
