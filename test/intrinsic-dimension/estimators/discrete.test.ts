import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { idDecimation } from '../../../src/intrinsic-dimension/decimation';
import {
  dimensionOfShare,
  volumeShare,
} from '../../../src/intrinsic-dimension/estimators/discrete/lattice-volume';
import { type IdOptions, intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import { mulberry32 } from '../../../src/random';

/** What DADApy gives, made by reference.py. */
const { lattices, spins } = JSON.parse(
  readFileSync(join(__dirname, '../../fixtures/discrete/discrete.json'), 'utf8'),
) as {
  lattices: Record<
    string,
    {
      points: number[][];
      period?: number;
      i3d: { radius: number; ratio: number; value: number; library: number; error: number }[];
    }
  >;
  spins: Record<
    string,
    { points: string[]; bid: { from: number; to: number; d0: number; library: number }[] }
  >;
};

function assertClose(value: number, expected: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(value - expected) <= tolerance * Math.abs(expected),
    `${what}: ${value} instead of ${expected}`,
  );
}

/** Whole numbers from 0 on, below `side`. */
function lattice(n: number, d: number, side: number, seed: number): number[][] {
  const uniform = mulberry32(seed);
  return Array.from({ length: n }, () => Array.from({ length: d }, () => Math.floor(side * uniform())));
}

/** How often 95 % intervals of `sets` sets hold the truth. */
async function coverage(
  sets: number,
  truth: number,
  of: (seed: number) => [number[][], IdOptions],
): Promise<number> {
  let held = 0;
  for (let seed = 1; seed <= sets; seed++) {
    const { interval } = await intrinsicDimension(...of(seed));
    if (interval.lower <= truth && truth <= interval.upper) held++;
  }
  return held / sets;
}

describe('i3d', () => {
  for (const [name, { points, period, i3d }] of Object.entries(lattices)) {
    it(`is what DADApy gives within 1e-9: ${name}`, async () => {
      const given = name.startsWith('float32')
        ? ({ data: Float32Array.from(points.flat()), shape: [points.length, points[0]!.length] } as const)
        : points;
      for (const { radius, ratio, value, library, error } of i3d) {
        const options = { estimator: 'i3d', radius, ratio, ...(period ? { period } : {}) } as const;
        const what = `radius ${radius}, ratio ${ratio}`;
        const found = await intrinsicDimension(given, { ...options, interval: 'iid' });
        assertClose(found.value, value, 1e-9, what);
        // The library's search of the maximum ends 1e-5 from it; from radius 35 on it approximates the derivative of volumes.
        assertClose(found.value, library, 1e-4, what);
        assertClose(found.standardError, error, radius < 35 ? 1e-4 : 3e-2, `error at ${what}`);
        assert.ok((await intrinsicDimension(given, options)).standardError >= found.standardError);
      }
    });
  }

  it('counts the points of lattices of whole dimensions, and inverts the count in any', () => {
    // 1 + 2 r points within r on a line, and 1 + 2 r (r + 1) in a plane.
    assertClose(volumeShare(3, 10, 1).share, 7 / 21, 1e-15, 'line');
    assertClose(volumeShare(3, 10, 2).share, 25 / 221, 1e-15, 'plane');
    assertClose(volumeShare(0, 2, 3).share, 1 / 25, 1e-15, 'space');
    for (const d of [0.01, 0.5, 3.7, 40, 700]) {
      for (const [inner, outer] of [
        [0, 1],
        [5, 10],
        [900, 1000],
      ] as const) {
        const { share, slope } = volumeShare(inner, outer, d);
        const step = 1e-6 * d;
        const difference =
          volumeShare(inner, outer, d + step).share - volumeShare(inner, outer, d - step).share;
        if (share < 1e-300) continue;
        assertClose(difference / (2 * step), slope, 1e-4, `slope in dimension ${d}`);
        assertClose(dimensionOfShare(inner, outer, share), d, 1e-9, `dimension ${d} of ${inner}, ${outer}`);
      }
    }
  });

  it('finds the dimension of a lattice that repeats, with intervals that hold it', async () => {
    const held = await coverage(40, 3, (seed) => [
      lattice(300, 3, 16, seed),
      { estimator: 'i3d', radius: 6, period: 16 },
    ]);
    // Of 40 intervals at level .95 fewer than 33 hold the truth in 1 of 300 trials.
    assert.ok(held >= 33 / 40, `${held}`);
  });

  it('takes the smallest radius with 20 other points, counts copies in parts, and tells what it cannot read', async () => {
    const points = lattice(300, 2, 12, 1);
    const chosen = await intrinsicDimension(points, { estimator: 'i3d' });
    const counted = (radius: number): number =>
      points.reduce(
        (sum, a) =>
          sum + points.filter((b) => Math.abs(a[0]! - b[0]!) + Math.abs(a[1]! - b[1]!) <= radius).length - 1,
        0,
      ) / 300;
    assert.ok(counted(chosen.scale) >= 20 && counted(chosen.scale - 1) < 20);
    const given = await intrinsicDimension(points, { estimator: 'i3d', radius: chosen.scale });
    assert.deepEqual(given, chosen);
    const { curve } = await idDecimation(points, { estimator: 'i3d', radius: 5 });
    assert.ok(curve.length > 1);
    const cases: [Parameters<typeof intrinsicDimension>[0], IdOptions, RegExp][] = [
      [[...points, [0.5, 1]], {}, /row 300, column 0 is 0.5: give whole numbers/],
      [
        { distances: points.map((a) => points.map((b) => Math.abs(a[0]! - b[0]!))) },
        {},
        /needs the coordinates/,
      ],
      [lattice(50, 8, 1000, 1), { radius: 3 }, /hold none of the points in the balls of radius 3/],
      [points, { period: 12.5 }, /the period of whole numbers must be whole, got 12.5/],
      [points, { ratio: 1 }, /ratio must be in \(0, 1\), got 1/],
    ];
    for (const [given, options, message] of cases)
      await assert.rejects(intrinsicDimension(given, { estimator: 'i3d', ...options }), message);
  });
});

