import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { layerProfile } from '../../src/activations/profile';
import { type IdCallbackOptions, idCallback } from '../../src/experiments/id-callback';
import { toSVG } from '../../src/figures/figure';
import { runFigure, runTitle } from '../../src/figures/run';
import { readCurves } from '../../src/records/curves';
import { readRun } from '../../src/records/run-record';
import { runs } from '../../src/records/table';
import { loadBackend } from '../../src/runtime/backend';
import { compileModel } from '../../src/runtime/compile/compile-model';
import { secondCopy } from '../runtime/second-copy';

const EXAMPLES = 60;
/** Few subsamples, so that tests are quick. */
const QUICK = { idSubsamples: 2, logEvery: 1 } as const;
const FIT = { batchSize: 20, shuffle: false, verbose: 0 } as const;
const STEPS_PER_EPOCH = 3;

function data(seed: number) {
  return tf.tidy(() => {
    const x = tf.randomNormal<tf.Rank.R2>([EXAMPLES, 5], 0, 1, 'float32', seed);
    const labels = tf.cast(tf.greater(tf.sum(x, 1), 0), 'int32');
    return { x, y: tf.cast(tf.oneHot(labels as tf.Tensor1D, 2), 'float32') };
  });
}

function classifier(): tf.Sequential {
  const start = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ name: 'first', units: 8, inputShape: [5], activation: 'tanh', ...start(1) }),
      tf.layers.dense({ name: 'second', units: 6, activation: 'tanh', ...start(2) }),
      tf.layers.dense({ name: 'logits', units: 2, ...start(3) }),
      tf.layers.activation({ name: 'softmax', activation: 'softmax' }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0.2), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

