import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { GrokkingConfig, ImagesConfig } from '../../src/experiments/config-types';
import { type ConfigOf, defineExperiment, type Experiment } from '../../src/experiments/experiment';
import type { GROKKING } from '../../src/experiments/grokking-config';
import type { IMAGES } from '../../src/experiments/images-config';
import { imagesPreset, PAPER, SMALL } from '../../src/experiments/presets';
import {
  changeableSettings,
  completeConfig,
  EXPERIMENTS,
  experimentNamed,
  experimentWords,
  identityOf,
  parseGrid,
  parseRun,
  type RunConfig,
  type RunSettings,
  runName,
  titleOf,
  withDefaults,
} from '../../src/experiments/registry';
import { sweepCells } from '../../src/experiments/sweep';
import { LOGGING } from '../../src/experiments/training-settings';
import { RECORDED } from '../../src/records/recorded-runs';
import { readRun } from '../../src/records/run-record';
import { allSettings, choice, count, number, seed, text, wholeNumber } from '../../src/setting';

const ROOT = join(__dirname, '..', '..');

const SETTINGS = {
  shape: choice(['cube', 'sphere'], { default: 'cube', description: 'shape of the points' }),
  noise: number({ absent: 'no noise', min: 0, max: 1, description: 'standard deviation of the noise' }),
  seed: seed({ default: 3, description: 'seed of everything' }),
  steps: count({ default: 10, description: 'number of steps', identity: 'same' }),
  batchSize: count({ default: 2, description: 'number of points in a step' }),
  measureEvery: count({ default: 5, description: 'steps between measurements', identity: 'record' }),
  earlyMeasurements: wholeNumber({ default: 0, min: 0, max: 9, description: 'measurements before' }),
  checkpointEvery: count({ default: 5, description: 'steps between checkpoints', identity: 'same' }),
  ...LOGGING,
};
const TOY = defineExperiment({
  name: 'toy',
  summary: 'nothing is learnt',
  type: { name: 'ToyConfig', description: 'Nothing is learnt.' },
  settings: SETTINGS,
  check: ({ shape, noise }, refuse) => {
    if (shape === 'sphere' && noise !== undefined) refuse('noise', 'is not for spheres');
  },
  presets: {
    noisy: {
      summary: 'much noise',
      source: 'nowhere',
      cost: 'nothing',
      settings: { noise: 0.5 },
      grid: { seed: [4, 5] },
    },
  },
  title: ({ shape }) => `Points on a ${shape}`,
  setup: async (config) => {
    // The type is inferred: another one would not compile.
    const { shape, noise }: { shape: 'cube' | 'sphere'; noise?: number } = config;
    throw new Error(`a ${shape} with noise ${noise} has no network`);
  },
});

/** Compiles only where the two types are the same, key by key. */
type Same<A, B> =
  (<T>() => T extends Flat<A> ? 1 : 2) extends <T>() => T extends Flat<B> ? 1 : 2 ? true : false;
type Flat<T> = { [K in keyof T]: T[K] };
const same = <A, B>(proof: Same<A, B>): boolean => proof;

