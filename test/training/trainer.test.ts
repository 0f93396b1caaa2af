import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { GrokkingConfig } from '../../src/experiments/config-types';
import { runExperiment } from '../../src/experiments/run';
import { curvesPath, readCurves } from '../../src/records/curves';
import { readRun } from '../../src/records/run-record';
import { loadBackend } from '../../src/runtime/backend';
import { loadCheckpoint, saveCheckpoint } from '../../src/training/checkpoint';
import { constant, cosine, multiStep, warmup } from '../../src/training/schedules';
import { itThorough } from '../thorough';

/** Small enough for a second, with dropout and an epoch of several batches, the last one short. */
const SMALL: Partial<GrokkingConfig> = {
  prime: 11,
  trainFraction: 0.6,
  batchSize: 20,
  steps: 24,
  warmupSteps: 10,
  nLayer: 1,
  nEmbd: 16,
  nHead: 2,
  measureEvery: 8,
  earlyMeasurements: 1,
  checkpointEvery: 6,
  weightDecay: 1e-2,
  idSubsamples: 3,
  logEvery: 2,
  parameterNorms: true,
};

/** The stops that are always tried: before a checkpoint, and where the loop is left. */
const QUICK: readonly number[] = [8, 13];

/**
 * Where numbers are compared exactly: in one process each run has the same graph and the same threads, among which
 * TensorFlow and the project's operations share the work by shape alone, so every sum is made in the same order.
 */
