import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImagesConfig } from '../../src/experiments/config-types';
import { imagesData } from '../../src/experiments/images';
import { IMAGES, imagesConfig } from '../../src/experiments/images-config';
import { PAPER } from '../../src/experiments/presets';
import { overridesOf, parseGrid } from '../../src/experiments/registry';
import { runExperiment } from '../../src/experiments/run';
import { readRun } from '../../src/records/run-record';
import { loadBackend } from '../../src/runtime/backend';
import { itThorough } from '../thorough';

/** A step takes milliseconds. */
const SMALL: Partial<ImagesConfig> & Pick<ImagesConfig, 'experiment'> = {
  experiment: 'images',
  dataset: 'mnist',
  images: 80,
  validationImages: 120,
  width: 2,
  numBlocks: [1, 1, 1, 1],
  batchSize: 40,
  steps: 8,
  learningRate: 0.02,
  blockDropout: 0.1,
  measureEvery: 4,
  checkpointEvery: 5,
  idSubsamples: 2,
};

describe('imagesConfig', () => {
  it('is read from words, and written back into them', () => {
    const cells = IMAGES.parseGrid([
      'dataset=mnist',
      'weightDecay=0,1e-3',
      'numBlocks=1,1,1,1',
      'idClasses=true',
    ]);
    assert.deepEqual(
      cells.map(({ weightDecay }) => weightDecay),
      [0, 1e-3],
    );
    for (const cell of cells) assert.deepEqual(parseGrid(overridesOf(cell), 'images'), [cell]);
    assert.equal(
      IMAGES.runName(SMALL),
      'images-datasetmnist-images80-validationImages120-steps8-batchSize40-width2-numBlocks1+1+1+1' +
        '-blockDropout0.1-learningRate0.02-measureEvery4-idSubsamples2',
    );
  });

  it('takes a text as it is, also one that looks like a number', () => {
    assert.deepEqual(IMAGES.parseOverrides(['folder=2026', 'dataset=fashion-mnist']), {
      folder: '2026',
      dataset: 'fashion-mnist',
    });
  });

  it('refuses what does not go together', () => {
    assert.throws(
      () => imagesConfig({ bottleneckWidths: [] }),
      /bottleneckWidths= is not allowed: .* a non-empty list/,
    );
    assert.throws(
      () => imagesConfig({ numBlocks: [2, 2] }),
      /numBlocks=2,2 is not allowed: it must be a list of 4 whole numbers/,
    );
    assert.throws(() => imagesConfig({ images: 100 }), /batchSize=128 is larger than images=100/);
    assert.throws(
      () => imagesConfig({ milestones: [2, 2] }),
      /milestones=2,2 is not allowed: .* each greater than the one before/,
    );
  });

  it('is for CIFAR what the public code has', () => {
    const { cifar10, cifar100 } = PAPER;
    assert.equal(cifar10.schedule, 'cosine');
    assert.equal(cifar10.steps, 200 * Math.ceil(50_000 / 128));
    assert.deepEqual(
      cifar100.milestones.map((step) => step / Math.ceil(50_000 / 128)),
      [60, 120, 160],
    );
    assert.deepEqual([cifar100.schedule, cifar100.gamma, cifar100.learningRate], ['multi-step', 0.2, 0.1]);
  });
});

