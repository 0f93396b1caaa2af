import { strict as assert } from 'node:assert';
import { ESTIMATOR_OPTIONS, ESTIMATORS } from '../../../src/intrinsic-dimension/estimators/registry';
import { type IdOptions, intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import { localId } from '../../../src/intrinsic-dimension/local-id';
import { cube } from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { NoEstimateError } from '../../../src/intrinsic-dimension/no-estimate';
import { idScale } from '../../../src/intrinsic-dimension/scale';

const rows = (n: number, of: (i: number) => number[]): number[][] =>
  Array.from({ length: n }, (_, i) => of(i));
const grid = (i: number): number[] => [i % 12, Math.floor(i / 12)];

/** Enough for estimators that look at 100 neighbours. */
const SIZE = 104;

/** Points of which many estimators can tell nothing, as those of a dead or a saturated layer. */
const DEGENERATE: Readonly<Record<string, number[][]>> = {
  'all equal': rows(SIZE, () => [1, 2, 3]),
  'all equal but one': rows(SIZE, (i) => [i === 7 ? 2 : 1, 0, 0]),
  '3 distinct': rows(SIZE, (i) => [i % 3, (i % 3) ** 2, 1]),
  'on a grid': rows(SIZE, grid),
  'mostly on a grid': rows(SIZE, (i) =>
    i % 6 === 0 ? grid(i).map((x, c) => x + 0.3 * Math.sin(i + c)) : grid(i),
  ),
  'on a line at equal distances': rows(SIZE, (i) => [i, 2 * i, 0]),
  'all at the same distance': rows(SIZE, (i) => Array.from({ length: SIZE }, (_, c) => (c === i ? 1 : 0))),
  'on one axis': rows(SIZE, (i) => [Math.sin(i * i), 0, 0]),
  'a staircase of bits': rows(41, (i) => Array.from({ length: 40 }, (_, c) => (c < i ? 1 : 0))),
  '3 points of 1 coordinate': [[0], [1], [3]],
  '3 points of 2 coordinates': [
    [0, 0],
    [1, 0],
    [0, 3],
  ],
  '3 points of 5 coordinates': [
    [0, 0, 1, 2, 3],
    [1, 0, 4, 2, 1],
    [0, 3, 1, 1, 5],
  ],
  '4 points': [
    [0, 0],
    [1, 0],
    [0, 3],
    [2, 2],
  ],
};

/** Each estimator with its defaults, and with every word and flag of its options. */
function variants(estimator: (typeof ESTIMATORS)[number]): IdOptions[] {
  const own = ESTIMATOR_OPTIONS.filter(({ estimators }) => estimators.includes(estimator));
  const changed = own.flatMap(({ name, words, default: byDefault }) => {
    const values = words?.slice(1) ?? (byDefault === false ? [true] : []);
    return values.map((value) => ({ estimator, [name]: value }) as IdOptions);
  });
  return [{ estimator }, ...changed];
}

describe('points without an estimate', () => {
  for (const estimator of ESTIMATORS) {
    it(`${estimator} gives them a finite estimate or a NoEstimateError`, async () => {
      let estimates = 0;
      for (const options of variants(estimator)) {
        for (const [name, points] of Object.entries(DEGENERATE)) {
          const what = `${JSON.stringify(options)} of points ${name}`;
          try {
            const { value, standardError } = await intrinsicDimension(points, options);
            // More than the squared number of coordinates would come from a division by rounding.
            const estimated = `${what}: ${value} ± ${standardError}`;
            assert.ok(value >= 0 && value <= SIZE ** 2 && standardError >= 0, estimated);
            estimates++;
          } catch (error) {
            assert.ok(error instanceof NoEstimateError, `${what}: ${error}`);
            assert.ok(error.reason.length > 0 && error.cure.length > 0, what);
          }
        }
      }
      assert.ok(estimates > 0, 'every one of the sets was refused');
    });
  }

  it('differ from options that no points could have an estimate with, which are errors of their own', async () => {
    const points = cube({ points: 60, dimension: 2, seed: 1 });
    const duplicated = rows(120, (i) => [i % 3, (i % 3) ** 2]);
    const cases: [IdOptions, RegExp][] = [
      [{ discardFraction: 0.99 }, /discardFraction 0.99 keeps 0 of 60 distinct points, and 1 are needed/],
      [{ estimator: 'two-nn-mle', discardFraction: 0.98 }, /keeps 1 of 60 distinct points, and 2 are needed/],
      [{ estimator: 'ph0', most: 40 }, /most must be at least 48 for 8 sizes, got 40/],
      [{ subsamples: { fraction: 0.01 } }, /a subsample of 0.01 of 60 points has 0/],
    ];
    for (const [options, message] of cases) {
      await assert.rejects(intrinsicDimension(points, options), (error: Error) => {
        assert.match(error.message, message);
        return !(error instanceof NoEstimateError);
      });
    }
    // The option is right for 120 points; that only 3 of them are distinct is the points' matter.
    await assert.rejects(intrinsicDimension(duplicated, { discardFraction: 0.9 }), NoEstimateError);
    await assert.rejects(
      intrinsicDimension(duplicated, { discardFraction: 0.7, subsamples: { fraction: 1 } }),
      NoEstimateError,
    );
  });

  it('are named by localId with the row in whose neighbourhood they lie', async () => {
    const { data } = cube({ points: 200, dimension: 2, seed: 1 });
    const points = rows(350, (i) =>
      i < 200 ? [data[2 * i]!, data[2 * i + 1]!] : [5 + (i % 12), Math.floor(i / 12)],
    );
    await assert.rejects(
      localId(points, { estimator: 'two-nn', neighbourhood: 20 }),
      (error) => error instanceof NoEstimateError && /in the neighbourhood of row 2\d\d: /.test(error.reason),
    );
  });
});

describe('idScale', () => {
  it('gives the scales that have an estimate where the smallest are tied, and names the others', async () => {
    // Rounded to a grid of 60 x 60, the nearest neighbours of most points are tied, and the far ones are not.
    const { data } = cube({ points: 2000, dimension: 2, seed: 4 });
    const rounded = rows(2000, (i) => [Math.round(60 * data[2 * i]!), Math.round(60 * data[2 * i + 1]!)]);
    const { curve, missing } = await idScale(rounded, { maxNeighbour: 64 });
    assert.deepEqual([missing[0]!.n1, missing[0]!.n2], [1, 2]);
    assert.match(missing[0]!.reason, /same distance, as on a lattice/);
    assert.deepEqual(
      [...missing, ...curve].map(({ n1 }) => n1),
      [1, 2, 4, 8, 16, 32],
    );
    assert.ok(Math.abs(curve.at(-1)!.value - 2) < 0.2, `${curve.at(-1)!.value}`);
    await assert.rejects(
      idScale(
        rows(50, (i) => [i]),
        { maxNeighbour: 2 },
      ),
      NoEstimateError,
    );
  });
});
