import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { show } from '../../src/figures/figure';
import { frameTable, tableBundle } from '../../src/figures/table';
import { RECORDED } from '../../src/records/recorded-runs';
import { runs } from '../../src/records/table';
import { loadBackend } from '../../src/runtime/backend';

interface Point {
  readonly step: number;
  readonly accuracy: number;
  readonly ids: readonly number[];
}

/** The lines of a record with one measurement for each point. */
function lines(config: object, points: readonly Point[], done = true): string {
  const split = ({ accuracy, ids }: Point): object => ({
    loss: 1 - accuracy,
    accuracy,
    id: Object.fromEntries(
      ids.map((value, i) => [
        `site${i}`,
        Number.isNaN(value) ? { value: null, reason: 'all points are equal' } : { value, std: 0.1 },
      ]),
    ),
  });
  const environment = { commit: 'c', backend: 'b', versions: {}, hardware: 'h' };
  return [
    { type: 'run', config, environment },
    ...points.map((point) => ({
      type: 'measurement',
      step: point.step,
      epoch: 0,
      train: split({ ...point, accuracy: 1 }),
      validation: split(point),
    })),
    ...(done ? [{ type: 'done', step: points.at(-1)?.step ?? 0 }] : []),
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

describe('runs', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'runs-'));
    mkdirSync(join(folder, 'second'));
    const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    const common = { model: 'small', seed: 0, list: [1, 2] };
    const rising = [
      { step: 0, accuracy: 0.1, ids: [9, 12, 8] },
      { step: 50, accuracy: 0.9, ids: [9, 16, 4] },
      { step: 70, accuracy: 0.9, ids: [9, 15, 5] },
      { step: 100, accuracy: 0.8, ids: [9, 14, 6] },
    ];
    put('a.jsonl', lines({ ...common, weightDecay: 1e-4, schedule: 'cosine' }, rising));
    put('b.jsonl', lines({ ...common, weightDecay: 1e-2 }, rising.slice(0, 2), false));
    put('second/c.jsonl', lines({ ...common, weightDecay: 1e-2, list: [3] }, []));
    put('notes.txt', 'no record');
  });
  after(() => rmSync(folder, { recursive: true }));

  it('have one row a run, with the settings that differ and the results', async () => {
    const frame = await runs(folder);
    assert.deepEqual(frame.columns, [
      ...['run', 'list', 'weightDecay', 'schedule', 'step', 'done', 'trainAccuracy', 'accuracy', 'loss'],
      ...['bestAccuracy', 'bestStep', 'LLID', 'PID', 'PID/LLID'],
    ]);
    const [a, b, c] = frame.values as unknown[][];
    const lossA = 1 - 0.8;
    assert.deepEqual(a, ['a', '[1,2]', 1e-4, 'cosine', 100, true, 1, 0.8, lossA, 0.9, 50, 6, 14, 14 / 6]);
    assert.deepEqual(b, ['b', '[1,2]', 1e-2, null, 50, false, 1, 0.9, 1 - 0.9, 0.9, 50, 4, 16, 4]);
    assert.deepEqual(c, ['second/c', '[3]', 1e-2, null, Number.NaN, true, ...Array(8).fill(Number.NaN)]);
  });

  it('have no LLID where the last site has no dimension, and the PID of the others', async () => {
    const own = mkdtempSync(join(tmpdir(), 'runs-'));
    const dead = [{ step: 10, accuracy: 0.5, ids: [9, 12, Number.NaN] }];
    writeFileSync(join(own, 'dead.jsonl'), lines({}, dead));
    const frame = await runs(own);
    assert.deepEqual((frame.values as unknown[][])[0]!.slice(-3), [Number.NaN, 12, Number.NaN]);
    rmSync(own, { recursive: true });
  });

  it('are filtered, sorted and grouped as in pandas', async () => {
    const frame = await runs(folder);
    const strong = frame.query(frame['weightDecay'].eq(1e-2).and(frame['accuracy'].gt(0.5)));
    assert.deepEqual(strong['run'].values, ['b']);
    assert.deepEqual(frame.query(frame['done'])['run'].values, ['a', 'second/c']);
    const means = frame.query(frame['LLID'].gt(0)).groupby(['weightDecay']).col(['LLID', 'PID']).mean();
    assert.deepEqual(means.columns, ['weightDecay', 'LLID_mean', 'PID_mean']);
    assert.deepEqual(means.values, [
      [1e-4, 6, 14],
      [1e-2, 4, 16],
    ]);
    assert.equal(frame['LLID'].mean(), 5);
    assert.deepEqual(frame['LLID'].isNa().values, [false, false, true]);
    const sorted = frame
      .loc({ columns: ['run', 'LLID'] })
      .dropNa()
      .sortValues('LLID');
    assert.deepEqual(sorted.values, [
      ['b', 4],
      ['a', 6],
    ]);
  });

  it('are shown as a table, missing values as dashes', async () => {
    const frame = await runs(folder);
    const { 'text/html': html, 'text/plain': text } = tableBundle(frameTable(frame)) as Record<
      string,
      string
    >;
    assert.match(html!, /^<table>/);
    assert.equal(html!.match(/<tr>/g)!.length, 4);
    assert.match(html!, /<td[^>]*>0\.0001<\/td>/);
    assert.equal(html!.match(/>–</g)!.length, 2 + 9);
    assert.doesNotMatch(text!, /NaN|undefined|null/);
    const printed: unknown[] = [];
    const { log } = console;
    console.log = (line: unknown) => printed.push(line);
    try {
      await show(frame);
      await show(frame.groupby(['weightDecay']).col(['bestAccuracy']).max());
    } finally {
      console.log = log;
    }
    assert.equal(printed[0], text);
    assert.match(String(printed[1]), /weightDecay {2}bestAccuracy_max/);
  });

  it('hold what the committed records say', async () => {
    const frame = await runs(join(RECORDED, 'grokking'));
    const row = (frame['run'].values as string[]).indexOf('grokking-weightDecay0.01');
    const text = readFileSync(join(RECORDED, 'grokking', 'grokking-weightDecay0.01.jsonl'), 'utf8');
    const measured = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ type }) => type === 'measurement');
    const { validation, step } = measured.at(-1);
    const cell = (name: string): unknown => frame[name].values[row];
    assert.equal(cell('weightDecay'), 0.01);
    assert.equal(cell('step'), step);
    assert.equal(cell('LLID'), validation.id['transformer.h.1.mlp'].value);
    const best = Math.max(...measured.map((line) => line.validation.accuracy));
    assert.equal(cell('bestAccuracy'), best);
    assert.ok(frame.columns.includes('trainFraction') && !frame.columns.includes('prime'));
  });

  it('leave the backend and its tensors alone', async () => {
    const { name } = await loadBackend();
    const { numTensors } = tf.memory();
    const frame = await runs(folder);
    frame.groupby(['weightDecay']).col(['PID']).mean();
    assert.equal(tf.getBackend(), name);
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it('say where no run is', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'none-'));
    await assert.rejects(runs(empty), /no run is recorded in .*none-/);
    rmSync(empty, { recursive: true });
    await assert.rejects(runs(join(empty, 'nowhere')), /no run is recorded in .*nowhere/);
  });

  it('load danfo when they are asked for, not with the package', () => {
    const script =
      `require(${JSON.stringify(join(__dirname, '..', '..', 'src', 'records', 'table.ts'))}).runs;` +
      'process.stdout.write(String(Object.keys(require.cache).some((path) => path.includes("danfojs"))))';
    const output = execFileSync(process.execPath, ['--import', 'tsx', '-e', script], { encoding: 'utf8' });
    assert.equal(output, 'false');
  });
});
