import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { GrokkingConfig } from '../../src/experiments/config-types';
import { GROKKING, grokkingConfig } from '../../src/experiments/grokking-config';
import { PAPER } from '../../src/experiments/presets';

const { parseOverrides, parseGrid, runName, describe: describeSettings } = GROKKING;

describe('grokkingConfig', () => {
  it('completes settings, leaves them as they are, and is at rest when applied again', () => {
    const settings = Object.freeze({ weightDecay: 0.01, milestones: [] });
    const config = grokkingConfig(settings);
    assert.equal(config.weightDecay, 0.01);
    assert.equal(config.learningRate, 1e-3);
    assert.equal('validationFraction' in config, false);
    assert.deepEqual(grokkingConfig(config), config);
  });

  const refuse = (settings: Record<string, unknown>, message: RegExp): void =>
    assert.throws(() => grokkingConfig(settings as Partial<GrokkingConfig>), { name: 'RangeError', message });

  it('refuses values outside their range, and names key, value and range', () => {
    refuse(
      { trainFraction: 1.5 },
      /^trainFraction=1\.5 is not allowed: it must be greater than 0 and less than 1$/,
    );
    refuse(
      { trainFraction: Number.NaN },
      /^trainFraction=NaN is not allowed: it must be a number greater than 0/,
    );
    refuse({ weightDecay: -1 }, /^weightDecay=-1 is not allowed: it must be between 0 and 10$/);
    refuse(
      { steps: 2.5 },
      /^steps=2\.5 is not allowed: it must be a whole number between 1 and 1,000,000,000$/,
    );
    refuse({ steps: '100' }, /^steps='100' is not allowed: it must be a whole number/);
    refuse({ steps: null }, /^steps=null is not allowed/);
    refuse(
      { task: 'product' },
      /^task=product is not allowed: it must be one of division, subtraction, sum, permutation/,
    );
    refuse({ steps: 0, dropoutRate: 1 }, /^steps=0 is not allowed: .*; dropoutRate=1 is not allowed: /);
  });

  it('refuses settings that do not go together', () => {
    refuse({ prime: 98 }, /^prime=98 is not prime: the nearest are 97 or 101$/);
    refuse({ nHead: 3 }, /^nEmbd=128 is not a multiple of nHead=3$/);
    refuse(
      { trainFraction: 0.6, validationFraction: 0.5 },
      /^validationFraction=0\.5 overlaps trainFraction=0\.6/,
    );
    refuse(
      { milestones: [20, 10] },
      /^milestones=20,10 is not allowed: .* each greater than the one before$/,
    );
    assert.equal(grokkingConfig({ task: 'permutation', prime: 98 }).prime, 98);
    assert.equal(grokkingConfig({ trainFraction: 0.7, validationFraction: 0.3 }).validationFraction, 0.3);
  });

  it('refuses the settings of another experiment', () => {
    refuse({ experiment: 'images' }, /^these are the settings of the experiment grokking, not of images$/);
  });

  it('does not share its lists', () => {
    grokkingConfig().milestones.push(1);
    assert.deepEqual(grokkingConfig().milestones, []);
  });

  it('refuses unknown keys, and names the nearest', () => {
    refuse({ wieghtDecay: 0 }, /^unknown setting 'wieghtDecay'; did you mean 'weightDecay'\?$/);
    refuse({ learning_rate: 0 }, /did you mean 'learningRate'\?/);
    refuse({ constructor: 0 }, /unknown setting 'constructor'/);
  });
});

