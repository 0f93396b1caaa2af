import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { idDecimation } from '../../src/intrinsic-dimension/decimation';
import { type IdOptions, intrinsicDimension } from '../../src/intrinsic-dimension/intrinsic-dimension';
import { localId } from '../../src/intrinsic-dimension/local-id';
import { space } from '../../src/intrinsic-dimension/points/space';
import { idReport } from '../../src/intrinsic-dimension/report/report';
import { idScale } from '../../src/intrinsic-dimension/scale';
import { mulberry32 } from '../../src/random';

/** What DADApy gives, made by reference.py. */
const SETS: Record<
  string,
  {
    points: number[][];
    period: number | number[];
    gride: { n1: number; n2: number; value: number }[];
    binomial: number;
    nearest: number[];
  }
> = JSON.parse(readFileSync(join(__dirname, '../fixtures/period/period.json'), 'utf8'));

function uniform(n: number, d: number, side: number, seed: number): number[][] {
  const random = mulberry32(seed);
  return Array.from({ length: n }, () => Array.from({ length: d }, () => side * random()));
}

/** The distances the short way around, by definition. */
function distancesAround(points: number[][], period: number[]): number[][] {
  return points.map((a) =>
    points.map((b) =>
      Math.hypot(
        ...a.map((x, c) => {
          const apart = x - b[c]!;
          return period[c]! > 0 ? apart - period[c]! * Math.round(apart / period[c]!) : apart;
        }),
      ),
    ),
  );
}

describe('period', () => {
  for (const [name, { points, period, gride, binomial, nearest }] of Object.entries(SETS)) {
    it(`gives DADApy's values within 1e-9: ${name}`, async () => {
      const given = name.startsWith('float32')
        ? ({ data: Float32Array.from(points.flat()), shape: [points.length, points[0]!.length] } as const)
        : points;
      const check = async (options: IdOptions, expected: number): Promise<void> => {
        const { value } = await intrinsicDimension(given, { period, ...options });
        assert.ok(
          Math.abs(value / expected - 1) <= 1e-9,
          `${JSON.stringify(options)}: ${value} instead of ${expected}`,
        );
      };
      for (const { n1, n2, value } of gride) {
        await check({ estimator: 'gride', n1, n2, finite: true, filter: true }, value);
      }
      await check({ estimator: 'binomial' }, binomial);
      const { distances, n } = await (await space(given, { period })).neighbours(5, {});
      assert.equal(n, nearest.length);
      for (const [i, expected] of nearest.entries())
        assert.ok(Math.abs(distances[5 * i + 4]! - expected) <= 1e-9 * expected, `point ${i}`);
    });
  }

  it('finds the same neighbours as all distances do, in many columns and with a column that does not repeat', async () => {
    for (const [n, d] of [
      [200, 2],
      [120, 30],
    ] as const) {
      const points = uniform(n, d, 1, d).map((row) => row.map((x, c) => (c === 0 ? x * 7 - 20 : x)));
      const period = [0, ...new Array<number>(d - 1).fill(1)];
      const distances = distancesAround(points, period);
      for (const estimator of ['two-nn', 'mackay-ghahramani', 'correlation', 'ph0', 'danco'] as const) {
        const { value, standardError } = await intrinsicDimension(points, { estimator, period });
        const expected = await intrinsicDimension({ distances }, { estimator });
        assert.ok(Math.abs(value / expected.value - 1) <= 1e-9, `${estimator}, ${d} columns`);
        assert.ok(Math.abs(standardError / expected.standardError - 1) <= 1e-6, `error of ${estimator}`);
      }
    }
  });

  it('sees no border: the dimension of a square that repeats is 2, with points anywhere', async () => {
    let sum = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const points = uniform(400, 2, 1, seed);
      const { value } = await intrinsicDimension(points, { estimator: 'mackay-ghahramani', period: 1 });
      sum += value / 10;
      const moved = points.map(([x, y]) => [x! + 17, y! - 3]);
      const { value: again } = await intrinsicDimension(moved, {
        estimator: 'mackay-ghahramani',
        period: [1, 1],
      });
      // x + 17 loses four bits.
      assert.ok(Math.abs(again / value - 1) < 1e-9);
    }
    // The spread of one value is .07 at k = 20, so that the mean is within .07 in 998 of 1000 trials; with borders it is 1.87.
    assert.ok(Math.abs(sum - 2) < 0.07, `${sum}`);
  });

  it('counts points a period apart as equal, and goes through scales, parts, points and subsamples', async () => {
    const points = uniform(200, 2, 1, 3);
    const again = [...points, ...points.slice(0, 40).map(([x, y]) => [x! + 4, y! - 8])].map((row) =>
      row.map((x) => Math.round(x * 2 ** 20) / 2 ** 20),
    );
    const { duplicates, points: n } = await intrinsicDimension(again, { period: 1 });
    assert.deepEqual([duplicates, n], [40, 200]);
    assert.ok((await idScale(points, { period: 1 })).curve.length > 5);
    assert.ok((await idDecimation(points, { period: 1 })).curve.length > 1);
    assert.equal(
      (await localId(points, { estimator: 'two-nn', neighbourhood: 30, period: 1 })).values.length,
      200,
    );
    const { subsamples } = await intrinsicDimension(points, { period: 1, subsamples: {} });
    assert.equal(subsamples!.values.length, 20);
  });

  it('is refused where it is not read', async () => {
    const points = uniform(50, 3, 1, 1);
    const cases: [Parameters<typeof intrinsicDimension>[0], IdOptions, RegExp][] = [
      [points, { period: [1, 1] }, /period has 2 numbers for 3 columns: give one a column/],
      [points, { period: 0 }, /period must be a number above 0, or a list with one number a column .* got 0/],
      [points, { period: [1, -1, 1] }, /period must be a number above 0, .* got \[1,-1,1\]/],
      [points, { period: 1, metric: 'cosine' }, /directions do not repeat: leave period out/],
      [points, { period: 1, estimator: 'pca' }, /pca needs coordinates that do not repeat, got a period/],
      [
        { distances: distancesAround(points, [1, 1, 1]) },
        { period: 1 },
        /period needs coordinates, got distances/,
      ],
    ];
    for (const [given, options, message] of cases)
      await assert.rejects(intrinsicDimension(given, options), message);
    await assert.rejects(idReport(points, { period: 1 } as object), /has no option period/);
  });
});