describe('idCallback', () => {
  let folder: string;
  let path: string;
  const train = () => data(1);
  const test = () => data(2);

  before(loadBackend);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fit-'));
    path = join(folder, 'mine.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('writes the record of a fit, which table, figure and TensorBoard read', async () => {
    const model = classifier();
    const ids = idCallback(model, test().x, { ...QUICK, path, config: { width: 8 } });
    const validationData: [tf.Tensor, tf.Tensor] = [test().x, test().y];
    const { history } = await model.fit(train().x, train().y, {
      ...FIT,
      epochs: 3,
      validationData,
      callbacks: ids,
    });
    const record = readRun(path);
    assert.deepEqual(
      record.measurements.map(({ step, epoch }) => [step, epoch]),
      [
        [3, 0],
        [6, 1],
        [9, 2],
      ],
    );
    assert.deepEqual(record.done, { type: 'done', step: 9 });
    assert.equal(record.config['width'], 8);
    assert.equal(runTitle(record), `tf.layers model with ${model.countParams()} parameters, width 8`);
    record.measurements.forEach(({ train, validation, weightNorm }, i) => {
      // A record keeps six digits.
      const same = (a: number, b: unknown) => assert.ok(Math.abs(a - Number(b)) < 1e-5, `${a}, ${b}`);
      same(train.loss, history['loss']![i]);
      same(train.accuracy, history['acc']![i]);
      same(validation.loss, history['val_loss']![i]);
      same(validation.accuracy, history['val_acc']![i]);
      assert.deepEqual(Object.keys(validation.id), ['first', 'second']);
      assert.ok(weightNorm! > 0);
    });
    const { seed, count, fraction } = { seed: 0, count: 2, fraction: 0.9 };
    const profile = await layerProfile(model, test().x, { subsamples: { seed, count, fraction } });
    const { second } = record.measurements[2]!.validation.id;
    assert.ok(Math.abs(second!.value! - profile.sites['second']!.subsamples!.mean) < 1e-3);
    assert.equal(ids.measurements.length, 3);
    assert.deepEqual(
      readCurves(path).map(({ step }) => step),
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    assert.ok(readdirSync(join(folder, 'mine')).some((name) => name.includes('tfevents')));
    const frame = await runs(folder);
    assert.equal(frame['LLID'].values[0], second!.value);
    assert.match(await toSVG(runFigure(record)), /LLID/);
  });

  it('measures the untrained model, training examples, and every few steps, where labels are given', async () => {
    for (const isCompiled of [false, true]) {
      const model = classifier();
      const before = tf.memory().numTensors;
      const compiled = isCompiled ? compileModel(model) : undefined;
      const { x, y } = train();
      const held = test();
      const ids = idCallback(model, held.x, {
        ...QUICK,
        labels: held.y,
        train: { inputs: x, labels: y },
        every: 2,
        sites: ['second'],
      });
      await model.fit(x, y, { ...FIT, epochs: 1, callbacks: ids });
      assert.deepEqual(
        ids.measurements.map(({ step }) => step),
        [0, 2, 3],
      );
      const [loss] = model.evaluate(held.x, held.y) as tf.Scalar[];
      assert.ok(Math.abs(ids.measurements[2]!.validation.loss - loss!.dataSync()[0]!) < 1e-5);
      for (const { train, validation } of ids.measurements)
        assert.deepEqual([Object.keys(train.id), Object.keys(validation.id)], [['second'], ['second']]);
      assert.equal(readdirSync(folder).length, 0, 'nothing is written without a path');
      compiled?.dispose();
      assert.ok(tf.memory().numTensors - before < 12, 'only data, and what evaluate gave');
    }
  });

  for (const how of ['a signal', 'Ctrl-C'])
    it(`stops by ${how} within an epoch, and goes on from its start to the same record`, async () => {
      const listeners = process.listenerCount('SIGINT');
      const controller = new AbortController();
      const stop = async (): Promise<void> => {
        if (how === 'a signal') return controller.abort();
        // The signal arrives in a later turn of the event loop.
        const arrival = once(process, 'SIGINT');
        process.kill(process.pid, 'SIGINT');
        await arrival;
      };
      const train = async (
        model: tf.Sequential,
        options: IdCallbackOptions,
        args: { initialEpoch?: number; stopAtStep?: number; keepAt?: number },
      ) => {
        const ids = idCallback(model, held.x, { ...QUICK, labels: held.y, ...options });
        let step = 0;
        let kept: tf.Tensor[] = [];
        const others = new tf.CustomCallback({
          onBatchEnd: async () => {
            if (++step === args.stopAtStep) await stop();
          },
          onEpochEnd: async (epoch) => {
            if (epoch === args.keepAt) kept = model.getWeights().map((weight) => weight.clone());
          },
        });
        const { initialEpoch = 0 } = args;
        await model.fit(x, y, { ...FIT, epochs: 3, initialEpoch, callbacks: [others, ids] });
        return { kept, measurements: ids.measurements };
      };
      const held = test();
      const { x, y } = data(1);
      const whole = join(folder, 'whole.jsonl');
      await train(classifier(), { path: whole }, {});

      const { kept, measurements } = await train(
        classifier(),
        { path, signal: controller.signal },
        { stopAtStep: STEPS_PER_EPOCH + 2, keepAt: 0 },
      );
      assert.deepEqual(
        measurements.map(({ step }) => step),
        [STEPS_PER_EPOCH],
        'the epoch that was stopped will be run again',
      );
      assert.equal(readRun(path).done, undefined);
      const model = classifier();
      model.setWeights(kept);
      const initialEpoch = measurements.at(-1)!.epoch + 1;
      await train(model, { path, resume: true }, { initialEpoch });
      assert.deepEqual(readRun(path).measurements, readRun(whole).measurements);
      assert.deepEqual(
        readCurves(path).map(({ step, loss }) => [step, loss]),
        readCurves(whole).map(({ step, loss }) => [step, loss]),
      );
      assert.equal(process.listenerCount('SIGINT'), listeners);
    });

  it('drops what comes after the epoch from which it goes on, and keeps an earlier record', async () => {
    const held = test();
    const { x, y } = train();
    const model = classifier();
    const trained = async (epochs: number, initialEpoch: number, resume: boolean) => {
      const callbacks = idCallback(model, held.x, { ...QUICK, labels: held.y, path, resume });
      await model.fit(x, y, { ...FIT, epochs, initialEpoch, callbacks });
      return readRun(path);
    };
    const first = await trained(3, 0, false);
    const { measurements, done } = await trained(4, 1, true);
    assert.deepEqual(measurements[0], first.measurements[0]);
    assert.notDeepEqual(measurements[1], first.measurements[1], 'by other weights');
    assert.deepEqual(
      measurements.map(({ epoch }) => epoch),
      [0, 1, 2, 3],
    );
    assert.equal(done!.step, 4 * STEPS_PER_EPOCH);
    await assert.rejects(trained(1, 0, false), /exists already: resume it/);
    await trained(1, 0, true);
  });

  it('measures a model without classes, whose accuracy no one knows', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ name: 'code', units: 3, inputShape: [5] }),
        tf.layers.dense({ name: 'back', units: 5 }),
      ],
    });
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const { x } = train();
    const ids = idCallback(model, test().x, { ...QUICK, path, labels: test().x });
    await model.fit(x, x, { ...FIT, epochs: 2, callbacks: ids });
    assert.match(readFileSync(path, 'utf8'), /"accuracy":null/);
    const record = readRun(path);
    assert.ok(
      record.measurements.every(({ train, validation }) =>
        Number.isNaN(train.accuracy + validation.accuracy),
      ),
    );
    assert.deepEqual(Object.keys(record.measurements[1]!.validation.id), ['code']);
    assert.ok(Number.isNaN((await runs(folder))['accuracy'].values[0]));
    assert.match(await toSVG(runFigure(record)), /LLID/);
  });

  it('follows a model of a second copy of tfjs', async () => {
    const other = secondCopy();
    const layers = [
      other.layers.dense({ name: 'other-code', units: 4, inputShape: [5] }),
      other.layers.dense({ name: 'other-end', units: 2 }),
    ];
    const model = other.sequential({ layers });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const { x, y } = train();
    const ids = idCallback(model as tf.LayersModel, x, { ...QUICK, path, labels: y });
    await model.fit(x, y, { ...FIT, epochs: 2, callbacks: ids });
    assert.deepEqual(
      readRun(path).measurements.map(({ step, validation }) => [step, Object.keys(validation.id)]),
      [
        [3, ['other-code']],
        [6, ['other-code']],
      ],
    );
    assert.equal(readRun(path).done!.step, 6);
  });

  it('listens for Ctrl-C no longer than fit runs, also where fit fails on its own', async () => {
    const listeners = process.listenerCount('SIGINT');
    const { x, y } = train();
    const model = classifier();
    const ids = [0, 1].map(() => idCallback(model, x, { ...QUICK, labels: y }));
    const failing = new tf.CustomCallback({
      onBatchEnd: async () => {
        throw new Error('its own');
      },
    });
    for (const callbacks of [
      [...ids, failing],
      [failing, ...ids],
    ]) {
      await assert.rejects(model.fit(x, y, { ...FIT, epochs: 1, callbacks }), /its own/);
      await new Promise((resolve) => setTimeout(resolve));
      assert.equal(process.listenerCount('SIGINT'), listeners);
    }
    await model.fit(x, y, { ...FIT, epochs: 1, callbacks: ids });
    assert.equal(ids[1]!.measurements.length, 1);
  });

  it('begins again at the first epoch where a fit after the first uses it', async () => {
    const { x, y } = train();
    const model = classifier();
    const ids = idCallback(model, x, { ...QUICK, labels: y, train: { inputs: x, labels: y } });
    for (const _ of [1, 2]) {
      await model.fit(x, y, { ...FIT, epochs: 2, callbacks: ids });
      assert.deepEqual(
        ids.measurements.map(({ epoch }) => epoch),
        [0, 0, 1],
      );
    }
  });

  it('refuses options that do not fit the model, when training begins', async () => {
    const { x, y } = train();
    const refused = async (options: IdCallbackOptions, message: RegExp): Promise<void> => {
      const model = classifier();
      const callbacks = idCallback(model, x, { ...QUICK, path, ...options });
      await assert.rejects(model.fit(x, y, { ...FIT, epochs: 1, callbacks }), message);
    };
    assert.throws(
      () => idCallback(classifier(), x, { label: y } as IdCallbackOptions),
      /idCallback has no option label: did you mean labels\?/,
    );
    await refused({ sites: ['frist'] }, /no site 'frist': it has first, second, logits, softmax/);
    await refused(
      { sites: ['second', 'softmax'] },
      /site 'softmax' comes after 'second'.*lastSite: 'softmax'/,
    );
    await refused({ every: 0, labels: y }, /every must be a whole number of steps or 'epoch', got 0/);
    await refused({ logEvery: 0.5 }, /logEvery must be a whole number of at least 1, got 0.5/);
    await refused({ every: 2 }, /every: 2 needs labels/);
    await refused({ metric: 'mse' }, /no metric 'mse': it has loss, acc/);
    assert.equal(readdirSync(folder).length, 0);
    await refused({}, /fit gives no validation loss: give idCallback the labels/);
    // The fit that failed left its record open: the next one may have it.
    rmSync(path);
    const linear = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [5] })] });
    linear.compile({ optimizer: tf.train.sgd(1e30), loss: 'meanSquaredError' });
    const callbacks = idCallback(linear, x, { ...QUICK, path, labels: y });
    await assert.rejects(linear.fit(x, y, { ...FIT, epochs: 3, callbacks }), /became (Infinity|NaN) at step/);
  });
});
