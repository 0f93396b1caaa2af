import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recommendations } from '../../src/analysis/recommendation';
import { dimensionClasses, trialCells, trialSummaries } from '../../src/analysis/trial-summary';
import { tableBundle } from '../../src/figures/table';
import { recommendationTable } from '../../src/figures/trial-tables';
import type { ManifoldName } from '../../src/intrinsic-dimension/manifolds/manifold';
import type { Trial, TrialEstimator } from '../../src/intrinsic-dimension/trials';
import { recordedTrials } from '../../src/records/trial-record';

/** Six manifolds of dimension 10, or of others. */
const NAMES: readonly ManifoldName[] = [
  'M1_Sphere',
  'M10a_Cubic',
  'Mbeta',
  'M6_Nonlinear',
  'Mp2_Paraboloid',
  'Mp3_Paraboloid',
];

/** A trial whose relative error is given; its interval reaches a tenth of the dimension to both sides. */
function trial(
  estimator: TrialEstimator,
  manifold: ManifoldName,
  seed: number,
  error: number,
  more = {},
): Trial {
  const dimension = 10;
  const value = dimension * (1 + error);
  return {
    estimator,
    manifold,
    points: 100,
    seed,
    dimension,
    ms: 50,
    cpuMs: 5,
    value,
    lower: value - 1,
    upper: value + 1,
    ...more,
  };
}

describe('a summary of trials', () => {
  it('has error, bias, spread, coverage and time of each manifold, and their means', () => {
    const cells = trialCells([
      trial('two-nn', 'M1_Sphere', 0, 0.05, { cpuMs: 1 }),
      trial('two-nn', 'M1_Sphere', 1, -0.15, { cpuMs: 3 }),
      trial('two-nn', 'Mbeta', 0, -0.4, { cpuMs: 10 }),
      trial('two-nn', 'Mbeta', 1, -0.4, { cpuMs: 20 }),
    ]);
    const close = (found: number | undefined, expected: number): void =>
      assert.ok(Math.abs(found! - expected) < 1e-12, `${found}, not ${expected}`);
    const [sphere, beta] = cells;
    close(sphere!.error, 0.1);
    close(sphere!.bias, -0.05);
    close(sphere!.spread, Math.SQRT2 * 0.1);
    assert.deepEqual([sphere!.coverage, sphere!.cpuMs, sphere!.seeds], [0.5, 2, 2]);
    assert.deepEqual([beta!.coverage, beta!.cpuMs], [0, 15]);
    const [row] = trialSummaries(cells);
    close(row!.error, 0.25);
    close(row!.bias, -0.225);
    close(row!.spread, Math.SQRT1_2 * 0.1);
    assert.deepEqual([row!.coverage, row!.cpuMs, row!.manifolds, row!.failed], [0.25, 8.5, 2, 0]);
  });

  it('has no mean over manifolds where one has no value', () => {
    const none = { value: null, reason: 'none', lower: undefined, upper: undefined };
    const [row] = trialSummaries(
      trialCells([trial('two-nn', 'M1_Sphere', 0, 0), trial('two-nn', 'Mbeta', 0, 0, none)]),
    );
    assert.deepEqual(
      [row!.error, row!.bias, row!.coverage, row!.failed],
      [undefined, undefined, undefined, 1],
    );
  });

  it('names classes of dimensions after those that occur', () => {
    const dimensions = [1, 4, 10, 20, 70];
    const trials = dimensions.map((dimension, i) => trial('two-nn', NAMES[i]!, 0, 0, { dimension }));
    assert.deepEqual(
      dimensionClasses(trialCells(trials)).map(({ name }) => name),
      ['1 to 4', '10', '20 to 70'],
    );
  });
});

