import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

interface Answer {
  readonly reply: { readonly status: string; readonly ename?: string; readonly evalue?: string };
  readonly outputs: readonly { readonly text?: string }[];
}

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
    const answers = played<Answer[]>(
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

/** Milliseconds of code that blocks: less than the kernel gives to code that ends in good order, and much more than to a cell. */
const BLOCKING = 9000;
/** A library whose steps are long, and end in good order. */
const LIBRARY = `exports.steps = async function* (milliseconds) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {}
  yield 'came to its end';
};`;

describe('a callback that lets nothing else happen', function () {
  this.timeout(LIMIT);
  const folder = join(ROOT, '.cache', 'blocking');
  const library = join(folder, 'node_modules', 'library', 'index.cjs');
  let answers: Answer[];

  before(() => {
    mkdirSync(join(library, '..'), { recursive: true });
    writeFileSync(library, LIBRARY);
    const stop = { once: 'output', interrupt_after: 0.1 };
    const block = (milliseconds: number): string =>
      `console.log('begun'); const end = Date.now() + ${milliseconds}; while (Date.now() < end) {}`;
    const requests = [
      {
        execute: `import { interruptible, tf } from '..';
const { steps } = require(${JSON.stringify(library)});
let ended = 'no'; const pass = () => new Promise(setImmediate);
const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
const x = tf.ones([64, 4]), y = tf.ones([64, 1]);
const onBatchEnd = async () => { ${block(BLOCKING)} ended = 'fit'; };`,
      },
      { execute: `await interruptible(async () => { ${block(BLOCKING)} ended = 'block'; });`, ...stop },
      {
        execute: `await interruptible(async () => {
  console.log('begun');
  for (const end = Date.now() + ${BLOCKING}; Date.now() < end; ) tf.tidy(() => tf.ones([3]).square());
  ended = 'operations';
});`,
        ...stop,
      },
      {
        execute: 'await model.fit(x, y, { epochs: 1, verbose: 0, callbacks: { onBatchEnd } });',
        ...stop,
      },
      {
        execute: `console.log(ended);
const { history } = await model.fit(x, y, { epochs: 2, verbose: 0 }); console.log(history['loss']!.length);`,
      },
      {
        execute: `const kept: string[] = [];
await interruptible(async () => {
  console.log('begun');
  for await (const step of steps(${BLOCKING / 3})) kept.push(step);
  await pass();
});`,
        ...stop,
      },
      { execute: 'console.log(kept);' },
    ];
    answers = played('kernel_session.py', { folder: join(ROOT, 'notebooks'), requests }, LIMIT);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const printed = ({ outputs }: Answer): string => outputs.map(({ text }) => text ?? '').join('');

  it('is ended like the code of a cell, also in training and in operations of a library', () => {
    for (const { reply } of answers.slice(1, 4))
      assert.match(reply.evalue!, /^stopped in the middle of its code/, JSON.stringify(reply));
    assert.equal(printed(answers[4]!), 'no\n2\n');
  });

  it('keeps the step of a library for which it waits', () => {
    const [stopped, kept] = answers.slice(5);
    assert.match(stopped!.reply.evalue!, /^stopped; what was computed is kept/, JSON.stringify(stopped));
    assert.equal(printed(kept!), "[ 'came to its end' ]\n");
  });
});
