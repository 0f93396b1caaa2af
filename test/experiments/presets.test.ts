import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CIFAR10_IMAGES, CIFAR100_IMAGES, cifar10, cifar100 } from '../../src/data/cifar';
import type { GrokkingConfig, ImagesConfig } from '../../src/experiments/config-types';
import { grokkingData, grokkingModel, grokkingSetup } from '../../src/experiments/grokking';
import { grokkingConfig } from '../../src/experiments/grokking-config';
import { imagesData } from '../../src/experiments/images';
import { grokkingPreset, imagesPreset } from '../../src/experiments/presets';
import { parseRun } from '../../src/experiments/registry';
import { runExperiment } from '../../src/experiments/run';
import { optimizerOf } from '../../src/experiments/training-settings';
import { readRun } from '../../src/records/run-record';
import { loadBackend } from '../../src/runtime/backend';
import type { AdamConfig } from '../../src/training/optimizers';
import { archive, cifar10Members, cifar100Members } from '../data/cifar-archive';
import { THOROUGH } from '../thorough';

const PICTURES = ['width=2', 'numBlocks=1,1,1,1', 'batchSize=8', 'measureEvery=10'];
const EQUATIONS = ['prime=11', 'nEmbd=8', 'nHead=2', 'nLayer=1', 'batchSize=8', 'measureEvery=10'];

describe('the experiments of the paper, by their names', function () {
  this.timeout(240_000); // each compiles two programs
  let folder: string;
  const official = [CIFAR10_IMAGES.load, CIFAR100_IMAGES.load];

  /** The official archives are too large for a test: a small one of the same form takes the place of each. */
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'presets-'));
    const small = (name: string, content: Buffer) => {
      writeFileSync(join(folder, name), content);
      const sha256 = createHash('sha256').update(content).digest('hex');
      return { folder, source: { url: 'http://localhost:1', bytes: content.length, sha256 } };
    };
    const ten = small('cifar-10-binary.tar.gz', archive(cifar10Members()));
    const hundred = small('cifar-100-binary.tar.gz', archive(cifar100Members()));
    CIFAR10_IMAGES.load = (options) => cifar10({ ...options, ...ten });
    CIFAR100_IMAGES.load = (options) => cifar100({ ...options, ...hundred });
  });
  after(() => {
    [CIFAR10_IMAGES.load, CIFAR100_IMAGES.load] = official as [
      typeof CIFAR10_IMAGES.load,
      typeof CIFAR100_IMAGES.load,
    ];
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(word: string, settings: readonly string[], stopAfter?: number) {
    const path = join(folder, `${word}.jsonl`);
    const stop = new AbortController();
    const config = parseRun(word, [...settings, 'steps=20', 'idSubsamples=2']);
    for await (const { type, step } of runExperiment(config, {
      path,
      resume: stopAfter === undefined,
      signal: stop.signal,
    }))
      if (type === 'step' && step === stopAfter) stop.abort();
    return path;
  }

  const names: readonly (readonly [string, readonly string[]])[] = [
    ['cifar10_id', PICTURES],
    ['math_equations_id', EQUATIONS],
    ['cifar10', PICTURES],
    ['cifar100', PICTURES],
    ['cifar100_id', PICTURES],
    ['math_equations', EQUATIONS],
  ];
  for (const [word, settings] of THOROUGH ? names : names.slice(0, 2)) {
    it(`${word} starts, stops, and goes on to its end`, async () => {
      const path = await run(word, settings, 13);
      assert.equal(readRun(path).done, undefined);
      await run(word, settings);
      const { measurements, done } = readRun(path);
      assert.deepEqual(
        measurements.map(({ step }) => step),
        [0, 10, 20],
      );
      assert.equal(done?.step, 20);
      const withId = word.endsWith('_id');
      for (const { validation, train } of measurements) {
        assert.equal(Object.keys(validation.id).length > 0, withId);
        assert.equal(Object.keys(train.id).length > 0, word === 'math_equations_id');
      }
      assert.equal(measurements[0]!.validation.dataId !== undefined, /^cifar\d+_id$/.test(word));
    });
  }

  it('have 100 embeddings, as the file says, which are those of the recorded runs but for the last', async () => {
    await loadBackend();
    const table = (settings: Partial<GrokkingConfig>): { shape: number[]; values: Float32Array } => {
      const config = grokkingConfig(settings);
      const model = grokkingModel(config, grokkingData(config));
      const { shape } = model.variables['transformer.wte.weight']!;
      const values = model.variables['transformer.wte.weight']!.dataSync() as Float32Array;
      model.dispose();
      return { shape, values };
    };
    const [ours, recorded] = [table(grokkingPreset({ preset: 'math_equations' })), table({})];
    assert.deepEqual(
      [ours.shape, recorded.shape],
      [
        [100, 128],
        [101, 128],
      ],
    );
    assert.deepEqual(ours.values, recorded.values.subarray(0, 100 * 128));
    assert.deepEqual(table({ task: 'permutation', degree: 3 }).shape, [8, 128]);
  });

  it('learn a single batch by heart when they are told to, which the other examples do not change', async () => {
    const { training, data } = await grokkingSetup(
      grokkingConfig({ prime: 11, batchSize: 8, overfitBatch: true, nEmbd: 8 }),
    );
    assert.equal(data.train.size, 8);
    assert.equal(data.validation.size, 77); // 7 in 10 of the 110 pairs
    assert.deepEqual(training.optimizer, {
      kind: 'adam',
      beta1: 0.9,
      beta2: 0.98,
      epsilon: 1e-8,
      weightDecay: 0,
    });
    const { beta2 } = optimizerOf(
      parseRun('images', ['optimizer=adam', 'beta2=.95']) as ImagesConfig,
    ) as AdamConfig;
    assert.equal(beta2, 0.95);
  });

  it('normalise as the files say: cifar10_id, by inheritance, with the constants of CIFAR-100', async () => {
    const pixels = async (preset: 'cifar10_id' | 'cifar10_id_cosine'): Promise<Float32Array> => {
      const { validation } = await imagesData(imagesPreset({ preset, batchSize: 8 }));
      return validation.prepare!(validation, Int32Array.of(0));
    };
    const [inherited, own] = [await pixels('cifar10_id'), await pixels('cifar10_id_cosine')];
    // The red channel of one pixel, from 0 to 1.
    const red = own[0]! * 0.2023 + 0.4914;
    assert.ok(Math.abs(inherited[0]! - (red - 0.5070751592371323) / 0.2673342858792401) < 1e-5); // float32
    const { schedule, rotation, milestones } = imagesPreset({ preset: 'cifar10_id' });
    assert.deepEqual([schedule, rotation, milestones.length], ['multi-step', 15, 3]);
  });
});
