import assert from 'node:assert/strict';
import {
  cube,
  embed,
  flatTorus,
  gaussian,
  type PointSet,
  sphere,
  swissRoll,
} from '../../../src/intrinsic-dimension/manifolds/manifolds';

function row({ data, shape }: PointSet, i: number): number[] {
  return [...data.subarray(i * shape[1], (i + 1) * shape[1])];
}

function distance(points: PointSet, i: number, j: number): number {
  const [a, b] = [row(points, i), row(points, j)];
  return Math.hypot(...a.map((x, k) => x - b[k]!));
}

/** Means of squares of all coordinates, which for n normal numbers have a standard deviation of sqrt(2 / n). */
function meanSquare({ data }: PointSet): number {
  return data.reduce((sum, x) => sum + x * x, 0) / data.length;
}

describe('manifolds', () => {
  it('say their dimension, and have the coordinates that go with it', () => {
    const options = { points: 20, dimension: 3 };
    const width = (points: PointSet): readonly number[] => [points.dimension, ...points.shape];
    assert.deepEqual(width(cube(options)), [3, 20, 3]);
    assert.deepEqual(width(gaussian(options)), [3, 20, 3]);
    assert.deepEqual(width(sphere(options)), [3, 20, 4]);
    assert.deepEqual(width(flatTorus(options)), [3, 20, 6]);
    assert.deepEqual(width(swissRoll({ points: 20 })), [2, 20, 3]);
  });

  it('are the same for the same seed, and others for another', () => {
    const options = { points: 10, dimension: 2 };
    for (const make of [cube, gaussian, sphere, flatTorus, swissRoll]) {
      assert.deepEqual(make({ ...options, seed: 5 }).data, make({ ...options, seed: 5 }).data);
      assert.notDeepEqual(make({ ...options, seed: 5 }).data, make({ ...options, seed: 6 }).data);
    }
  });

  it('lie where they say: in the cube, on the sphere, on the circles, on the roll', () => {
    assert.ok(cube({ points: 200, dimension: 4 }).data.every((x) => x >= 0 && x < 1));
    const ball = sphere({ points: 200, dimension: 4 });
    const torus = flatTorus({ points: 200, dimension: 2 });
    const roll = swissRoll({ points: 200 });
    for (let i = 0; i < 200; i++) {
      assert.ok(Math.abs(Math.hypot(...row(ball, i)) - 1) < 1e-12);
      const [a, b, c, d] = row(torus, i);
      assert.ok(Math.abs(Math.hypot(a!, b!) - 1) < 1e-12 && Math.abs(Math.hypot(c!, d!) - 1) < 1e-12);
      const [x, y, z] = row(roll, i);
      const angle = Math.hypot(x!, z!);
      assert.ok(Math.abs(angle * Math.cos(angle) - x!) < 1e-9 && y! >= 0 && y! < 21);
    }
  });

  it('have normal coordinates of variance 1 (5 standard deviations of the mean square: 0.05)', () => {
    assert.ok(Math.abs(meanSquare(gaussian({ points: 5000, dimension: 4 })) - 1) < 0.05);
  });

  it('keep every distance when embedded without noise (rounding: 1e-12)', () => {
    const flat = cube({ points: 30, dimension: 5 });
    const turned = embed(flat, { coordinates: 40, seed: 1 });
    assert.deepEqual(turned.shape, [30, 40]);
    assert.equal(turned.dimension, 5);
    for (let i = 1; i < 30; i++) assert.ok(Math.abs(distance(flat, 0, i) - distance(turned, 0, i)) < 1e-12);
  });

  it('are moved by noise of the asked size (5 standard deviations of the mean square: 4 %)', () => {
    const flat = cube({ points: 500, dimension: 2 });
    const exact = embed(flat, { coordinates: 60, seed: 1 });
    const noisy = embed(flat, { coordinates: 60, seed: 1, noise: 0.01 });
    const difference = { ...exact, data: exact.data.map((x, i) => x - noisy.data[i]!) };
    assert.ok(Math.abs(meanSquare(difference) / 1e-4 - 1) < 0.04);
  });

  it('refuse sizes that make no points', () => {
    assert.throws(
      () => cube({ points: 0, dimension: 2 }),
      /cube: points must be a whole number of at least 1, got 0/,
    );
    assert.throws(
      () => sphere({ points: 5, dimension: 1.5 }),
      /sphere: dimension must be a whole number of at least 1, got 1.5/,
    );
    assert.throws(
      () => embed(cube({ points: 5, dimension: 3 }), { coordinates: 2 }),
      /coordinates is 2, but the points have 3/,
    );
  });
});
