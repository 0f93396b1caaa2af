import assert from 'node:assert/strict';
import { intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import {
  cube,
  embed,
  flatTorus,
  gaussian,
  type PointSet,
  sphere,
  swissRoll,
} from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { space } from '../../../src/intrinsic-dimension/points/space';
import { type IdReport, idReport } from '../../../src/intrinsic-dimension/report/report';
import { nearDuplicates } from '../../../src/intrinsic-dimension/report/warnings/near-duplicates';
import type { Warning, WarningName } from '../../../src/intrinsic-dimension/report/warnings/warning';
import { mulberry32, normals } from '../../../src/random';
import { THOROUGH } from '../../thorough';
import { SURFACES } from './surfaces';

/** All sets have so many points, so that their calibrations share what was drawn. */
const POINTS = 400;

interface Matrix {
  readonly data: Float64Array | Float32Array;
  readonly shape: readonly [number, number];
}

const names = ({ warnings }: IdReport): WarningName[] => warnings.map(({ name }) => name);

/** The report's warning of a name, which must be there. */
function warningOf(report: IdReport, name: WarningName): Warning {
  const found = report.warnings.find((warning) => warning.name === name);
  assert.ok(found, `${name} is missing among: ${names(report).join(', ')}`);
  assert.ok(Object.values(found.evidence).every(Number.isFinite), JSON.stringify(found.evidence));
  return found;
}

/** A float32 number and the next one. */
function nextFloat(value: number): number {
  const float = Float32Array.of(value);
  const bits = new Int32Array(float.buffer);
  bits[0]! += 1;
  return float[0]!;
}

/** The tanh of random sums: `dimension` degrees of freedom in `columns` float32 coordinates. */
function network(
  points: number,
  dimension: number,
  columns: number,
): { data: Float32Array; shape: [number, number] } {
  const normal = normals(mulberry32(1));
  const weights = Float64Array.from({ length: dimension * columns }, () => normal() / Math.sqrt(dimension));
  const data = new Float32Array(points * columns);
  for (let i = 0; i < points; i++) {
    const at = Float64Array.from({ length: dimension }, normal);
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (let a = 0; a < dimension; a++) sum += at[a]! * weights[a * columns + c]!;
      data[i * columns + c] = Math.tanh(sum);
    }
  }
  return { data, shape: [points, columns] };
}

/** Lets the last `copies` points be the first ones, each number moved by one step of float32. */
function withNearCopies(set: ReturnType<typeof network>, copies: number): ReturnType<typeof network> {
  const data = set.data.slice();
  const [n, d] = set.shape;
  for (let p = 0; p < copies * d; p++) data[(n - copies) * d + p] = nextFloat(data[p]!);
  return { ...set, data };
}

const mapped = (
  { data, shape }: PointSet,
  map: (value: number, i: number, column: number) => number,
): Matrix => ({
  data: data.map((value, p) => map(value, Math.floor(p / shape[1]), p % shape[1])),
  shape,
});