describe('defineExperiment', () => {
  it('infers the type of a config from the list of settings', () => {
    interface ToyConfig {
      experiment: 'toy';
      shape: 'cube' | 'sphere';
      noise?: number;
      seed: number;
      steps: number;
      batchSize: number;
      measureEvery: number;
      earlyMeasurements: number;
      checkpointEvery: number;
      logEvery: number;
      parameterNorms: boolean;
      tensorboard: boolean;
    }
    assert.ok(same<ConfigOf<'toy', typeof SETTINGS>, ToyConfig>(true));
    assert.ok(same<ReturnType<typeof TOY.config>, ToyConfig>(true));
    // @ts-expect-error a shape that there is not
    assert.throws(() => TOY.config({ shape: 'torus' }), /shape=torus is not allowed: .* one of cube, sphere/);
  });

  it('makes help, defaults, names and words of that list, and completes presets', async () => {
    assert.match(
      TOY.describe(),
      /^ {2}shape=cube +shape of the points; one of cube, sphere\n {2}noise= +standard/,
    );
    assert.match(
      TOY.describe(),
      /standard deviation of the noise \(default: no noise\); a number between 0 and 1/,
    );
    assert.equal(TOY.preset('noisy').noise, 0.5);
    assert.equal(TOY.preset('noisy').seed, 3);
    const { settings, grid } = TOY.presets.noisy;
    assert.deepEqual(
      TOY.parseGrid(['steps=1,2'], settings, grid).map(({ noise, seed, steps }) => [noise, seed, steps]),
      [
        [0.5, 4, 1],
        [0.5, 4, 2],
        [0.5, 5, 1],
        [0.5, 5, 2],
      ],
    );
    assert.deepEqual(
      TOY.parseGrid(['seed=7'], settings, grid).map(({ seed }) => seed),
      [7],
    );
    assert.equal(
      TOY.runName({ shape: 'sphere', steps: 11, measureEvery: 2 }),
      'toy-shapesphere-measureEvery2',
    );
    assert.deepEqual(TOY.overridesOf({ steps: 11, noise: 1 }), ['noise=1', 'steps=11']);
    assert.throws(
      () => TOY.config({ shape: 'sphere', noise: 0 }),
      /^RangeError: noise=0 is not for spheres$/,
    );
    assert.throws(() => TOY.config({ noise: 2 }), /noise=2 is not allowed: it must be between 0 and 1/);
    assert.deepEqual(TOY.parseGrid(['noise=0,1', 'seed=1,2']).length, 4);
    await assert.rejects(TOY.setup(TOY.config()), /a cube with noise undefined has no network/);
  });

  it('refuses a preset that its own settings do not allow', () => {
    const { setup, title, summary, type } = TOY;
    const rest = { name: 'toy', setup, title, summary, type, settings: SETTINGS } as const;
    assert.throws(
      () => defineExperiment({ ...rest, presets: { bad: { ...TOY.presets.noisy, settings: { steps: 0 } } } }),
      /steps=0 is not allowed/,
    );
  });

  it('refuses two members of a registry that define one setting differently', () => {
    const folder = text({ default: 'here', description: 'folder of the files' });
    const member = (name: string, settings: { folder: typeof folder }) => ({ name, settings });
    assert.deepEqual(allSettings([member('a', { folder }), member('b', { folder })]), { folder });
    const other = text({ default: 'there', description: 'folder of the files' });
    assert.throws(
      () => allSettings([member('a', { folder }), member('b', { folder: other })]),
      /folder.* of b/,
    );
  });
});

