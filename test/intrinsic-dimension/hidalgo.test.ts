import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { intrinsicDimension } from '../../src/intrinsic-dimension/intrinsic-dimension';
import { localId } from '../../src/intrinsic-dimension/local-id';
import { cube } from '../../src/intrinsic-dimension/manifolds/manifolds';
import { hidalgo } from '../../src/intrinsic-dimension/mixture/hidalgo';
import { logGammas, mulberry32 } from '../../src/random';
import { readNpy } from './golden';

const SETS: Record<string, { folder: string; hidalgo: number[] }> = JSON.parse(
  readFileSync(join(__dirname, '../fixtures/dadapy/dadapy.json'), 'utf8'),
).sets;

/** The first distinct points among the last 300 of a set, as the reference takes them. */
function firstOf(name: string, count: number): { data: Float64Array; shape: [number, number] } {
  const {
    data,
    shape: [n, d],
  } = readNpy(name, SETS[name]!.folder);
  const start = Math.max(0, n - 300);
  const seen = new Set<string>();
  const rows: number[] = [];
  for (let i = start; rows.length < count * d; i++) {
    const row = Array.from(data.subarray(i * d, (i + 1) * d));
    if (seen.has(row.join())) continue;
    seen.add(row.join());
    rows.push(...row);
  }
  return { data: Float64Array.from(rows), shape: [count, d] };
}

/** A line and a block of dimension 4, far from each other. */
function lineAndBlock(points: number): { data: Float64Array; shape: [number, number] } {
  const line = cube({ points, dimension: 1, seed: 1 }).data;
  const block = cube({ points, dimension: 4, seed: 2 }).data;
  const data = new Float64Array(2 * points * 4);
  for (let i = 0; i < points; i++) data[4 * i] = 10 * line[i]!;
  for (let p = 0; p < 4 * points; p++) data[4 * points + p] = 100 + block[p]!;
  return { data, shape: [2 * points, 4] };
}

describe('hidalgo', () => {
  for (const [name, { hidalgo: exact }] of Object.entries(SETS)) {
    it(`has the posterior that summing over all labellings gives on 11 points of ${name}`, async () => {
      const points = firstOf(name, 11);
      const options = { components: 2, weightPrior: 0.5, chains: 1, sweeps: 1500, burnIn: 100 };
      const runs = [];
      for (let seed = 0; seed < 20; seed++) {
        const { dimensions } = await hidalgo(points, { ...options, seed });
        runs.push(dimensions);
      }
      for (const [i, expected] of exact.entries()) {
        const mean = runs.reduce((sum, run) => sum + run[i]! / 20, 0);
        const variance = runs.reduce((sum, run) => sum + (run[i]! - mean) ** 2 / 19, 0);
        // Five standard errors of the mean of 20 independent chains.
        const tolerance = 5 * Math.sqrt(variance / 20);
        assert.ok(
          Math.abs(mean - expected) < tolerance,
          `${i}: ${mean} instead of ${expected} +- ${tolerance}`,
        );
      }
    });
  }

  it('tells a line from a block of dimension 4, point by point, and says how sure it is', async () => {
    const result = await hidalgo(lineAndBlock(200), { components: 2, sweeps: 300, burnIn: 200, seed: 1 });
    const { classes, labels, dimensions, lower, upper, rHat } = result;
    assert.ok(rHat < 1.1, `${rHat}`);
    assert.equal(classes.length, 2);
    assert.ok(Math.abs(classes[0]!.dimension - 1) < 0.2, `${classes[0]!.dimension}`);
    assert.ok(Math.abs(classes[1]!.dimension - 4) < 0.9, `${classes[1]!.dimension}`);
    const wrong = labels.filter((label, i) => label !== (i < 200 ? 0 : 1)).length;
    assert.ok(wrong <= 8, `${wrong} of 400`);
    for (const [i, dimension] of dimensions.entries()) {
      assert.ok(lower[i]! <= dimension && dimension <= upper[i]!);
      const memberships = classes.reduce((sum, { membership }) => sum + membership[i]!, 0);
      assert.ok(Math.abs(memberships - 1) < 1e-9);
    }
  });

  it('is an estimator, and gives a dimension at each point', async () => {
    const points = lineAndBlock(100);
    const { value, interval } = await intrinsicDimension(points, { estimator: 'hidalgo', seed: 1 });
    assert.ok(Math.abs(value - 2.5) < 0.5, `${value}`);
    assert.ok(interval.lower < value && value < interval.upper);
    const { values } = await localId(points, { estimator: 'hidalgo', seed: 1 });
    assert.ok(Math.abs(values.reduce((sum, each) => sum + each / 200, 0) - value) < 1e-9);
  });

  it('gives the same for the same seed, tells its progress, and stops in the middle', async () => {
    const points = lineAndBlock(50);
    const options = { chains: 2, sweeps: 50, burnIn: 50, seed: 3 };
    const [one, two] = [await hidalgo(points, options), await hidalgo(points, options)];
    assert.deepEqual(one, two);
    const other = await hidalgo(points, { ...options, seed: 4 });
    assert.notDeepEqual(one.meanDimensions, other.meanDimensions);
    const controller = new AbortController();
    const stopped = hidalgo(points, {
      sweeps: 1e6,
      signal: controller.signal,
      onProgress: (done) => done > 0 && done < 1 && controller.abort(new Error('enough')),
    });
    await assert.rejects(stopped, /enough/);
  });

  it('refuses what is out of range', async () => {
    const points = lineAndBlock(10);
    await assert.rejects(hidalgo(points, { xi: 1 }), /xi must be in \(0, 1\), got 1/);
    await assert.rejects(hidalgo(points, { q: 0 }), /q must be a whole number of at least 1, got 0/);
    await assert.rejects(hidalgo(points, { sweeps: 3 }), /sweeps must be at least 4, got 3/);
    await assert.rejects(hidalgo(points, { weightPrior: 0 }), /weightPrior must be a number above 0, got 0/);
  });
});

describe('logGammas', () => {
  for (const shape of [0.05, 0.7, 1, 3.5, 200]) {
    it(`has the mean and the variance of the gamma distribution of shape ${shape}`, () => {
      const draw = logGammas(mulberry32(5));
      const count = 40_000;
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < count; i++) {
        const value = Math.exp(draw(shape));
        sum += value / count;
        squares += (value - shape) ** 2 / count;
      }
      // Five standard errors; the fourth central moment is 3 shape^2 + 6 shape.
      assert.ok(Math.abs(sum - shape) < 5 * Math.sqrt(shape / count), `${sum}`);
      assert.ok(
        Math.abs(squares - shape) < 5 * Math.sqrt((2 * shape ** 2 + 6 * shape) / count),
        `${squares}`,
      );
    });
  }
});
