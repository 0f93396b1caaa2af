import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import type { FromNeighbours } from '../../../src/intrinsic-dimension/estimators/estimator';
import { TWO_NN } from '../../../src/intrinsic-dimension/estimators/two-nn';
import { intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import { cube, embed, flatTorus } from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { space } from '../../../src/intrinsic-dimension/points/space';
import type { NeighbourTable } from '../../../src/intrinsic-dimension/search/neighbour-table';
import {
  depthForSubsamples,
  drawSubsamples,
  estimateSubsamples,
} from '../../../src/intrinsic-dimension/subsamples';
import { loadBackend } from '../../../src/runtime/backend';
import { readNpy } from '../golden';

describe('TwoNN', () => {
  before(async () => {
    await loadBackend();
  });

  it('finds dimension 2 on a plane in R^20, and its interval holds 2', async () => {
    const plane = embed(cube({ points: 2000, dimension: 2, seed: 1 }), { coordinates: 20, seed: 2 });
    const { value, interval, points, duplicates } = await intrinsicDimension(plane);
    assert.ok(Math.abs(value - 2) < 0.15, `${value}`);
    assert.ok(interval.lower < 2 && 2 < interval.upper);
    assert.deepEqual({ points, duplicates }, { points: 2000, duplicates: 0 });
  });

  it('removes duplicates and counts them', async () => {
    const { points, duplicates } = await intrinsicDimension(readNpy('dup_cube_d3_D3'));
    assert.deepEqual({ points, duplicates }, { points: 500, duplicates: 110 });
  });

  it('gives the same for arrays, flat data and tensors, and keeps the number of tensors', async () => {
    const { data, shape } = cube({ points: 200, dimension: 3, seed: 3 });
    const single = Float32Array.from(data);
    const tensor = tf.tensor2d(single, [200, 3]);
    const rows = Array.from({ length: 200 }, (_, i) => Array.from(single.subarray(3 * i, 3 * i + 3)));
    const before = tf.memory().numTensors;
    const estimates = [
      await intrinsicDimension(tensor),
      await intrinsicDimension(rows),
      await intrinsicDimension({ data: single, shape }),
    ];
    assert.equal(tf.memory().numTensors, before);
    for (const { value } of estimates) assert.ok(Math.abs(value / estimates[0]!.value - 1) < 1e-12);
  });

  it('estimates subsamples as if each were searched by itself, however deep the table', async () => {
    const points = flatTorus({ points: 300, dimension: 2, seed: 4 });
    const set = await space(points);
    const members = drawSubsamples(set, 2, { count: 5, fraction: 0.5, seed: 6 });
    const depth = depthForSubsamples(members, 300, 2, 9);
    const { estimate: full } = TWO_NN.with({ discardFraction: 0.1, fit: false }) as FromNeighbours;
    const estimate = (table: NeighbourTable): number => full(table).value;
    const alone: number[] = [];
    for (const chosen of members) {
      const { data, shape } = points;
      const part = Array.from(chosen, (i) => Array.from(data.slice(i * shape[1], (i + 1) * shape[1])));
      alone.push((await intrinsicDimension(part)).value);
    }
    const tables = [
      await set.neighbours(3, {}),
      await set.neighbours(9, {}, depth),
      await set.neighbours(9, { through: 'projection' }, depth),
      await set.neighbours(200, {}),
    ];
    for (const table of tables) {
      const { values, mean, standardDeviation } = estimateSubsamples(set, table, members, 2, estimate);
      for (const [s, value] of values.entries()) assert.ok(Math.abs(value / alone[s]! - 1) < 1e-12);
      assert.ok(standardDeviation > 0 && Math.abs(mean - 2) < 0.5);
    }
    assert.ok(
      tables[1]!.indices.some((j) => j < 0),
      'no point needs fewer than 9',
    );
  });

  it('tells the depth that subsamples need, as counting one after the other does', () => {
    const [n, k, most] = [60, 3, 12];
    const members = drawSubsamples({ n, duplicates: 0 }, k, { count: 70, fraction: 0.6, seed: 8 });
    const depth = depthForSubsamples(members, n, k, most);
    const depths = new Set<number>();
    for (let i = 0; i < n; i++) {
      const nearest = Int32Array.from({ length: 6 + (i % 20) }, (_, p) => (i + 1 + p) % n);
      let deepest = k;
      for (const chosen of members) {
        if (!chosen.includes(i)) continue;
        const held = Array.from(nearest).flatMap((j, p) => (chosen.includes(j) ? [p + 1] : []));
        deepest = Math.max(deepest, held[k - 1] ?? Number.POSITIVE_INFINITY);
      }
      const expected = deepest === Number.POSITIVE_INFINITY ? most : deepest;
      assert.equal(depth(i, nearest), expected, `point ${i}`);
      depths.add(expected);
    }
    assert.ok(depths.size > 3 && depths.has(most));
  });

  const bad: { what: string; points: number[][]; message: RegExp }[] = [
    {
      what: 'NaN',
      points: [
        [1, 2],
        [Number.NaN, 3],
        [4, 5],
        [1, 9],
      ],
      message: /1 of 8 values is NaN.*row 1, column 0/,
    },
    { what: 'infinity', points: [[1], [2], [Number.POSITIVE_INFINITY]], message: /Infinity.*row 2/ },
    {
      what: 'two distinct points',
      points: [[1], [2], [2]],
      message: /at least 3 distinct points, got 2 \(1 duplicate/,
    },
    { what: 'equal points', points: [[1], [1], [1], [1]], message: /all points are equal/ },
    {
      what: 'a lattice',
      points: Array.from({ length: 100 }, (_, i) => [i % 10, Math.floor(i / 10)]),
      message: /100 of 100 points .* same distance, as on a lattice/,
    },
    {
      what: 'a lattice that rounding has blurred',
      points: Array.from({ length: 100 }, (_, i) => [0.1 * (i % 10), 0.1 * Math.floor(i / 10)]),
      message: /as on a lattice/,
    },
    { what: 'ragged rows', points: [[1, 2], [3]], message: /row 1 has 1 number,/ },
    { what: 'undefined', points: undefined as never, message: /points must be .*, got undefined/ },
    { what: 'a word', points: 'points.npy' as never, message: /points must be .*, got 'points.npy'/ },
    { what: 'numbers in one row', points: [1, 2, 3] as never, message: /row 0 must be an array .*, got 1/ },
    {
      what: 'rows left out',
      points: Object.assign(new Array(3), { 0: [1], 2: [3] }),
      message: /row 1 must be an array/,
    },
  ];
  for (const { what, points, message } of bad) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(intrinsicDimension(points), message);
    });
  }

  it('refuses rows on demand that are not typed arrays, and tensors of words', async () => {
    const onDemand = { row: () => [1, 2] as never, shape: [9, 2] as const };
    await assert.rejects(intrinsicDimension(onDemand), /points.row must give a Float32Array or Float64Array/);
    const words = tf.tensor2d([['a'], ['b'], ['c']]);
    await assert.rejects(intrinsicDimension(words), /must be real numbers, got a tensor of dtype string/);
    words.dispose();
  });

  it('fits all points but the last, whose F is 1, when none are discarded', async () => {
    const points = flatTorus({ points: 1000, dimension: 2, seed: 7 });
    const { value, fit } = await intrinsicDimension(points, { discardFraction: 0, fit: true });
    assert.equal(fit!.kept, 999);
    assert.ok(Math.abs(value - 2) < 0.3, `${value}`);
  });

  it('claims the spread that repetitions have: 95 % intervals hold the truth in 92 to 98 % of 200 sets', async () => {
    const estimates = [];
    for (let seed = 1; seed <= 200; seed++) {
      estimates.push(await intrinsicDimension(flatTorus({ points: 1000, dimension: 2, seed })));
    }
    const held = estimates.filter(({ interval }) => interval.lower < 2 && 2 < interval.upper).length / 200;
    assert.ok(held >= 0.92 && held <= 0.98, `${held}`);
    const mean = estimates.reduce((sum, { value }) => sum + value / 200, 0);
    const spread = Math.sqrt(estimates.reduce((sum, { value }) => sum + (value - mean) ** 2 / 199, 0));
    const claimed = estimates.reduce((sum, { standardError }) => sum + standardError / 200, 0);
    assert.ok(Math.abs(claimed / spread - 1) < 0.15, `claimed ${claimed}, true ${spread}`);
  });

  it('takes the level of the interval', async () => {
    const points = cube({ points: 300, dimension: 2, seed: 8 });
    const { value, standardError, interval } = await intrinsicDimension(points, { level: 0.99 });
    assert.equal(interval.level, 0.99);
    assert.ok(Math.abs((interval.upper - value) / standardError - 2.5758293035489) < 1e-9);
  });

  it('can be interrupted', async () => {
    const points = cube({ points: 2000, dimension: 3 });
    await assert.rejects(
      intrinsicDimension(points, { signal: AbortSignal.abort(new Error('enough')) }),
      /enough/,
    );
  });
});
