import assert from 'node:assert/strict';
import { jStat } from 'jstat';
import type { FromNeighbours } from '../../../src/intrinsic-dimension/estimators/estimator';
import { gride } from '../../../src/intrinsic-dimension/estimators/gride';
import { estimatorOf } from '../../../src/intrinsic-dimension/estimators/registry';
import { TWO_NN } from '../../../src/intrinsic-dimension/estimators/two-nn';
import { gaussian } from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { space } from '../../../src/intrinsic-dimension/points/space';
import { type Corrected, calibration } from '../../../src/intrinsic-dimension/report/calibration';
import { corrected as correctedIn } from '../../../src/intrinsic-dimension/report/corrected';
import { drawFamily, FAMILIES } from '../../../src/intrinsic-dimension/report/families';
import { neighboursToSee, see } from '../../../src/intrinsic-dimension/report/scales';
import { mulberry32, normals } from '../../../src/random';
import { itThorough, THOROUGH } from '../../thorough';
import { HARD_SURFACES, SURFACES, type Surface } from './surfaces';

const LEVEL = 0.95;
const ESTIMATOR = estimatorOf({}) as FromNeighbours;

async function corrected({ data, shape }: Surface): Promise<Corrected> {
  const [n] = shape;
  const set = await space({ data, shape });
  const table = await set.neighbours(neighboursToSee(ESTIMATOR, n), {});
  return calibration(TWO_NN.name, ESTIMATOR, n, 0).correct(see(table, ESTIMATOR), {
    level: LEVEL,
    async extremes() {
      const wide = await set.neighbours(n >> 1, {});
      const values = [1, 4, 16, 64].filter((n1) => 4 * n1 <= n).map((n1) => gride(wide, n1, 2 * n1).value);
      return { lowest: Math.min(...values), highest: Math.max(...values) };
    },
  });
}

/** So many of the intervals may miss: more would happen in one of 1,000 runs if each missed with probability 1 - LEVEL. */
function mostMisses(intervals: number): number {
  let misses = 0;
  while (jStat.binomial.cdf(misses, intervals, 1 - LEVEL) < 0.999) misses++;
  return misses;
}

async function assertHeld(
  surfaces: Readonly<Record<string, (n: number, dimension: number, seed: number) => Surface>>,
  {
    points,
    dimensions,
    seeds,
  }: { readonly points: number; readonly dimensions: readonly number[]; readonly seeds: number },
): Promise<void> {
  const missed: string[] = [];
  let intervals = 0;
  for (const [s, [name, draw]] of Object.entries(surfaces).entries()) {
    for (const dimension of dimensions) {
      for (let seed = 0; seed < seeds; seed++) {
        const { value, interval } = await corrected(
          draw(points, dimension, 10_000 * seed + 100 * s + dimension),
        );
        intervals++;
        if (interval.lower <= dimension && dimension <= interval.upper) continue;
        missed.push(`${name} ${dimension}: ${value} (${interval.lower} .. ${interval.upper})`);
      }
    }
  }
  console.log(`      ${intervals - missed.length} of ${intervals} intervals hold ${missed.join('; ')}`);
  assert.ok(missed.length <= mostMisses(intervals), `${missed.length} of ${intervals}: ${missed.join('; ')}`);
}

/** Random rotations, by Gram and Schmidt from normal numbers, [n, size * size]. */
function rotations(n: number, size: number, normal: () => number): Float64Array {
  const data = new Float64Array(n * size ** 2);
  for (let start = 0; start < data.length; start += size ** 2) {
    for (let row = 0; row < size; row++) {
      const at = data.subarray(start + row * size, start + (row + 1) * size);
      for (let c = 0; c < size; c++) at[c] = normal();
      for (let before = start; before < start + row * size; before += size) {
        const other = data.subarray(before, before + size);
        const share = at.reduce((sum, x, c) => sum + x * other[c]!, 0);
        for (let c = 0; c < size; c++) at[c]! -= share * other[c]!;
      }
      const length = Math.hypot(...at);
      for (let c = 0; c < size; c++) at[c]! /= length;
    }
  }
  return data;
}