describe('a run on images', () => {
  let folder: string;
  before(async () => {
    await loadBackend();
    folder = mkdtempSync(join(tmpdir(), 'images-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function run(name: string, settings: Partial<ImagesConfig> = {}, stopAfter?: number) {
    const path = join(folder, `${name}.jsonl`);
    const stop = new AbortController();
    const resume = stopAfter === undefined;
    for await (const { type, step } of runExperiment(
      { ...SMALL, ...settings },
      { path, resume, signal: stop.signal },
    ))
      if (type === 'step' && step === stopAfter) stop.abort();
    return { path, lines: readFileSync(path, 'utf8').split('\n').slice(1) };
  }

  it('goes on after a stop as if it had not stopped, running statistics included', async () => {
    const whole = await run('whole');
    await run('parts', {}, 6);
    assert.deepEqual((await run('parts')).lines, whole.lines);
    const { measurements, done } = readRun(whole.path);
    assert.equal(done?.step, 8);
    assert.deepEqual(
      measurements.map(({ step }) => step),
      [0, 4, 8],
    );
    for (const { train, validation } of measurements) {
      assert.deepEqual(Object.keys(train.id), []);
      assert.deepEqual(Object.keys(validation.id), [
        'conv1',
        'conv2_x',
        'conv3_x',
        'conv4_x',
        'conv5_x',
        'avg_pool',
      ]);
      assert.equal(validation.classAccuracy?.length, 10);
    }
  });

  it('measures the dimension where and when it is told, at the same losses', async () => {
    const { path } = await run('rarely', { sites: ['avg_pool', 'conv3_x'], idEvery: 8 });
    const off = await run('off', { id: 'off' });
    const ids = (path: string): string[][] =>
      readRun(path).measurements.map(({ validation }) => Object.keys(validation.id));
    // In the order of the network.
    assert.deepEqual(ids(path), [['conv3_x', 'avg_pool'], [], ['conv3_x', 'avg_pool']]);
    assert.deepEqual(ids(off.path), [[], [], []]);
    const losses = (path: string): number[] =>
      readRun(path).measurements.map(({ validation }) => validation.loss);
    losses(path).forEach((loss, i) => {
      // The record has six digits; with activations and without, sums may be rounded differently.
      assert.ok(Math.abs(loss - losses(off.path)[i]!) < 1e-4);
    });
    assert.throws(() => imagesConfig({ idEvery: 11 }), /idEvery=11 is not a multiple of measureEvery=3910/);
    assert.throws(
      () => imagesConfig({ sites: ['conv9_x'] }),
      /sites=conv9_x has 'conv9_x', which the network does not have: choose among conv1, /,
    );
    assert.throws(() => imagesConfig({ id: 'off', idData: true }), /idData=true is not used with id=off/);
  });

  it('measures each class and the images themselves, under all regularisers at once', async () => {
    const { path } = await run('all', {
      images: 200,
      validationImages: 400,
      steps: 6,
      measureEvery: 6,
      idClasses: true,
      idData: true,
      idTrain: true,
      bottleneckSite: 'conv5_x',
      bottleneckWidths: [8, 3, 8],
      bottleneckPerClass: true,
      classWeights: [1, 2, 1, 2, 1, 2, 1, 2, 1, 2],
    });
    const [first, last] = readRun(path).measurements;
    assert.ok(first!.validation.dataId!.value! > 5 && first!.validation.dataId!.value! < 20);
    assert.equal(last!.validation.dataId, undefined);
    assert.ok(last!.validation.regularization! > 0 && last!.train.regularization! > 0);
    assert.equal(Object.keys(first!.validation.classId!).length, 10);
    // Digits 1 are a smaller world than digits 8.
    const of = (label: string): number => first!.validation.classId![label]!['conv1']!.value!;
    assert.ok(of('1') < of('8'), `${of('1')} ${of('8')}`);
  });

  itThorough('adds the errors of several autoencoders, as it adds that of one', async () => {
    // Before the first step no autoencoder has changed another, and dropout does not matter.
    const settings = { steps: 1, measureEvery: 1, id: 'off' as const, bottleneckWidths: [4] };
    const added = async (name: string, more: Partial<ImagesConfig>): Promise<number> => {
      const { path } = await run(name, { ...settings, ...more });
      return readRun(path).measurements[0]!.validation.regularization!;
    };
    const one = await added('one', { bottleneckSite: 'conv5_x' });
    assert.equal(await added('one-of-list', { bottleneckSites: ['conv5_x'] }), one);
    const two = await added('two', { bottleneckSites: ['conv5_x', 'avg_pool'] });
    // An untrained autoencoder of weight 1 misses about the whole activation.
    assert.ok(two > one + 0.5, `${one} ${two}`);
  });

  it('measures augmented training images only where images are augmented', () => {
    const settings = { augmentMeasured: true };
    assert.equal(imagesConfig(settings).augmentMeasured, true);
    for (const key of ['augmentation', 'overfitBatch'] as const)
      assert.throws(
        () => imagesConfig({ ...settings, [key]: key === 'overfitBatch' }),
        new RegExp(`augmentMeasured=true is not used with ${key}=`),
      );
  });

  it('refuses the sites of autoencoders that are named twice or are none', () => {
    assert.throws(
      () => imagesConfig({ bottleneckSite: 'conv1', bottleneckSites: ['conv5_x'] }),
      /bottleneckSite=conv1 is not used with bottleneckSites: name all sites there/,
    );
    assert.throws(
      () => imagesConfig({ bottleneckSites: ['conv9_x'] }),
      /bottleneckSites=conv9_x has 'conv9_x', which the network does not have: choose among conv1, /,
    );
  });

  it('trains on the number of images that the settings name, and refuses more than there are', async () => {
    const config = imagesConfig({ ...SMALL, images: 1234, validationImages: 567 });
    const { train, validation } = await imagesData(config);
    assert.deepEqual([train.size, validation.size], [1234, 567]);
    await assert.rejects(
      imagesData({ ...config, images: 20_000 }),
      /images=20000 is not allowed: it must be a whole number between 1 and 9999, since there are 10,000 pictures/,
    );
  });
});
