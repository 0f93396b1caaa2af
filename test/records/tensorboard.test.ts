import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { GrokkingConfig } from '../../src/experiments/config-types';
import { runExperiment } from '../../src/experiments/run';
import { curvesPath, readCurves } from '../../src/records/curves';
import { type Measurement, readRun } from '../../src/records/run-record';
import { openBoard } from '../../src/records/tensorboard';
import { loadBackend } from '../../src/runtime/backend';
import { itThorough, THOROUGH } from '../thorough';
import { eventFiles, type ReadEvent, readEvents } from './read-events';

const ROOT = join(__dirname, '..', '..');
const PYTHON = join(ROOT, '.venv', 'bin', 'python');

const SMALL: Partial<GrokkingConfig> = {
  prime: 11,
  trainFraction: 0.6,
  batchSize: 20,
  steps: 24,
  nLayer: 1,
  nEmbd: 16,
  nHead: 2,
  measureEvery: 8,
  earlyMeasurements: 1,
  checkpointEvery: 6,
  idSubsamples: 3,
  logEvery: 3,
};
/** The record and the curves keep six digits, of dimensions five: half of the last one is at most this part of a number. */
const DIGITS = { number: 5e-6, dimension: 5e-5 };

type Series = Record<string, [step: number, value: number | string][]>;

/** What a record and its curves say, by TensorBoard's names. */
function expectedSeries(path: string): Series {
  const series: Series = {};
  const put = (step: number, values: object): void => {
    for (const [tag, value] of Object.entries(values)) {
      series[tag] ??= [];
      series[tag].push([step, value]);
    }
  };
  for (const point of readCurves(path)) {
    put(point.step, {
      'train/loss': point.loss,
      'train/base_loss': point.loss,
      'train/reg_loss': 0,
      'train/accuracy': point.accuracy,
      'train/learning_rate': point.learningRate,
      'train/gradient_norm': point.gradientNorm,
    });
    for (const [name, norm] of Object.entries(point.parameterNorms ?? {}))
      put(point.step, { [`gradient_norm/${name}`]: norm });
  }
  for (const { step, train, validation } of readRun(path).measurements) {
    put(step, { 'train/total_loss': train.loss, 'train/total_accuracy': train.accuracy });
    put(step, { 'val/loss': validation.loss, 'val/accuracy': validation.accuracy });
    for (const [group, { id }] of [
      ['id_train', train],
      ['id', validation],
    ] as const) {
      const estimates = Object.entries(id).map(([site, found]) => {
        assert.ok(found.value !== null);
        return { site, ...found };
      });
      for (const { site, value, std } of estimates)
        put(step, { [`${group}/${site}`]: value, [`${group}_std/${site}`]: std });
      const values = estimates.map(({ value }) => value);
      put(step, { [`${group}/PID`]: Math.max(...values), [`${group}/LLID`]: values.at(-1) });
    }
  }
  return series;
}

/** Every tag has every step once, in order, with the value of the record. */
function assertSame(found: Series, path: string): void {
  const { settings, ...scalars } = found;
  const expected = expectedSeries(path);
  assert.deepEqual(Object.keys(scalars).sort(), Object.keys(expected).sort());
  assert.deepEqual(
    settings!.map(([step]) => step),
    [0],
  );
  assert.match(String(settings![0]![1]), /^\| setting \| value \|\n\|---\|---\|\n(.*\n)*\| prime \| 11 \|/);
  for (const [tag, points] of Object.entries(expected)) {
    assert.deepEqual(
      scalars[tag]!.map(([step]) => step),
      points.map(([step]) => step),
      tag,
    );
    const digits = tag.startsWith('id') ? DIGITS.dimension : DIGITS.number;
    for (const [i, [step, value]] of points.entries()) {
      const now = scalars[tag]![i]![1];
      assert.ok(
        Math.abs(Number(now) - Number(value)) <= 1.01 * digits * Math.abs(Number(value)), // and float32
        `${tag} at step ${step}: ${now}, recorded ${value}`,
      );
    }
  }
}

function seriesOf(events: readonly ReadEvent[]): Series {
  const series: Series = {};
  for (const { step, values } of events)
    for (const [tag, value] of Object.entries(values)) {
      series[tag] ??= [];
      series[tag].push([step, value]);
    }
  return series;
}