describe('bid', () => {
  for (const [name, { points, bid }] of Object.entries(spins)) {
    it(`is the minimum of DADApy's divergence within 1e-9: ${name}`, async () => {
      const bits = points.map((row) => Array.from(row, Number));
      for (const { from, to, d0, library } of bid) {
        const what = `from ${from} to ${to}`;
        const { value } = await intrinsicDimension(bits, { estimator: 'bid', from, to });
        assertClose(value, d0, 1e-9, what);
        const spin = {
          data: Float32Array.from(bits.flat(), (b) => 2 * b - 1),
          shape: [bits.length, bits[0]!.length],
        } as const;
        assert.equal(
          (await intrinsicDimension(spin, { estimator: 'bid', from, to, signs: true })).value,
          value,
        );
        assertClose(value, library, 0.2, `as the library's random search, ${what}`);
      }
    });
  }

  it('finds the number of independent bits, with intervals that hold it', async () => {
    const held = await coverage(40, 24, (seed) => [lattice(300, 24, 2, seed), { estimator: 'bid', to: 0.9 }]);
    assert.ok(held >= 33 / 40, `${held}`);
  });

  it('tells what it cannot read', async () => {
    const bits = lattice(100, 30, 2, 1);
    const cases: [Parameters<typeof intrinsicDimension>[0], IdOptions, RegExp][] = [
      [[...bits, bits[0]!.map(() => 7)], {}, /more than two values, among them .*7 \(row 100\): set signs/],
      [lattice(100, 2, 2, 1), {}, /need at least|different Hamming distances lie between/],
      [{ distances: bits.map((_, i) => bits.map((__, j) => Math.abs(i - j))) }, {}, /needs the coordinates/],
      [bits, { period: 2 }, /needs coordinates that do not repeat/],
    ];
    for (const [given, options, message] of cases)
      await assert.rejects(intrinsicDimension(given, { estimator: 'bid', ...options }), message);
  });
});