describe('a recommendation', () => {
  const trials = NAMES.flatMap((name, i) => [
    trial('two-nn', name, 0, -0.02 - 0.01 * (i % 2), { cpuMs: 9 }),
    // Better on some manifolds, worse on others.
    trial('gride', name, 0, i % 2 ? 0.04 : 0.015, { cpuMs: 2 }),
    // Right on flat surfaces only.
    trial('pca', name, 0, 0.001),
    trial('mom', name, 0, 0.2),
    // Its interval holds the dimension always, and it is far off.
    trial('correlation', name, 0, -0.3, { lower: 5, upper: 11, cpuMs: 1 }),
    // Not tried on all manifolds.
    ...(i > 0 ? [trial('danco', name, 0, 0)] : []),
  ]);

  it('is the smallest mean error, and those that cannot be told from it, over manifolds', () => {
    const [any, ten, ...more] = recommendations(trials);
    assert.equal(more.length, 0);
    assert.deepEqual([any!.dimensions, ten!.dimensions, any!.points], ['any', '10', 100]);
    assert.equal(any!.best.estimator, 'two-nn');
    assert.deepEqual(
      any!.asGood.map(({ estimator }) => estimator),
      ['two-nn', 'gride'],
    );
    assert.equal(any!.linear!.estimator, 'pca');
    assert.equal(any!.fastest.estimator, 'gride');
    assert.equal(any!.surest.estimator, 'two-nn');
    assert.deepEqual(any!.untried, ['danco']);
  });

  it('has no row for a few manifolds, which do not tell', () => {
    const few = trials.filter(({ manifold }) => NAMES.indexOf(manifold) < 3);
    assert.deepEqual(recommendations(few), []);
  });

  it('stands in the documentation as the record says', () => {
    const { caption, ...contents } = recommendationTable(recordedTrials().trials);
    assert.ok(caption);
    const expected = tableBundle(contents)['text/markdown'] as string;
    const page = readFileSync(join(__dirname, '..', '..', 'docs', 'estimators.md'), 'utf8');
    assert.ok(page.includes(expected), `docs/estimators.md must have this table:\n\n${expected}\n`);
  });

  it('is put into sentences that the record bears out', () => {
    const { trials } = recordedTrials();
    const cells = trialCells(trials);
    const of = (dimensions: string) =>
      recommendations(trials).find((row) => row.points === 1000 && row.dimensions === dimensions)!;
    const [any, low, high] = [of('any'), of('1 to 4'), of('17 to 70')];
    assert.equal(any.best.estimator, 'two-nn corrected');
    // All manifolds, and those that are like no family of the calibration.
    const families = ['M1_Sphere', 'M4_Nonlinear', 'M6_Nonlinear', 'M8_Nonlinear', 'M9_Affine', 'M12_Norm'];
    for (const known of [[], families]) {
      const rows = trialSummaries(
        cells.filter(({ points, manifold }) => points === 1000 && !known.includes(manifold)),
      ).filter(({ manifolds }) => manifolds === 24 - known.length);
      const corrected = rows.find(({ estimator }) => estimator === 'two-nn corrected')!;
      for (const { estimator, error, coverage } of rows) {
        if (estimator === corrected.estimator) continue;
        assert.ok((error ?? 1) > corrected.error!, `${estimator}: error ${error}`);
        assert.ok((coverage ?? 0) < 0.95, `${estimator}: coverage ${coverage}`);
      }
      assert.ok(corrected.coverage! >= 0.95, `coverage ${corrected.coverage}`);
    }
    for (const estimator of ['two-nn', 'two-nn-mle', 'gride'] as const) {
      const [row] = trialSummaries(
        cells.filter((cell) => cell.points === 1000 && cell.dimension <= 4 && cell.estimator === estimator),
      );
      assert.ok(row!.error! < 0.06, `${estimator}: ${row!.error}`);
    }
    assert.ok(low.asGood.some(({ estimator }) => estimator === 'two-nn'));
    assert.deepEqual(high.asGood.map(({ estimator }) => estimator).sort(), ['danco', 'ess']);
    assert.equal(high.linear!.estimator, 'participation-ratio');
    assert.ok(high.linear!.error! < 0.05 && low.linear!.error! > 0.3);
  });
});
