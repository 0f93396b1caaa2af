import { strict as assert } from 'node:assert';
import { correlation, correlationText, partialCorrelation, pearson } from '../../src/analysis/correlation';
import { mulberry32, normals } from '../../src/random';

const normal = normals(mulberry32(7));
const sample = (n: number): number[] => Array.from({ length: n }, normal);

describe('correlation', () => {
  it('draws whole groups: copies of a pair tell no more than the pair alone', () => {
    const [x, noise] = [sample(20), sample(20)];
    const y = x.map((value, i) => value + noise[i]!);
    const alone = correlation(x, y, { block: 1 });
    const [xs, ys] = [x, y].map((values) => values.flatMap((value) => [value, value, value]));
    const groups = x.flatMap((_, i) => [i, i, i]);
    const copied = correlation(xs!, ys!, { groups });
    assert.equal(copied.n, 60);
    assert.equal(copied.groups, 20);
    // Sums in another order: 60 additions of numbers about 1 in float64.
    for (const [a, b] of [
      [copied.r, alone.r],
      [copied.interval.lower, alone.interval.lower],
      [copied.interval.upper, alone.interval.upper],
    ] as const)
      assert.ok(Math.abs(a - b) < 1e-12, `${a}, ${b}`);
    const asIfIndependent = correlation(xs!, ys!, { block: 1 });
    const width = ({ interval }: typeof copied): number => interval.upper - interval.lower;
    assert.ok(width(asIfIndependent) < 0.8 * width(copied));
    assert.match(correlationText(copied), /, 60 runs of 20 settings$/);
    assert.match(correlationText(alone), /, 20 runs$/);
  });

  it('refuses fewer than 4 pairs or groups, and samples that do not fit together', () => {
    assert.throws(() => correlation([1, 2, 3], [1, 2, 3]), /at least 4 observations/);
    assert.throws(() => correlation([1, 2, 3, 4], [1, 2, 3]), /at least 4 observations.* got 4, 3/);
    assert.throws(
      () => correlation([1, 2, 3, 4], [1, 2, 3, 5], { groups: [1, 1, 2, 3] }),
      /at least 4 groups, got 3/,
    );
    assert.throws(() => correlation([1, 2, 3, 4], [1, 2, 3, 5], { groups: [1, 1] }), /got 4, 4, 2/);
  });
});

describe('partialCorrelation', () => {
  it('is Pearson’s r of what is left of both when the third is taken away by least squares', () => {
    const z = sample(50);
    const [x, y] = [sample(50), sample(50)].map((noise) => noise.map((value, i) => value + 2 * z[i]!)) as [
      number[],
      number[],
    ];
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const left = (values: number[]): number[] => {
      const [mz, mv] = [mean(z), mean(values)];
      const covariance = mean(values.map((value, i) => (value - mv) * (z[i]! - mz)));
      const slope = covariance / mean(z.map((value) => (value - mz) ** 2));
      return values.map((value, i) => value - mv - slope * (z[i]! - mz));
    };
    const { r, interval } = partialCorrelation(x, y, z, { block: 1 });
    // 50 additions of numbers about 1, and a division by 1 - r^2 of 0.2: float64 leaves 12 digits.
    assert.ok(Math.abs(r - pearson(left(x), left(y))) < 1e-12);
    assert.ok(pearson(x, y) > 0.6);
    // x and y share nothing but z: 4 standard errors of r, which are 1 / sqrt(n).
    assert.ok(Math.abs(r) < 4 / Math.sqrt(50), `${r}`);
    assert.ok(interval.lower < r && interval.upper > r);
  });

  it('is undefined where the third is the first', () => {
    const x = sample(10);
    assert.ok(!Number.isFinite(partialCorrelation(x, sample(10), x, { block: 1 }).r));
  });
});
