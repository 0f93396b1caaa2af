import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BENCHMARK } from '../../../src/intrinsic-dimension/manifolds/benchmark';
import type { Manifold, Random } from '../../../src/intrinsic-dimension/manifolds/definition';
import { GENERATORS } from '../../../src/intrinsic-dimension/manifolds/generators';
import { lorenzPath } from '../../../src/intrinsic-dimension/manifolds/lorenz';
import {
  BENCHMARK_MANIFOLDS,
  MANIFOLDS,
  type ManifoldName,
  manifold,
  type NamedManifoldOptions,
  type NamedPointSet,
} from '../../../src/intrinsic-dimension/manifolds/manifold';

const FIXTURES = join(__dirname, '..', '..', 'fixtures', 'scikit-dimension', 'manifolds');
const read = (name: string) => JSON.parse(readFileSync(join(FIXTURES, name), 'utf8'));

/** Draws and points of scikit-dimension, by the name of the manifold, which a dimension may follow. */
type Sets = Record<string, { dimension: number; draws: number[][]; data: number[][] }>;
const SETS: Sets = read('manifolds.json');

interface Moments {
  readonly points: number;
  /** [3][coordinates] Of x, x^2 and x^4. */
  readonly mean: number[][];
  readonly deviation: number[][];
}
const { lorenz, ...MOMENTS } = read('moments.json') as Record<string, Moments> & {
  readonly lorenz: { readonly time: number; readonly path: [number, number, number][] };
};

const ALL: readonly Manifold[] = [...BENCHMARK, ...GENERATORS];
const named = (name: string): Manifold => ALL.find((each) => each.name === name.split(' ')[0])!;

/** Hands out given numbers in turn, as whatever random number is asked for. */
function given(numbers: readonly number[]): Random & { readonly left: () => number } {
  let at = 0;
  const next = (): number => numbers[at++]!;
  return { uniform: next, normal: next, beta: next, left: () => numbers.length - at };
}

function rowsOf({ data, shape }: NamedPointSet): number[][] {
  return Array.from({ length: shape[0] }, (_, i) => [...data.subarray(i * shape[1], (i + 1) * shape[1])]);
}

/** Asserts that the moments of points are those of the library, within 5 standard errors of both. */
function assertMoments(name: string, rows: readonly number[][], { points, mean, deviation }: Moments): void {
  for (const [m, power] of [1, 2, 4].entries()) {
    for (const [c, expected] of mean[m]!.entries()) {
      const found = rows.reduce((sum, row) => sum + row[c]! ** power, 0) / rows.length;
      const error = deviation[m]![c]! * Math.sqrt(1 / rows.length + 1 / points);
      assert.ok(
        Math.abs(found - expected) <= 5 * error + 1e-12,
        `${name}: mean of coordinate ${c} to the power ${power} is ${found}, not ${expected} (error ${error})`,
      );
    }
  }
}

