import assert from 'node:assert/strict';
import { BatchCurve, liveChart, liveFigure } from '../../src/figures/live';
import type { Measurement, RunSoFar } from '../../src/records/run-record';
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

describe('live chart', () => {
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
    // Runs that are not drawn do not cost the curve of the batches its place in the legend.
    assert.equal(liveFigure(state, { beside: digits }).data[0]!.showlegend, true);
  });
});