describe('train and resume', () => {
  let folder: string;
  let whole: { path: string; losses: number[]; weights: string };
  before(async () => {
    await loadBackend();
    folder = mkdtempSync(join(tmpdir(), 'runs-'));
    whole = await run('whole');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs until `stopAfter` steps, by the signal, or by leaving the loop as a kill would not. */
  const run = async (
    name: string,
    options: {
      stopAfter?: number;
      leave?: boolean;
      resume?: boolean | 'best';
      settings?: Partial<GrokkingConfig>;
    } = {},
  ) => {
    const controller = new AbortController();
    const path = join(folder, `${name}.jsonl`);
    const events = runExperiment(
      { ...SMALL, ...options.settings },
      { path, resume: options.resume ?? false, signal: controller.signal },
    );
    const losses: number[] = [];
    for await (const event of events) {
      if (event.type !== 'step') continue;
      losses.push(event.loss);
      if (event.step === options.stopAfter) {
        if (options.leave) break;
        controller.abort();
      }
    }
    return { path, losses, weights: join(folder, name, 'last.safetensors') };
  };
  const linesAfterFirst = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(1);
  /** The curves but for the time that a run took. */
  const curvesOf = (path: string): object[] => readCurves(path).map(({ seconds, ...point }) => point);
  const weightsOf = (path: string): number[] => {
    const { tensors } = loadCheckpoint(path);
    const numbers = Object.values(tensors).flatMap((tensor) => Array.from(tensor.dataSync()));
    tf.dispose(tensors);
    return numbers;
  };

  it('repeats a run exactly, and another seed gives another', async () => {
    const [again, other] = [await run('again'), await run('other', { settings: { seed: 1 } })];
    assert.deepEqual(again.losses, whole.losses);
    assert.deepEqual(linesAfterFirst(again.path), linesAfterFirst(whole.path));
    assert.notDeepEqual(other.losses, whole.losses);
    assert.equal(whole.losses.length, 24);
    assert.deepEqual(
      readRun(whole.path).measurements.map(({ step }) => step),
      [0, 1, 8, 16, 24],
    );
  });

  it('measures the norm of all weights, and of the gradient where there was a step', () => {
    const { measurements } = readRun(whole.path);
    const { tensors } = loadCheckpoint(whole.weights);
    // The state of Adam has the names of the weights with its own behind them.
    const weights = Object.keys(tensors).filter((name) => /^(transformer|score).*(weight|bias)$/.test(name));
    const squares = weights.flatMap((name) => Array.from(tensors[name]!.dataSync(), (w) => w ** 2));
    const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    tf.dispose(tensors);
    // Sums of some thousand squares in float32.
    assert.ok(Math.abs(measurements.at(-1)!.weightNorm! / norm - 1) < 1e-5);
    assert.equal(measurements[0]!.gradientNorm, undefined);
    assert.ok(measurements.slice(1).every(({ gradientNorm }) => gradientNorm! > 0));
  });

  for (const [stopAfter, leave] of [
    [1, false],
    [7, false],
    [8, false],
    [13, true],
    [23, false],
  ] as const) {
    (QUICK.includes(stopAfter) ? it : itThorough)(
      `goes on after step ${stopAfter} ${leave ? '(loop left)' : '(aborted)'} as if it had not stopped`,
      async () => {
        const first = await run(`parts-${stopAfter}`, { stopAfter, leave });
        assert.equal(readRun(first.path).done, undefined);
        const second = await run(`parts-${stopAfter}`, { resume: true });
        assert.deepEqual([...first.losses, ...second.losses], whole.losses);
        assert.deepEqual(linesAfterFirst(second.path), linesAfterFirst(whole.path));
        assert.deepEqual(curvesOf(second.path), curvesOf(whole.path));
        assert.deepEqual(weightsOf(second.weights), weightsOf(whole.weights));
      },
    );
  }

  it('writes the curves of the steps that are due, with the norm of the gradient by each parameter', () => {
    const curves = readCurves(whole.path);
    assert.deepEqual(
      curves.map(({ step }) => step),
      [1, ...Array.from({ length: 12 }, (_, i) => 2 * (i + 1))],
    );
    for (const { step, loss, gradientNorm, learningRate, parameterNorms } of curves) {
      // The record keeps six digits: half of the last is at most 5e-6 of the number.
      const same = (a: number, b: number): boolean => Math.abs(a - b) <= 5e-6 * b * 2;
      assert.ok(same(loss, whole.losses[step - 1]!), `loss of step ${step}`);
      assert.ok(same(learningRate, 1e-3 * Math.min(step / 10, 1)), `learning rate of step ${step}`);
      assert.ok(same(gradientNorm, Math.hypot(...Object.values(parameterNorms!))), `norm of step ${step}`);
    }
    const { parameterNorms } = curves[0]!;
    assert.ok(
      Object.keys(parameterNorms!).includes('transformer.wte.weight'),
      Object.keys(parameterNorms!).join(),
    );
    assert.ok(Object.values(parameterNorms!).every((norm) => norm >= 0));
  });

  it('makes the measurements after the last checkpoint again, and repairs a torn line', async () => {
    const { path } = await run('torn', { stopAfter: 6 });
    const record = readFileSync(path, 'utf8');
    // a kill later than the checkpoint of step 6: lines of step 8 and a half of step 16 are there
    const later = linesAfterFirst(whole.path).filter((line) => /"step":(8|16),/.test(line));
    writeFileSync(path, `${record}${later[0]}\n${later[1]!.slice(0, 50)}`);
    const curves = readFileSync(curvesPath(whole.path), 'utf8');
    writeFileSync(curvesPath(path), curves.slice(0, curves.indexOf('\n14,') + 20));
    await run('torn', { resume: true });
    assert.deepEqual(linesAfterFirst(path), linesAfterFirst(whole.path));
    assert.deepEqual(curvesOf(path), curvesOf(whole.path));
  });

  itThorough('refuses checkpoints of other settings, truncated ones and those with NaN', async () => {
    const { path, weights } = await run('refused', { stopAfter: 6 });
    await assert.rejects(
      run('refused', { resume: true, settings: { weightDecay: 0 } }),
      /weightDecay was 0.01 and is 0/,
    );
    await assert.rejects(run('refused'), /resume it/);
    const good = readFileSync(weights);
    truncateSync(weights, good.length - 100);
    await assert.rejects(run('refused', { resume: true }), /truncated/);
    const nan = Buffer.from(good);
    nan.writeFloatLE(Number.NaN, good.length - 4);
    writeFileSync(weights, nan);
    await assert.rejects(
      run('refused', { resume: true }),
      /refused\/last\.safetensors cannot be used: it is damaged, since its checksum/,
    );
    writeFileSync(weights, good);
    await run('refused', { resume: true });
    assert.equal(readRun(path).done?.step, 24);
  });

  itThorough(
    'goes on for longer, and from a record and a checkpoint that are older than a setting',
    async () => {
      const whole = await run('longer-whole', { settings: { steps: 24, checkpointEvery: 4 } });
      const { path, weights } = await run('longer', { settings: { steps: 12 } });
      const older = ({ model, ...config }: Record<string, unknown>): Record<string, unknown> => {
        assert.equal(model, 'gpt2');
        return config;
      };
      const [first, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
      const line = JSON.parse(first!) as { config: Record<string, unknown> };
      const kept = [JSON.stringify({ ...line, config: older(line.config) }), ...lines];
      writeFileSync(path, `${kept.join('\n')}\n`);
      const { tensors, state } = loadCheckpoint(weights);
      saveCheckpoint(weights, tensors, { ...state, config: older(state.config) });
      tf.dispose(tensors);
      await run('longer', { resume: true, settings: { steps: 24, checkpointEvery: 4 } });
      const { measurements, done } = readRun(path);
      assert.equal(done?.step, 24);
      // The end of the shorter run is measured, too.
      assert.deepEqual(
        measurements.filter(({ step }) => step !== 12),
        readRun(whole.path).measurements,
      );
    },
  );

  itThorough(
    'goes on from the best checkpoint where the last one is damaged, and only when asked to',
    async () => {
      const whole = await run('whole-best');
      const { path, weights } = await run('best', { stopAfter: 21 });
      const best = loadCheckpoint(join(dirname(weights), 'best.safetensors'));
      tf.dispose(best.tensors);
      writeFileSync(weights, readFileSync(weights).fill(0, 2000, 2010));
      await assert.rejects(
        run('best', { resume: true }),
        /last\.safetensors cannot be used: .*go on from .*best\.safetensors \(--resume-from-best/,
      );
      const rest = await run('best', { resume: 'best' });
      assert.deepEqual(rest.losses, whole.losses.slice(best.state.step));
      assert.deepEqual(linesAfterFirst(path), linesAfterFirst(whole.path));
      assert.deepEqual(curvesOf(path), curvesOf(whole.path));
      assert.deepEqual(weightsOf(rest.weights), weightsOf(whole.weights));
    },
  );

  itThorough('refuses a record that has lost a measurement before its checkpoint', async () => {
    const { path } = await run('lost', { stopAfter: 20 });
    const record = readFileSync(path, 'utf8');
    const lines = record.trimEnd().split('\n');
    const without = (kept: readonly string[]): void => writeFileSync(path, `${kept.join('\n')}\n`);
    without(lines.filter((line) => !/"step":8,/.test(line)));
    await assert.rejects(
      run('lost', { resume: true }),
      /has lost the measurements of step 8, although .*step 20/,
    );
    assert.deepEqual(readRun(path).missing, [8]);
    without(lines.slice(0, 2));
    await assert.rejects(run('lost', { resume: true }), /has lost the measurements of steps 1, 8 and 16/);
    writeFileSync(path, `\uFEFF${record.replaceAll('\n', '\r\n')}`); // as an editor of Windows leaves it
    await run('lost', { resume: true });
    assert.deepEqual(linesAfterFirst(path), linesAfterFirst((await run('whole-lost')).path));
  });

  it('can be resumed after a kill from the moment that its best checkpoint is written, before any other is due', async () => {
    const path = join(folder, 'early.jsonl');
    const settings = { ...SMALL, checkpointEvery: 100 };
    for await (const event of runExperiment(settings, { path })) {
      if (event.type !== 'checkpoint' || event.kind !== 'best') continue;
      // What a kill at this moment would leave.
      for (const name of ['early', 'early.jsonl', 'early.curves.csv'])
        cpSync(join(folder, name), join(folder, name.replace('early', 'killed')), { recursive: true });
      break;
    }
    const killed = await run('killed', { resume: true, settings });
    assert.deepEqual(linesAfterFirst(killed.path), linesAfterFirst(whole.path));
  });

  it('starts from the beginning only where nothing is lost by it', async () => {
    const { path, weights } = await run('gone', { stopAfter: 20 });
    const record = readFileSync(path, 'utf8');
    const best = join(dirname(weights), 'best.safetensors');
    rmSync(best);
    await assert.rejects(
      run('gone', { resume: 'best' }),
      /there is no .*best\.safetensors to resume from: resume from .*last\.safetensors instead/,
    );
    renameSync(weights, best);
    await assert.rejects(
      run('gone', { resume: true }),
      /last\.safetensors is missing beside .*best\.safetensors/,
    );
    rmSync(best);
    await assert.rejects(
      run('gone', { resume: true }),
      /gone\.jsonl has measurements to step 16, but .*last\.safetensors is missing/,
    );
    assert.equal(readFileSync(path, 'utf8'), record);
    mkdirSync(weights);
    await assert.rejects(run('gone', { resume: true }), /last\.safetensors cannot be used: EISDIR/);
  });

  it('removes what a kill left of a checkpoint that was being written', async () => {
    const { weights } = await run('leftover', { stopAfter: 6 });
    const gone = spawnSync('true').pid;
    writeFileSync(`${weights}.${gone}.tmp`, 'half');
    writeFileSync(`${weights}.1.tmp`, 'of a process that lives');
    await run('leftover', { resume: true });
    const left = readdirSync(dirname(weights)).filter((name) => name.includes('safetensors'));
    assert.deepEqual(left.sort(), ['best.safetensors', 'last.safetensors', 'last.safetensors.1.tmp']);
  });

  it('stops when the loss is no longer finite, and keeps the last good checkpoint', async () => {
    const settings = {
      learningRate: 10,
      schedule: 'constant',
      optimizer: 'sgd',
      momentum: 0.9,
      weightDecay: 10,
    } as const;
    await assert.rejects(
      run('diverging', { settings: { ...settings, steps: 400, measureEvery: 1000 } }),
      /loss became .* at step \d+/,
    );
    assert.equal(readRun(join(folder, 'diverging.jsonl')).done, undefined);
    // Measured at every step, the weights are seen to be no numbers before the next batch is.
    await assert.rejects(
      run('diverging-measured', { settings: { ...settings, steps: 400, measureEvery: 1 } }),
      /loss (on the \w+ examples )?became .* at step \d+/,
    );
    assert.ok(readRun(join(folder, 'diverging-measured.jsonl')).measurements.length > 0);
  });

  it('keeps the number of tensors', async () => {
    await run('memory-1');
    const before = tf.memory().numTensors;
    await run('memory-2', { stopAfter: 9 });
    await run('memory-2', { resume: true });
    assert.equal(tf.memory().numTensors, before);
  });

  it('refuses a batch larger than the data', async () => {
    await assert.rejects(
      run('large', { settings: { batchSize: 500 } }),
      /batchSize=500 is larger than the 66/,
    );
  });
});

describe('schedules', () => {
  it('are what their formulas say', () => {
    assert.deepEqual([1, 99].map(constant(0.5)), [0.5, 0.5]);
    assert.deepEqual([1, 5, 10, 20].map(warmup(2, 10)), [0.2, 1, 2, 2]);
    assert.equal(cosine(1, 100)(1), 1);
    assert.ok(Math.abs(cosine(1, 100)(51) - 0.5) < 1e-12);
    assert.deepEqual([60, 61, 121].map(multiStep(1, [60, 120], 0.5)), [1, 0.5, 0.25]);
  });
});