describe('the experiments', () => {
  it('and the estimators have the documented types that are generated from their definitions, which are up to date', async () => {
    const script = pathToFileURL(join(ROOT, 'scripts', 'config-types.mjs')).href;
    const { generatedTypes } = await import(script);
    for (const { path, text } of generatedTypes() as { path: string; text: string }[])
      assert.equal(readFileSync(path, 'utf8'), text, 'run `npm run config-types`');
    // What the definition infers, and what was generated; GROKKING and IMAGES would not compile otherwise, either.
    assert.ok(same<Parameters<typeof GROKKING.setup>[0], GrokkingConfig>(true));
    assert.ok(same<Parameters<typeof IMAGES.setup>[0], ImagesConfig>(true));
    assert.ok(
      same<Extract<RunConfig, { experiment: 'grokking' | 'images' }>, GrokkingConfig | ImagesConfig>(true),
    );
  });

  it('are found by name, and a misspelt name by the nearest', () => {
    for (const experiment of EXPERIMENTS)
      assert.equal(experimentNamed(experiment.name).name, experiment.name);
    assert.throws(() => experimentNamed('imags'), /unknown experiment 'imags'; did you mean 'images'\?/);
    assert.throws(
      () => experimentNamed('constructor'),
      /unknown experiment 'constructor'.* one of grokking, images/,
    );
  });

  it('give every recorded run the name of its file, and may go on with all that leaves it the same', () => {
    const files = readdirSync(RECORDED, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl') && !name.startsWith('grokking-estimators'))
      .map((name) => join(RECORDED, name));
    assert.ok(files.length > 60, `${files.length} records`);
    for (const file of files) {
      const { config } = readRun(file);
      const settings = config as unknown as RunSettings;
      assert.ok(file.endsWith(`/${runName(settings)}.jsonl`), file);
      // Older records lack the settings that came later.
      assert.deepEqual(completeConfig(settings), { ...withDefaults(config) }, file);
      assert.deepEqual(
        Object.keys(config).filter((key) => !(key in completeConfig(settings))),
        [],
      );
      assert.equal(
        titleOf(config),
        config['dataset'] ? `ResNet on ${config['dataset']}` : 'Modular division mod 97',
      );
    }
  });

  it('mark which settings make another run, another record of it, or neither', () => {
    const { grokking, cifar10: cosine } = PAPER;
    assert.deepEqual(changeableSettings(grokking), ['steps', 'checkpointEvery', 'tensorboard']);
    // With a cosine every learning rate depends on the number of steps.
    // The folder is of no account for a data set that is not read from one.
    assert.deepEqual(changeableSettings(cosine), ['folder', 'checkpointEvery', 'tensorboard']);
    assert.equal(runName({ ...cosine, checkpointEvery: 7 }), runName(cosine));
    assert.equal(identityOf('steps', { ...cosine }), 'run');
    assert.equal(identityOf('measureEvery', { ...cosine }), 'record');
    assert.equal(identityOf('weightDecay', { ...grokking }), 'run');
    assert.equal(identityOf('batchSize', { experiment: 'someone else’s' }), 'run');
  });
});

describe('presets', () => {
  it('are complete, and what is changed in them is checked', () => {
    assert.deepEqual(imagesPreset({ preset: 'mnist' }), SMALL.mnist);
    assert.deepEqual(imagesPreset({ preset: 'cifar100_id' }), PAPER.cifar100);
    assert.equal(imagesPreset({ preset: 'cifar10', weightDecay: 0 }).weightDecay, 0);
    assert.throws(() => imagesPreset({ preset: 'mnist', weightDecay: -1 }), /weightDecay=-1 is not allowed/);
    assert.throws(
      () => imagesPreset({ preset: 'cifar20' as 'cifar10' }),
      /^RangeError: unknown preset 'cifar20'; did you mean 'cifar10'\? It must be one of cifar10, /,
    );
  });

  it('are chosen by name: a data set alone has the defaults', () => {
    const { schedule, milestones } = imagesPreset({ dataset: 'cifar100' });
    assert.deepEqual([schedule, milestones], ['cosine', []]);
    assert.deepEqual(imagesPreset({ dataset: 'folder', folder: 'mine' }).milestones, []);
  });

  it('are the same on the command line, in a sweep and in a notebook, under names that no other has', () => {
    const words = experimentWords();
    assert.equal(new Set(words).size, words.length);
    for (const { presets, preset, name } of EXPERIMENTS as unknown as readonly Experiment<RunConfig>[]) {
      assert.deepEqual(parseRun(name, []), completeConfig({ experiment: name } as RunSettings));
      for (const word of Object.keys(presets)) {
        const config = parseRun(word, ['seed=7', 'steps=30']);
        assert.deepEqual(config, preset(word, { seed: 7, steps: 30 }));
        const axes = Object.keys(presets[word]!.grid ?? {}).filter((key) => key !== 'seed');
        const values = Object.fromEntries(axes.map((key) => [key, 0.2]));
        assert.deepEqual(parseGrid(['seed=7', 'steps=30', ...axes.map((key) => `${key}=.2`)], word), [
          preset(word, { seed: 7, steps: 30, ...values }),
        ]);
      }
    }
    assert.throws(() => parseRun('cifar1', []), /unknown experiment 'cifar1'; did you mean 'cifar10'\?/);
  });

  it('finds the records of figure 4, all 16 of them', () => {
    const cells = sweepCells(parseGrid([], 'figure4'), join(RECORDED, 'grokking'));
    assert.deepEqual(
      cells.map(({ state }) => state),
      Array(16).fill('done'),
    );
  });
});