describe('TensorBoard', () => {
  let folder: string;
  before(async () => {
    await loadBackend();
    folder = mkdtempSync(join(tmpdir(), 'tensorboard-'));
    await run('whole', { settings: { parameterNorms: true } });
    // Stopped before its first checkpoint was due, and between two.
    for (const stopAfter of [2, 15]) {
      await run(`stopped-${stopAfter}`, { stopAfter });
      await run(`stopped-${stopAfter}`, { resume: true });
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  const pathOf = (name: string): string => join(folder, `${name}.jsonl`);
  const run = async (
    name: string,
    options: { stopAfter?: number; resume?: boolean; settings?: Partial<GrokkingConfig> } = {},
  ): Promise<void> => {
    const { stopAfter, resume = false, settings } = options;
    const controller = new AbortController();
    const events = runExperiment(
      { ...SMALL, ...settings },
      { path: pathOf(name), resume, signal: controller.signal },
    );
    for await (const { type, step } of events) if (type === 'step' && step === stopAfter) controller.abort();
  };

  it('has every number of the record and of the curves, and the settings', () => {
    assertSame(seriesOf(readEvents(join(folder, 'whole'))), pathOf('whole'));
  });

  for (const stopAfter of [2, 15]) {
    it(`has no step twice and none missing in a run that was stopped after step ${stopAfter}`, () => {
      const events = readEvents(join(folder, `stopped-${stopAfter}`));
      assertSame(seriesOf(events), pathOf(`stopped-${stopAfter}`));
      const times = events.map(({ wallTime }) => wallTime);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
        'time does not go back',
      );
    });
  }

  itThorough('gets whole files again after a kill that tore them', async () => {
    await run('killed', { stopAfter: 12 });
    const [events] = eventFiles(join(folder, 'killed'));
    truncateSync(join(folder, 'killed', events!), 1000);
    appendFileSync(curvesPath(pathOf('killed')), '15,0.5,0.');
    await run('killed', { resume: true });
    assertSame(seriesOf(readEvents(join(folder, 'killed'))), pathOf('killed'));
  });

  itThorough('is left out when it is not wanted, and has the whole run when it is wanted later', async () => {
    const settings = { tensorboard: false };
    await run('without', { settings, stopAfter: 12 });
    assert.deepEqual(eventFiles(join(folder, 'without')), []);
    await run('without', { resume: true });
    assertSame(seriesOf(readEvents(join(folder, 'without'))), pathOf('without'));
  });

  it('shows regularisers, classes, and dimensions of classes and of the data', () => {
    const id = { conv1: { value: 9, std: 0.5 }, avg_pool: { value: 4, std: 0.25 } };
    const split = { loss: 0.5, accuracy: 0.75, classAccuracy: [0.5, null, 1], id };
    const line: Measurement = {
      type: 'measurement',
      step: 5,
      epoch: 0,
      train: { ...split, id: {} },
      validation: {
        ...split,
        regularization: 0.25,
        classId: { 2: { conv1: { value: 3, std: 1 } } },
        dataId: { value: 7, std: 2 },
      },
    };
    const board = openBoard(join(folder, 'classes'), { config: { note: 'a|b' }, measurements: [] }, []);
    const numbers = { loss: 3, accuracy: 0.5, learningRate: 0.25, gradientNorm: 2, regularization: 1 };
    board.point({ step: 5, ...numbers, seconds: 60 });
    board.measurement(line);
    board.close();
    const [settings, point, measurement] = readEvents(join(folder, 'classes'));
    assert.equal(settings!.values['settings'], '| setting | value |\n|---|---|\n| note | a\\|b |');
    assert.equal(Math.round(point!.wallTime - settings!.wallTime), 60);
    assert.equal(point!.values['train/base_loss'], 2);
    assert.equal(point!.values['train/reg_loss'], 1);
    assert.deepEqual(measurement!.values, {
      'train/total_loss': 0.5,
      'train/total_accuracy': 0.75,
      'train/Class_0_accuracy': 0.5,
      'train/Class_2_accuracy': 1,
      'val/loss': 0.75,
      'val/base_loss': 0.5,
      'val/reg_loss': 0.25,
      'val/accuracy': 0.75,
      'val/Class_0_accuracy': 0.5,
      'val/Class_2_accuracy': 1,
      'id/conv1': 9,
      'id_std/conv1': 0.5,
      'id/avg_pool': 4,
      'id_std/avg_pool': 0.25,
      'id/PID': 9,
      'id/LLID': 4,
      'id/data': 7,
      'id_std/data': 2,
      'id_Class_2/conv1': 3,
      'id_Class_2_std/conv1': 1,
    });
  });

  it('never ends a run: where its file cannot be written, a warning says so once', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const warningsAt = (place: string): string[] => {
      const { warn } = console;
      const said: string[] = [];
      console.warn = (line: string) => said.push(line);
      try {
        const board = openBoard(place, { config: {}, measurements: [] }, []);
        board.point(readCurves(pathOf('whole'))[0]!);
        board.close();
      } finally {
        console.warn = warn;
      }
      return said;
    };
    const [said, ...more] = warningsAt(file);
    assert.match(said!, /a-file has no complete file for TensorBoard \(EEXIST.*\): the run goes on/);
    assert.deepEqual(more, []);
    await tf.setBackend('cpu');
    const [elsewhere, ...rest] = warningsAt(join(folder, 'cpu'));
    await tf.setBackend('tensorflow');
    assert.match(elsewhere!, /\(it is written by the tensorflow backend, which is not in use\)/);
    assert.deepEqual(rest, []);
  });

  it('leaves no tensors behind', () => {
    const before = tf.memory().numTensors;
    const board = openBoard(join(folder, 'memory'), readRun(pathOf('whole')), readCurves(pathOf('whole')));
    board.close();
    assert.equal(tf.memory().numTensors, before);
  });

  it('reads the same numbers itself (skipped without it: .venv/bin/pip install tensorboard)', function () {
    this.timeout(240_000);
    if (spawnSync(PYTHON, ['-c', 'import tensorboard']).status !== 0) this.skip();
    const reader = join(__dirname, 'read-tensorboard.py');
    const { status, stdout, stderr } = spawnSync(PYTHON, [reader, folder], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    assert.equal(status, 0, stderr);
    const found = JSON.parse(stdout) as Record<string, Record<string, [number, number, number | string][]>>;
    for (const name of ['whole', 'stopped-2', 'stopped-15', ...(THOROUGH ? ['killed', 'without'] : [])]) {
      const series = Object.entries(found[name]!).map(
        ([tag, points]) => [tag, points.map(([step, , value]) => [step, value])] as const,
      );
      assertSame(Object.fromEntries(series) as Series, pathOf(name));
    }
  });
});