describe('parseOverrides', () => {
  it('reads numbers as people write them, choices and lists', () => {
    assert.deepEqual(
      parseOverrides([
        'trainFraction=.3',
        'weightDecay=1e-2',
        'task=sum',
        'steps=4000',
        'milestones=100,200',
      ]),
      { trainFraction: 0.3, weightDecay: 0.01, task: 'sum', steps: 4000, milestones: [100, 200] },
    );
    assert.deepEqual(parseOverrides(['milestones=']), { milestones: [] });
    assert.deepEqual(parseOverrides([]), {});
  });

  it('gives back any settings that were written as words', () => {
    const settings = fc.record(
      {
        trainFraction: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        weightDecay: fc.double({ min: 0, max: 10, noNaN: true }).filter((x) => !Object.is(x, -0)),
        seed: fc.nat(),
        schedule: fc.constantFrom('constant', 'warmup', 'cosine', 'multi-step'),
        milestones: fc
          .uniqueArray(fc.integer({ min: 1, max: 1e6 }))
          .map((list) => list.sort((a, b) => a - b)),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(settings, (given) => {
        const words = Object.entries(given).map(([key, value]) => `${key}=${value}`);
        assert.deepEqual(parseOverrides(words), { ...given });
      }),
    );
  });

  it('refuses what is not a setting, unknown keys, bad values, and a key that is given twice', () => {
    assert.throws(
      () => parseOverrides(['weightDecay']),
      /^RangeError: 'weightDecay' is not of the form key=value, such as seed=1$/,
    );
    assert.throws(() => parseOverrides(['=3']), /'=3' is not of the form key=value/);
    assert.throws(
      () => parseOverrides(['dropout=.1']),
      /unknown setting 'dropout'; did you mean 'dropoutRate'\?/,
    );
    assert.throws(
      () => parseOverrides(['steps=many']),
      /steps=many is not allowed: it must be a whole number/,
    );
    assert.throws(() => parseOverrides(['steps=']), /steps= is not allowed/);
    assert.throws(() => parseOverrides(['steps=Infinity']), /steps=Infinity is not allowed/);
    assert.throws(
      () => parseOverrides(['milestones=1,x']),
      /milestones=1,x is not allowed: it must be a list of whole numbers/,
    );
    assert.throws(() => parseOverrides(['seed=1', 'seed=2']), /seed is given twice/);
  });
});

describe('parseGrid', () => {
  it('makes the 16 panels of the paper, the last key varying fastest', () => {
    const cells = parseGrid(['trainFraction=.15,.2,.25,.3', 'weightDecay=0,1e-4,1e-3,1e-2', 'steps=10']);
    assert.equal(cells.length, 16);
    assert.deepEqual(
      cells.map(({ trainFraction, weightDecay }) => [trainFraction, weightDecay]),
      PAPER.grokkingGrid.trainFraction.flatMap((p) => PAPER.grokkingGrid.weightDecay.map((wd) => [p, wd])),
    );
    assert.ok(cells.every(({ steps }) => steps === 10));
    assert.equal(new Set(cells.map(runName)).size, 16);
  });

  it('leaves the commas of a list to the list', () => {
    assert.deepEqual(
      parseGrid(['milestones=10,20']).map(({ milestones }) => milestones),
      [[10, 20]],
    );
  });

  it('checks every cell, and refuses a value that is given twice', () => {
    assert.throws(() => parseGrid(['prime=97,98']), /prime=98 is not prime/);
    assert.throws(() => parseGrid(['seed=1,2,1.0']), /seed has the value 1 twice/);
  });
});

describe('runName', () => {
  it('names what differs from the defaults, and not the length of the run', () => {
    assert.equal(runName({}), 'grokking');
    assert.equal(runName({ weightDecay: 1e-2, steps: 100 }), 'grokking-weightDecay0.01');
    assert.equal(runName({ seed: 1, trainFraction: 0.2 }), 'grokking-trainFraction0.2-seed1');
    assert.equal(runName({ milestones: [1, 2] }), 'grokking-milestones1+2');
  });

  it('has the steps in it where the schedule depends on them', () => {
    assert.equal(runName({ schedule: 'cosine', steps: 100 }), 'grokking-steps100-schedulecosine');
  });
});

describe('describeSettings', () => {
  it('lists every key with its default, its meaning and its range', () => {
    const help = describeSettings();
    for (const key of Object.keys(grokkingConfig({ validationFraction: 0.1 }))) {
      if (key === 'experiment') continue;
      assert.match(help, new RegExp(`^ {2}${key}=\\S* +\\S.*; \\S`, 'm'));
    }
    assert.match(
      help,
      /weightDecay=0 +L2 penalty: this factor times the weights is added to the gradient; a number between 0 and 10/,
    );
    assert.doesNotMatch(help, /undefined/);
  });
});

describe('PAPER', () => {
  it('is what the defaults are, so that a run without settings is the paper’s', () => {
    assert.deepEqual(PAPER.grokking, grokkingConfig());
  });

  it('has a value of figure 4 for each panel, 13 of which grok', () => {
    const { grokkingGrid: grid, grokkingHalfSteps: half } = PAPER;
    const values = grid.trainFraction.flatMap((p) => grid.weightDecay.map((wd) => half[`${p}`]![`${wd}`]));
    assert.equal(values.length, 16);
    assert.ok(values.every((value) => value !== undefined));
    assert.equal(values.filter((value) => value !== null).length, 13);
  });
});