describe('manifolds by name', () => {
  it("are the library's 24, and its other generators", () => {
    assert.deepEqual(
      [...BENCHMARK_MANIFOLDS].sort(),
      Object.keys(SETS)
        .filter((key) => key.startsWith('M'))
        .sort(),
    );
    assert.equal(BENCHMARK_MANIFOLDS.length, 24);
    assert.equal(new Set(MANIFOLDS.map(({ name }) => name)).size, MANIFOLDS.length);
    for (const { name, dimension, coordinates } of MANIFOLDS) {
      const points = manifold(name, { points: 3 });
      assert.deepEqual([points.name, points.dimension, ...points.shape], [name, dimension, 3, coordinates]);
      assert.ok(points.data.every(Number.isFinite), name);
    }
  });

  for (const [name, { dimension, draws, data }] of Object.entries(SETS))
    it(`${name} makes of the same random numbers the same points as scikit-dimension`, () => {
      const chosen = named(name);
      const own = chosen.own(dimension);
      for (const [p, numbers] of draws.entries()) {
        const random = given(numbers);
        const row = new Float64Array(own);
        chosen.drawer({ dimension, points: draws.length, random })(row);
        assert.equal(random.left(), 0, 'all numbers are used');
        for (const [c, expected] of data[p]!.entries()) {
          const further = chosen.further === 'copies' ? row[c % own]! : 0;
          const found = c < own ? row[c]! : further;
          // Functions of numbers up to 100 in float64.
          assert.ok(
            Math.abs(found - expected) < 1e-12,
            `point ${p}, coordinate ${c}: ${found}, not ${expected}`,
          );
        }
        if (!name.includes(' ')) {
          assert.equal(chosen.dimension, dimension);
          assert.equal(chosen.coordinates?.(dimension) ?? own, data[p]!.length);
        }
      }
    });

  for (const [name, expected] of Object.entries(MOMENTS))
    it(`${name} has the moments of scikit-dimension`, () => {
      const { name: own, anyDimension } = named(name);
      const [, piece] = name.split(' ');
      const width = expected.mean[0]!.length;
      // Those that have any dimension were drawn with 4 coordinates.
      const options = { points: 20_000, ...(anyDimension ? { dimension: own === 'hyperBall' ? 4 : 3 } : {}) };
      const points = manifold(own as ManifoldName, options);
      assert.equal(points.shape[1], width);
      const rows = rowsOf(points).filter(
        (_, i) => piece === undefined || points.dimensions![i] === Number(piece),
      );
      assertMoments(name, rows, expected);
    });

  it('swissRoll3Sph has half of its points on a 3-sphere of radius 1, which the library has not', () => {
    const points = manifold('swissRoll3Sph', { points: 1000 });
    const sphere = rowsOf(points).filter((_, i) => points.dimensions![i] === 3);
    // 5 standard deviations of a binomial number.
    assert.ok(Math.abs(sphere.length - 500) < 5 * Math.sqrt(250), `${sphere.length}`);
    for (const row of sphere) assert.ok(Math.abs(Math.hypot(...row) - 1) < 1e-12);
  });

  it('the sides of a cube are all drawn', () => {
    const { data, shape } = manifold('M10d_Cubic', { points: 2000 });
    const sides = new Set<number>();
    for (const [i, x] of data.entries()) if (x === 0 || x === 1) sides.add(2 * (i % shape[1]) + x);
    // Each side is missed with a chance of (1 - 1/142)^2000, below 1e-6.
    assert.equal(sides.size, 142);
  });

  it('the Lorenz attractor is integrated as by a method of order 8, and has another path for another seed', () => {
    for (const [i, expected] of lorenz.path.entries()) {
      const found =
        i === 0 ? lorenz.path[0]! : lorenzPath([0, 1, 1.05], (i * lorenz.time) / (lorenz.path.length - 1));
      // A step of 1e-3 has an error near 1e-12, which grows a hundredfold in this time; so do the roundings.
      for (const c of [0, 1, 2] as const)
        assert.ok(Math.abs(found[c] - expected[c]) < 1e-6, `${found}, not ${expected}`);
    }
    const [one, other] = [0, 1].map((seed) => manifold('lorenz_attractor', { points: 5, seed }).data);
    assert.notDeepEqual(one, other);
  });

  it('are the same for the same seed with and without noise, and others for another seed', () => {
    for (const { name } of MANIFOLDS) {
      const points = manifold(name, { points: 4, seed: 5 }).data;
      assert.deepEqual(points, manifold(name, { points: 4, seed: 5 }).data);
      assert.notDeepEqual(points, manifold(name, { points: 4, seed: 6 }).data);
      const noisy = manifold(name, { points: 4, seed: 5, noise: 1e-9 }).data;
      assert.ok(points.every((x, i) => x !== noisy[i] && Math.abs(x - noisy[i]!) < 1e-8));
    }
  });

  it('have noise of the given size in every coordinate, normal or uniform', () => {
    const options = { points: 4000, coordinates: 5 } as const;
    const clean = manifold('M7_Roll', options).data;
    const noise = (noiseType: 'normal' | 'uniform'): number[] => {
      const noisy = manifold('M7_Roll', { ...options, noise: 2, noiseType }).data;
      return [...noisy].map((x, i) => x - clean[i]!);
    };
    const square = (values: number[]): number => values.reduce((sum, x) => sum + x * x, 0) / values.length;
    const [normal, uniform] = [noise('normal'), noise('uniform')];
    // Mean squares of 20,000 numbers: 5 standard errors are 5 % of a normal one's and 3.2 % of a uniform one's.
    assert.ok(Math.abs(square(normal) / 4 - 1) < 0.05);
    assert.ok(Math.abs(square(uniform) / (4 / 12) - 1) < 0.032);
    assert.ok(Math.max(...normal) > 4 && uniform.every((x) => Math.abs(x) <= 1));
  });

  it('have other dimensions and coordinates where these exist', () => {
    const shape = (name: ManifoldName, options: Partial<NamedManifoldOptions>) => {
      const points = manifold(name, { points: 2, ...options });
      return [points.dimension, points.shape[1]];
    };
    assert.deepEqual(shape('M1_Sphere', { dimension: 3 }), [3, 4]);
    assert.deepEqual(shape('M1_Sphere', { dimension: 3, coordinates: 9 }), [3, 9]);
    assert.deepEqual(shape('M6_Nonlinear', { dimension: 2 }), [2, 12]);
    assert.deepEqual(shape('M6_Nonlinear', { dimension: 2, coordinates: 8 }), [2, 8]);
    assert.deepEqual(shape('Mp1_Paraboloid', { dimension: 1 }), [1, 6]);
    assert.deepEqual(shape('M7_Roll', { dimension: 2, coordinates: 10 }), [2, 10]);
  });

  it('refuse what they cannot give, by name and with the cure', () => {
    const refuse = (name: string, options: unknown, message: RegExp): void =>
      assert.throws(
        () => manifold(name as ManifoldName, options as NamedManifoldOptions),
        (error: Error) => {
          assert.ok(error instanceof RangeError);
          assert.match(error.message, message);
          return true;
        },
      );
    const points = 5;
    refuse('M7_Rol', { points }, /^no manifold 'M7_Rol': did you mean 'M7_Roll'\? Choose one of M1_Sphere, /);
    refuse('m7roll', { points }, /did you mean 'M7_Roll'/);
    refuse('M7_Roll', { points, dimension: 3 }, /^M7_Roll has dimension 2, got 3: leave dimension out$/);
    refuse(
      'M7_Roll',
      { points, coordinates: 2 },
      /^coordinates is 2, but M7_Roll of dimension 2 needs 3: give 3 or more$/,
    );
    refuse('M4_Nonlinear', { points, coordinates: 12 }, /repeats 8 coordinates: give a multiple of 8$/);
    refuse(
      'M1_Sphere',
      { points, dimension: 2.5 },
      /dimension must be a whole number of at least 1, got 2.5/,
    );
    refuse('M1_Sphere', { points: 0 }, /points must be a whole number of at least 1, got 0/);
    refuse('M1_Sphere', { points, noise: -1 }, /noise must be a finite number of at least 0, got -1/);
    refuse('M1_Sphere', { points, noise: Number.NaN }, /noise must be/);
    refuse(
      'M1_Sphere',
      { points, noise: 1, noiseType: 'gaussian' },
      /noiseType must be one of normal, uniform, got 'gaussian'/,
    );
    refuse('M1_Sphere', { points, noiseType: 'uniform' }, /noiseType 'uniform' has no effect without noise/);
    refuse('M1_Sphere', { points, sed: 1 }, /manifold has no option sed: did you mean seed\?/);
  });
});