describe('warnings of a report', function () {
  this.timeout(240_000);

  describe('near duplicates', () => {
    it('are found and left out: 7 of 200 float32 rows moved by one step', async () => {
      const set = withNearCopies(network(200, 6, 50), 7);
      const report = await idReport(set);
      const { text, evidence } = warningOf(report, 'near-duplicates');
      assert.equal(evidence['points'], 14);
      assert.equal(evidence['left'], 7);
      assert.equal(report.points, 193);
      assert.ok(evidence['distance']! < 1e-5 && evidence['usual']! > 0.1, text);
      // log(r2 / r1) is some 13 for each of the 14: the likelihood has 14 * 13 in its sum, besides some 193 / 6.
      assert.ok(
        evidence['two-nn-mle with copies']! < 1.5 && evidence['two-nn-mle without copies']! > 4.5,
        text,
      );
      assert.match(text, /7 of them, which this report leaves out, two-nn gives \d/);
    });

    it('are found in 10,000 x 768 with 348 of them, where two-nn-mle falls from 11.5 to below 1', async function () {
      if (!THOROUGH) this.skip();
      const set = withNearCopies(network(10_000, 12, 768), 348);
      const { n, table, near } = await tableOf(set);
      assert.equal(n, 10_000);
      assert.ok(Math.abs(near!.points - 696) <= 2 && Math.abs(near!.kept.length - 9652) <= 2);
      assert.equal(table.n, n);
    });

    async function tableOf(set: Matrix) {
      const points = await space(set);
      const table = await points.neighbours(24, {});
      return { n: points.n, table, near: nearDuplicates(table) };
    }

    it('are found in dimension 1, where near neighbours are common', async () => {
      const line = cube({ points: 2000, dimension: 1, seed: 2 });
      assert.equal((await tableOf(line)).near, undefined);
      const data = line.data.slice();
      for (let i = 0; i < 60; i++) data[1999 - i] = data[i]! + 1e-9;
      const { near } = await tableOf({ data, shape: line.shape });
      // 120 points; a gap of 10^5 has a chance of 1e-4 to 1e-2, by the dimension that their neighbours seem to have.
      assert.ok(near!.points >= 110 && near!.points <= 130, `${near!.points}`);
    });

    it('may be a single pair, or groups of three or eight', async () => {
      const set = gaussian({ points: 500, dimension: 5, seed: 3 });
      const normal = normals(mulberry32(5));
      const pair = set.data.slice();
      for (let c = 0; c < 5; c++) pair[499 * 5 + c] = pair[c]! + 1e-7;
      assert.deepEqual((await tableOf({ data: pair, shape: set.shape })).near?.kept.length, 499);
      for (const size of [3, 8]) {
        const groups = set.data.slice();
        for (let i = 0; i < 10; i++)
          for (let copy = 1; copy < size; copy++)
            for (let c = 0; c < 5; c++)
              groups[(500 - 10 * copy + i) * 5 + c] = groups[i * 5 + c]! + 1e-7 * normal();
        // At most two pairs besides, which chance has brought together.
        const { kept } = (await tableOf({ data: groups, shape: set.shape })).near!;
        const expected = 500 - 10 * (size - 1);
        assert.ok(kept.length >= expected - 2 && kept.length <= expected, `${kept.length}`);
      }
    });

    it('are all found where every point has copies, and distances are compared with those to other points', async () => {
      const surface = embed(cube({ points: 100, dimension: 3, seed: 6 }), { coordinates: 12 });
      const normal = normals(mulberry32(6));
      for (const copies of [2, 5]) {
        const data = Float64Array.from(
          { length: 100 * copies * 12 },
          (_, p) => surface.data[Math.floor(p / 12 / copies) * 12 + (p % 12)]! + 1e-5 * normal(),
        );
        const report = await idReport({ data, shape: [100 * copies, 12] });
        const { evidence, text } = warningOf(report, 'near-duplicates');
        // Two pairs that happen to be near each other count as one group.
        assert.ok(report.points >= 90 && report.points <= 102, text);
        assert.ok(evidence['distance']! < 1e-3 && evidence['usual']! > 0.05, text);
        assert.ok(evidence['points']! <= 100 * copies, text);
      }
    });

    it('are not found where the dimension differs from place to place', async () => {
      const line = cube({ points: 300, dimension: 1, seed: 4 });
      const ball = gaussian({ points: 700, dimension: 8, seed: 4 });
      const data = new Float64Array(1000 * 8).fill(20);
      for (let i = 0; i < 300; i++) data[i * 8] = line.data[i]!;
      data.set(ball.data, 300 * 8);
      assert.equal((await tableOf({ data, shape: [1000, 8] })).near, undefined);
    });
  });

  it('count duplicates', async () => {
    const set = gaussian({ points: POINTS + 5, dimension: 3, seed: 1 });
    set.data.copyWithin(POINTS * 3, 0, 15);
    const report = await idReport(set);
    assert.deepEqual(names(report), ['duplicates']);
    assert.deepEqual(warningOf(report, 'duplicates').evidence, { duplicates: 5, rows: POINTS + 5 });
    assert.equal(report.points, POINTS);
  });

  it('tell lattices and rounded values', async () => {
    const lattice = {
      data: Float64Array.from({ length: 800 }, (_, p) => (p % 2 ? (p >> 1) % 20 : Math.floor(p / 40))),
      shape: [400, 2],
    } as const;
    const report = await idReport(lattice);
    assert.equal(report.estimate.value, null);
    assert.equal(warningOf(report, 'ties').evidence['ties'], 400);
    assert.equal(warningOf(report, 'rounded values').evidence['step'], 1);
    assert.match(report.sentence, /has no value/);
    const normal = normals(mulberry32(8));
    // Columns of 0 and 1 hold whole numbers, too, although more than half of their values are equal.
    const mixed = await idReport({
      data: Float64Array.from({ length: 4 * POINTS }, (_, p) =>
        p % 4 < 2 ? Number(normal() > 0.2) : Math.round(3 * normal()),
      ),
      shape: [POINTS, 4],
    });
    assert.equal(warningOf(mixed, 'rounded values').evidence['columns'], 4);
    const rounded = await idReport(
      mapped(gaussian({ points: POINTS, dimension: 4, seed: 1 }), (x) => Math.round(x * 5) / 5),
    );
    assert.ok(Math.abs(warningOf(rounded, 'rounded values').evidence['step']! - 0.2) < 1e-9);
  });

  it('tell one far outlier, and distances are not its distance', async () => {
    for (const far of [60, 7e9]) {
      const set = mapped(gaussian({ points: POINTS, dimension: 4, seed: 2 }), (x, i) => (i === 17 ? far : x));
      const report = await idReport(set);
      const { evidence } = warningOf(report, 'outlier');
      assert.equal(evidence['row'], 17);
      assert.ok(report.estimate.value !== null && report.estimate.distance! < 1);
      assert.ok(!('reason' in report.scale) && report.scale.curve.every(({ scale }) => scale < 5));
    }
  });

  it('tell one far outlier among fewer than a hundred points', async () => {
    const set = mapped(gaussian({ points: 80, dimension: 4, seed: 2 }), (x, i) => (i === 17 ? 1e6 : x));
    const { evidence, text } = warningOf(await idReport(set), 'outlier');
    assert.equal(evidence['row'], 17);
    assert.match(
      text,
      /^Row 17 \(counted from 0\) is .* away from its nearest neighbour, .* and all others within \d\.\d+\./,
    );
  });

  it('tell a trajectory, and what its neighbours in time do to the value', async () => {
    const normal = normals(mulberry32(7));
    // A slow walk with a pull to the middle: consecutive rows are near each other.
    const data = new Float64Array(POINTS * 6);
    for (let p = 6; p < data.length; p++) data[p] = 0.98 * data[p - 6]! + 0.2 * normal();
    const report = await idReport({ data, shape: [POINTS, 6] });
    const { evidence, text } = warningOf(report, 'consecutive rows');
    assert.ok(evidence['share']! > 10 * evidence['expected']!, text);
    assert.match(text, /do not count/);
    // The same rows in another order say nothing of time.
    const order = Array.from({ length: POINTS }, (_, i) => (i * 171) % POINTS);
    const mixed = Float64Array.from(
      { length: data.length },
      (_, p) => data[order[Math.floor(p / 6)]! * 6 + (p % 6)]!,
    );
    assert.ok(!names(await idReport({ data: mixed, shape: [POINTS, 6] })).includes('consecutive rows'));
  });

  it('tell a matrix of distances that was taken for points', async () => {
    const points = await space(gaussian({ points: 120, dimension: 3, seed: 1 }));
    const distances = Float64Array.from({ length: 120 ** 2 }, (_, p) =>
      points.distance(Math.floor(p / 120), p % 120),
    );
    const report = await idReport({ data: distances, shape: [120, 120] });
    assert.match(warningOf(report, 'distances as points').text, /give them as distances/);
    assert.ok(!names(await idReport({ distances })).includes('distances as points'));
  });

  it('tell a column of row numbers, and the value without it', async () => {
    for (const first of [0, 1]) {
      const set = mapped(gaussian({ points: POINTS, dimension: 4, seed: 3 }), (x, i, c) =>
        c === 0 ? i + first : x,
      );
      const { evidence } = warningOf(await idReport(set), 'row numbers');
      assert.equal(evidence['first'], first);
      assert.ok(Math.abs(evidence['without']! - 3) < 0.6, 'the other three columns: 3, with an error of .2');
    }
  });

  it('tell a column of row numbers with gaps, and the value without it and without near copies', async () => {
    const points = gaussian({ points: POINTS, dimension: 4, seed: 3 });
    const copies = 40;
    const data = points.data.map((x) => 1e10 * x);
    // A copy is some rows and 10 away, which is near among points 1e9 apart.
    for (let i = 0; i < copies; i++)
      for (let c = 1; c < 4; c++) data[(POINTS - 1 - i) * 4 + c] = data[i * 4 + c]! + 1 + c;
    for (let i = 0; i < POINTS; i++) data[i * 4] = 2 * i;
    const report = await idReport({ data, shape: points.shape });
    assert.equal(report.points, POINTS - copies);
    const { evidence } = warningOf(report, 'row numbers');
    assert.deepEqual([evidence['first'], evidence['last']], [0, 2 * POINTS - 2]);
    const others = data.slice(0, report.points * 4).filter((_, p) => p % 4 > 0);
    const { value } = await intrinsicDimension({ data: others, shape: [report.points, 3] });
    assert.ok(Math.abs(evidence['without']! - value) < 1e-6 * value, `${evidence['without']} ${value}`);
  });

  it('tell bias and too few points', async () => {
    const report = await idReport(
      embed(gaussian({ points: POINTS, dimension: 20, seed: 1 }), { coordinates: 60 }),
    );
    assert.ok(warningOf(report, 'bias').evidence['corrected']! > 1.1 * report.estimate.value!);
    warningOf(report, 'too few points');
  });

  it('tell that the value depends on scale', async () => {
    const normal = normals(mulberry32(3));
    const plane = cube({ points: POINTS, dimension: 2, seed: 3 });
    const data = Float64Array.from({ length: POINTS * 20 }, (_, p) => {
      const [i, c] = [Math.floor(p / 20), p % 20];
      return (c < 2 ? plane.data[i * 2 + c]! : 0) + 0.01 * normal();
    });
    const report = await idReport({ data, shape: [POINTS, 20] });
    const { evidence } = warningOf(report, 'depends on scale');
    assert.ok(evidence['near']! > 2 * evidence['far']!);
    assert.ok(!('reason' in report.corrected) && report.corrected.interval.lower < 2.5);
  });

  it('tell a column that decides the distances, unless others matter as much', async () => {
    const set = gaussian({ points: POINTS, dimension: 4, seed: 5 });
    const report = await idReport(mapped(set, (x, _, c) => (c === 2 ? 1e6 * x : x)));
    const { evidence } = warningOf(report, 'one column');
    assert.equal(evidence['column'], 2);
    assert.ok(evidence['value']! < 1.2 && evidence['scaled']! > 3.3, JSON.stringify(evidence));
    // Two large columns, and a line along an axis beside constant columns.
    for (const other of [
      mapped(set, (x, _, c) => (c > 1 ? 1e6 * x : x)),
      mapped(set, (x, _, c) => (c === 2 ? x : 7)),
    ])
      assert.ok(!names(await idReport(other)).includes('one column'));
  });

  it('tell several dimensions, of halves and of a tenth of the points', async () => {
    for (const part of [POINTS / 2, POINTS / 10]) {
      const plane = cube({ points: POINTS, dimension: 2, seed: 1 });
      const ball = cube({ points: POINTS, dimension: 8, seed: 2 });
      const data = new Float64Array(POINTS * 10);
      for (let i = 0; i < POINTS; i++) {
        if (i < part) data.set(plane.data.subarray(2 * i, 2 * i + 2), 10 * i);
        else data.set(ball.data.subarray(8 * i, 8 * i + 8), 10 * i + 2);
        // The two parts are three sides of a cube apart.
        if (i >= part) data[10 * i] = 3;
      }
      const report = await idReport({ data, shape: [POINTS, 10] });
      const { evidence, text } = warningOf(report, 'several dimensions');
      assert.ok(evidence['lower']! < 3 && evidence['upper']! > 5, text);
      assert.ok(evidence['lower']! < evidence['expectedLower']!, text);
    }
  });

  it('tell a lattice with noise by a value above the number of columns, and call it no bias of borders', async () => {
    const normal = normals(mulberry32(4));
    const side = 20;
    const data = Float64Array.from(
      { length: 2 * side ** 2 },
      (_, p) => (p % 2 ? (p >> 1) % side : Math.floor((p >> 1) / side)) + 0.02 * normal(),
    );
    const report = await idReport({ data, shape: [side ** 2, 2] });
    assert.ok(warningOf(report, 'evenly spaced').evidence['value']! > 5);
    assert.ok(!names(report).includes('bias'));
  });

  it('tell too few points where the number of columns, and not the points, ends the interval', async () => {
    const report = await idReport(sphere({ points: 300, dimension: 15, seed: 1 }));
    assert.ok(!('reason' in report.corrected) && report.corrected.interval.upper === 16);
    const { text } = warningOf(report, 'too few points');
    assert.match(
      text,
      /at least \d+\.\d: the points have 16 columns, but surfaces of dimension \d+\.\d would/,
    );
  });

  const clean: Readonly<Record<string, Matrix>> = {
    'a square in 10 coordinates': embed(cube({ points: POINTS, dimension: 2, seed: 11 }), {
      coordinates: 10,
    }),
    'a sphere in 30 coordinates': embed(sphere({ points: POINTS, dimension: 3, seed: 12 }), {
      coordinates: 30,
    }),
    'a swiss roll': swissRoll({ points: POINTS, seed: 13 }),
    'a torus': flatTorus({ points: POINTS, dimension: 2, seed: 14 }),
    'normal points': gaussian({ points: POINTS, dimension: 4, seed: 15 }),
    'a line': embed(cube({ points: POINTS, dimension: 1, seed: 16 }), { coordinates: 5 }),
    'float32 numbers far from 0': (() => {
      const { data, shape } = gaussian({ points: POINTS, dimension: 3, seed: 17 });
      return { data: Float32Array.from(data, (x) => x + 1000), shape };
    })(),
    'heavy tails': SURFACES.laplace(POINTS, 3, 18),
    'an uneven density': SURFACES.squares(POINTS, 3, 19),
    parabolas: SURFACES.parabolas(POINTS, 2, 20),
    'a layer of tanh': SURFACES.tanh(POINTS, 3, 21),
    'a layer of ReLU, half of it 0': SURFACES.relu(POINTS, 3, 22),
    'a bounded density with crowded edges': SURFACES.arcsine(POINTS, 2, 23),
    'columns that are nearly always 0': (() => {
      const { data, shape } = embed(sphere({ points: POINTS, dimension: 2, seed: 25 }), { coordinates: 20 });
      return {
        data: data.map((x, p) => (p % 20 < 12 ? Number(Math.floor(p / 20) === 30 * (p % 20)) : x)),
        shape,
      };
    })(),
    'rows sorted into classes': (() => {
      const { data, shape } = gaussian({ points: POINTS, dimension: 3, seed: 24 });
      return {
        data: data.map((x, p) => x + 4 * (Math.floor(p / 3 / (POINTS / 4)) === p % 3 ? 1 : 0)),
        shape,
      };
    })(),
  };
  for (const [name, set] of Object.entries(clean)) {
    it(`are silent on ${name}`, async () => {
      const { warnings } = await idReport(set);
      assert.deepEqual(
        warnings.map(({ text }) => text),
        [],
      );
    });
  }
});
