import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../../src/figures/figure';
import { BatchCurve, liveChart, liveFigure } from '../../src/figures/live';
import type { MimeBundle } from '../../src/figures/notebook-output';
import { openCurves } from '../../src/records/curves';
import { type Measurement, openRun, type RunSoFar } from '../../src/records/run-record';
import type { TrainEvent } from '../../src/training/trainer';
import { syntheticRun } from './synthetic-run';

type Event = TrainEvent<Measurement['train']['id']>;

async function* events(last: number, fail = false): AsyncGenerator<Event> {
  const { measurements } = syntheticRun();
  for (let step = 0; step <= last; step++) {
    const numbers = {
      loss: 1,
      accuracy: step / last,
      learningRate: 1e-3,
      gradientNorm: 1,
      regularization: 0,
    };
    if (step > 0) yield { type: 'step', step, epoch: 0, ...numbers };
    const measurement = measurements.find((one) => one.step === step);
    if (measurement) yield { weightNorm: 1, ...measurement };
  }
  if (fail) throw new Error('the loss became NaN');
  yield { type: 'done', step: last, interrupted: false };
}

async function quietly<T>(body: () => Promise<T>): Promise<{ result: T; lines: string[] }> {
  const log = console.log;
  const lines: string[] = [];
  console.log = (line: string) => lines.push(line);
  try {
    return { result: await body(), lines };
  } finally {
    console.log = log;
  }
}

/** Runs something as in a cell of a notebook, and gives back what it displays there. */
async function inNotebook(body: () => Promise<unknown>): Promise<MimeBundle[]> {
  const kernel = require.resolve('tslab/dist/jupyter');
  const before = require.cache[kernel];
  const shown: MimeBundle[] = [];
  const module = Object.assign(Object.create(null), {
    exports: { lastWriteDisplayData: ({ data }: { data: MimeBundle }) => shown.push(data) },
  });
  require.cache[kernel] = module as NodeJS.Module;
  try {
    await body();
  } finally {
    if (before) require.cache[kernel] = before;
    else delete require.cache[kernel];
  }
  return shown;
}

describe('live chart', () => {
  it('tells no time left from the first step, which takes the time to compile as well', async () => {
    const options = { config: { steps: 500 }, interval: 0 };
    const { lines } = await quietly(() => liveChart(events(1), options));
    assert.match(lines.at(-1)!, /^step 1 of 500, validation/);
    assert.doesNotMatch(lines.join('\n'), / left/);
    const { lines: later } = await quietly(() => liveChart(events(2), options));
    assert.match(later.at(-1)!, /^step 2 of 500, \d+ s left/);
  });

  it('returns every measurement and prints where the run ended', async () => {
    const { result, lines } = await quietly(() => liveChart(events(500), { config: { steps: 500 } }));
    assert.deepEqual(
      result.map(({ step }) => step),
      [0, 1, 2, 5, 10, 20, 50, 100, 250, 500],
    );
    assert.match(lines.at(-1) ?? '', /^step 500 of 500, validation accuracy 0\.0 %$/);
    // Far less often than once an event.
    assert.ok(lines.length < 10, `${lines.length} lines for 511 events`);
  });

  it('draws the curve of the batches from the first step where the run goes on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'live-'));
    const path = join(folder, 'run.jsonl');
    const { measurements } = syntheticRun();
    const environment = { commit: '', backend: '', versions: {}, hardware: '' };
    openRun(path, { config: {}, environment }).close();
    const curves = openCurves(path, { every: 10 });
    const numbers = { loss: 1, accuracy: 0.25, learningRate: 1, gradientNorm: 1, regularization: 0 };
    for (let step = 1; step <= 100; step++) curves.append({ step, ...numbers });
    curves.close();
    async function* rest(): AsyncGenerator<Event> {
      yield { type: 'step', step: 101, epoch: 0, ...numbers, accuracy: 0.75 };
      yield { weightNorm: 1, ...measurements[8]!, step: 101 };
    }
    const shown = await inNotebook(() => liveChart(rest(), { path, config: { steps: 200 } }));
    rmSync(folder, { recursive: true });
    const [last, caption] = shown.slice(-2);
    assert.match(String(caption!['text/markdown']), /The faint curve is the accuracy on the batches/);
    const figure = last!['application/vnd.plotly.v1+json'] as Figure;
    const { x, y } = figure.data.find(({ name }) => name === 'training batches') as {
      x: number[];
      y: number[];
    };
    assert.deepEqual([x[0], x.at(-1)], [1, 100.5]); // Steps 100 and 101 share a bin.
    assert.deepEqual([y[0], y.at(-1)], [25, 50]); // per cent
  });

  it('passes an error of the run on, after the last drawing', async () => {
    await assert.rejects(
      quietly(() => liveChart(events(20, true), { config: { steps: 500 } })),
      /the loss became NaN/,
    );
  });

  it('thins a long curve to some hundred points of the right height', () => {
    const curve = new BatchCurve();
    for (let step = 1; step <= 40_000; step++) curve.add(step, step % 2);
    const { x, y } = curve.points();
    assert.ok(x.length < 300, `${x.length} points`);
    assert.ok(
      x.every((step, i) => i === 0 || step > (x[i - 1] as number)),
      'in order',
    );
    // Beyond step 1,000 a bin holds about 40 steps and more, half of them 1.
    for (let i = 0; i < x.length; i++)
      if ((x[i] as number) > 1000) assert.ok(Math.abs((y[i] as number) - 0.5) < 0.05);
  });

  it('keeps an update small', () => {
    const batches = new BatchCurve();
    for (let step = 1; step <= 40_000; step++) batches.add(step, step / 40_000);
    const figure = liveFigure({ run: syntheticRun(), batches, step: 40_000, steps: 40_000 });
    const bytes = JSON.stringify(figure).length;
    assert.ok(bytes < 30_000, `${bytes} bytes`);
  });

  it('draws runs of the same experiment beside it, and neither others nor an earlier part of itself', () => {
    const run = syntheticRun();
    const named = (config: object): RunSoFar => ({ ...run, config: { ...run.config, ...config } });
    const digits = [0.1, 0.2, 0.3, 0.4].map((learningRate) => named({ experiment: 'images', learningRate }));
    const beside = [named({}), named({ weightDecay: 0.5 }), ...digits];
    const state = { run, batches: new BatchCurve(), step: 500, steps: 500 };
    const names = (others: RunSoFar[]): unknown[] => {
      return liveFigure(state, { beside: others })
        .data.map(({ name }) => name)
        .slice(4);
    };
    assert.deepEqual(names(beside), ['validation: weightDecay=0.5', 'LLID: weightDecay=0.5']);
    assert.deepEqual(names(digits), []);
  });
});
