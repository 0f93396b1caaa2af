import assert from 'node:assert/strict';
import type { FromNeighbours } from '../../../src/intrinsic-dimension/estimators/estimator';
import { estimatorOf } from '../../../src/intrinsic-dimension/estimators/registry';
import { embed, flatTorus, gaussian, swissRoll } from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { flatRows, type Rows } from '../../../src/intrinsic-dimension/points/points';
import { type Metric, space } from '../../../src/intrinsic-dimension/points/space';
import { gaussianLike } from '../../../src/intrinsic-dimension/report/gaussian-null';
import {
  compareWithNulls,
  type NullComparison,
  pointsForNulls,
} from '../../../src/intrinsic-dimension/report/nulls';
import { mulberry32, normals } from '../../../src/random';

interface Matrix {
  readonly data: Float64Array;
  readonly shape: readonly [number, number];
}

async function compared(
  set: Matrix,
  seed = 0,
  metric: Metric = 'euclidean',
): Promise<Record<NullComparison['name'], NullComparison>> {
  const estimator = estimatorOf({}) as FromNeighbours;
  const options = { name: 'two-nn', estimator, metric, level: 0.95, seed };
  const models = await compareWithNulls(await space(set, { metric }), options);
  return Object.fromEntries(models.map((model) => [model.name, model])) as never;
}

/** The mean of each column, and the covariance of each pair of columns. */
function moments({ n, d, row }: Rows): { mean: Float64Array; covariance: Float64Array } {
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let c = 0; c < d; c++) mean[c]! += row(i)[c]! / n;
  const found = new Float64Array(d * d);
  for (let i = 0; i < n; i++)
    for (let a = 0; a < d; a++)
      for (let b = 0; b < d; b++)
        found[a * d + b]! += ((row(i)[a]! - mean[a]!) * (row(i)[b]! - mean[b]!)) / n;
  return { mean, covariance: found };
}

/** Normal points with a covariance of falling eigenvalues, turned. */
function normalPoints(points: number, dimension: number, seed: number): Matrix {
  const set = gaussian({ points, dimension, seed });
  const data = set.data.map((x, p) => x * 0.9 ** (p % dimension));
  return embed({ ...set, data }, { coordinates: dimension, seed: seed + 1 });
}

describe('null models', function () {
  this.timeout(120_000);

  for (const [n, d] of [
    [300, 8],
    [20, 30],
    [12, 12],
  ] as const) {
    it(`of ${n} normal points have exactly the mean and covariance of ${n} points in ${d} coordinates`, async () => {
      const { data } = gaussian({ points: n, dimension: d, seed: 1 });
      for (let i = 0; i < n; i++) data[i * d + 1] = 2 * data[i * d]! + 5; // without full rank
      const made = await gaussianLike(flatRows(data, n, d), normals(mulberry32(2)), {});
      const [given, found] = [moments(flatRows(data, n, d)), moments(made)];
      const largest = Math.max(...given.covariance);
      // Products are float32: 6e-8 each.
      for (const [p, each] of given.covariance.entries())
        assert.ok(Math.abs(found.covariance[p]! - each) < 3e-6 * largest, `${found.covariance[p]} ${each}`);
      for (const [c, each] of given.mean.entries())
        assert.ok(Math.abs(found.mean[c]! - each) < 1e-6 * Math.sqrt(largest), `${found.mean[c]} ${each}`);
      assert.ok(Math.abs(made.row(0)[0]! - data[0]!) > 1e-3, 'other points');
    });
  }

  it('cannot be told from normal points, also with few points in many coordinates', async () => {
    let told = 0;
    for (const [s, [points, dimension]] of [
      [300, 5],
      [300, 20],
      [300, 100],
      [150, 200],
      [400, 3],
      [400, 50],
    ].entries()) {
      const { 'same covariance': normal } = await compared(normalPoints(points!, dimension!, 10 + s), s);
      if (normal.told) told++;
      else
        assert.match(
          normal.text,
          /cannot tell the points from normal points with the same mean and covariance: (two-nn|gride) .* \(the difference is within chance at level 0\.99\)\.$/,
        );
    }
    // One in 100 may be told by chance: two of six in one of 700 runs.
    assert.ok(told <= 1, `${told} of 6`);
  });

  it('cannot be told from normal directions around one of them: the mean is the same, too', async () => {
    const { data, shape } = gaussian({ points: 500, dimension: 5, seed: 3 });
    const around = { data: data.map((x, p) => (p % 5 === 0 ? x + 40 : x)), shape };
    const { 'same covariance': normal } = await compared(around, 1, 'cosine');
    assert.equal(normal.told, false, normal.text);
  });

  it('cannot be told from points with independent columns by shuffling them', async () => {
    const set = gaussian({ points: 400, dimension: 6, seed: 4 });
    const { 'shuffled columns': model } = await compared({ ...set, data: set.data.map(Math.exp) });
    assert.equal(model.told, false, model.text);
  });

  it('are told from surfaces', async () => {
    for (const set of [
      swissRoll({ points: 400, seed: 5 }),
      embed(flatTorus({ points: 400, dimension: 2, seed: 6 }), { coordinates: 20 }),
    ]) {
      const models = await compared(set);
      assert.ok(
        models['same covariance'].told && models['shuffled columns'].told,
        models['same covariance'].text,
      );
      const [scale] = models['same covariance'].scales;
      assert.ok(scale!.data.value < 2.5 && scale!.model.value > scale!.data.value);
      assert.match(
        models['same covariance'].text,
        /\d\.\d\d \(\d.* \.\. .*\) on the points and .* standard errors apart/,
      );
    }
  });

  it('show that points of full dimension look as noise does, and a plane does not', async () => {
    const full = await compared(gaussian({ points: 400, dimension: 4, seed: 7 }));
    assert.equal(full['added noise'].told, false);
    const plane = await compared(
      embed(gaussian({ points: 400, dimension: 2, seed: 8 }), { coordinates: 30 }),
    );
    assert.equal(plane['added noise'].told, true);
  });

  it('are made of fewer points where the columns are many', () => {
    assert.equal(pointsForNulls(10_000, 512), 10_000);
    assert.ok(pointsForNulls(10_000, 65_536) < 400);
    assert.ok(pointsForNulls(10_000, 4096) > 1000);
  });
});