describe('calibration', function () {
  this.timeout(THOROUGH ? 3_600_000 : 240_000);

  itThorough('has intervals that hold the dimension of surfaces that it does not know, from 1 to 30', () =>
    assertHeld(SURFACES, {
      points: 1000,
      dimensions: Array.from({ length: 30 }, (_, d) => d + 1),
      seeds: 1,
    }),
  );

  itThorough('has intervals that hold the dimension of harder surfaces, too', () =>
    assertHeld(HARD_SURFACES, { points: 1000, dimensions: [3, 7, 16, 28], seeds: 5 }),
  );

  it('takes away the bias of a known family: normal points in dimension 20', async () => {
    const set = gaussian({ points: 1000, dimension: 20, seed: 5 });
    const { readings, value, interval } = await corrected(set);
    const normal = readings.find(({ family }) => family === 'normal')!;
    // The estimate is 16; its relative error is 4 %, which grows as it is read (the bias grows with the dimension).
    assert.ok(Math.abs(normal.dimension - 20) < 4, `${normal.dimension}`);
    assert.ok(normal.lower < 20 && 20 < normal.upper && normal.agrees);
    assert.ok(interval.lower <= value && value <= interval.upper);
    assert.ok(interval.lower <= normal.lower && normal.upper <= interval.upper);
  });

  it('has intervals that hold the dimension of rotations, with estimators that look far', async () => {
    // Rotations of 4 and 5 dimensions have dimensions 6 and 10, and 500 of them are curved at the distance of their fourth neighbours.
    for (const options of [{ estimator: 'gride', n1: 4 }, { estimator: 'mackay-ghahramani' }] as const) {
      const far = estimatorOf(options) as FromNeighbours;
      for (const [size, dimension] of [
        [4, 6],
        [5, 10],
      ] as const) {
        for (let seed = 0; seed < 4; seed++) {
          const data = rotations(500, size, normals(mulberry32(seed)));
          const set = await space({ data, shape: [500, size ** 2] });
          const table = await set.neighbours(neighboursToSee(far, 500), {});
          const seen = see(table, far);
          assert.ok(Math.abs(seen.shape.at(-1)! - Math.log(gride(table, 1, 2).value / seen.value)) < 1e-12);
          const how = { estimator: far, name: options.estimator, level: LEVEL, seed: 0, table };
          const { interval } = await correctedIn(set, how);
          const { lower, upper } = interval;
          assert.ok(lower < dimension && dimension < upper, `${dimension}: ${lower} .. ${upper}`);
        }
      }
    }
  });

  it('is the same with the same seed, and does not exceed the columns', async () => {
    const seen = see(
      await (await space(gaussian({ points: 200, dimension: 3, seed: 1 }))).neighbours(24, {}),
      ESTIMATOR,
    );
    const limits = { level: LEVEL, columns: 3, extremes: async () => ({ lowest: 1, highest: 4 }) };
    const first = await calibration('first', ESTIMATOR, 200, 3).correct(seen, limits);
    const second = await calibration('second', ESTIMATOR, 200, 3).correct(seen, limits);
    assert.deepEqual(first, second);
    assert.ok(first.interval.upper <= 3);
    const other = await calibration('second', ESTIMATOR, 200, 4).correct(seen, limits);
    assert.notDeepEqual(first.readings, other.readings);
  });

  it('draws other sets for every family, dimension and seed, also for neighbouring and for large seeds', async () => {
    const drawn: number[] = [];
    const spy: FromNeighbours = {
      ...ESTIMATOR,
      estimate(table) {
        drawn.push(table.distances[0]!);
        return ESTIMATOR.estimate(table);
      },
    };
    const seen = { value: 3, standardError: 0.3, shape: [0], shapeErrors: [0.1], rises: false };
    const limits = { level: LEVEL, extremes: async () => ({ lowest: 2, highest: 4 }) };
    for (const seed of [0, 1, 1000, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER])
      await calibration('spy', spy, 40, seed).correct(seen, limits);
    assert.ok(drawn.length > 5 * FAMILIES.length * 2 * 16, 'sixteen sets at two dimensions or more');
    assert.equal(new Set(drawn).size, drawn.length);
  });

  it('reaches over all scales where no family explains the points', async () => {
    const seen = {
      value: 10,
      standardError: 0.3,
      shape: [-1, -1.5],
      shapeErrors: [0.01, 0.01],
      rises: false,
    };
    const limits = { level: LEVEL, extremes: async () => ({ lowest: 2, highest: 12 }) };
    const { explained, interval } = await calibration('two-nn', ESTIMATOR, 100, 0).correct(seen, limits);
    assert.equal(explained, false);
    assert.equal(interval.lower, 2);
  });
});

describe('families of known dimension', () => {
  for (const family of FAMILIES) {
    it(`have as many degrees of freedom as they say: ${family.name}`, async () => {
      // 2,000 points in dimension 2: the bias of every family is below 15 %, the error 3 %.
      const set = await space(drawFamily(family, { points: 2000, dimension: 2, seed: 1 }));
      const { value } = ESTIMATOR.estimate(await set.neighbours(2, {}));
      const noise = family.name === 'noisy' ? 1 : 0;
      assert.ok(value > 2 * 0.82 && value < 2 * 1.12 + noise, `${value}`);
    });
  }
});
