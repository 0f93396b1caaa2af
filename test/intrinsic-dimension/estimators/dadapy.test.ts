import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { informationImbalance } from '../../../src/intrinsic-dimension/comparison/information-imbalance';
import {
  labelOverlap,
  neighbourhoodOverlap,
} from '../../../src/intrinsic-dimension/comparison/neighbourhood-overlap';
import { idDecimation } from '../../../src/intrinsic-dimension/decimation';
import { spanningLengths } from '../../../src/intrinsic-dimension/estimators/global/minimum-spanning-tree';
import { type IdOptions, intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import { localId } from '../../../src/intrinsic-dimension/local-id';
import { cube, embed, flatTorus, gaussian } from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { space } from '../../../src/intrinsic-dimension/points/space';
import { mulberry32, normals } from '../../../src/random';
import { THOROUGH } from '../../thorough';
import { readNpy } from '../golden';

type Direction = 'aToB 1' | 'aToB 5' | 'bToA 1' | 'bToA 5';

/** What DADApy gives for one set, made by reference.py. */
interface Reference {
  folder: string;
  labels: number[];
  gride: { n1: number; n2: number; value: number; library: number; kept: number }[];
  bayes: { value: number; error: number; 'mode 3 1': number };
  imbalance: {
    points: number;
    dadapy: Record<Direction, number>;
    'means of places': Record<Direction, number>;
    'overlap 10': number;
  };
  'label overlap': Record<'weighted' | 'plain' | 'fraction', number>;
  tree: { '1': number; '0.5': number; edges: number };
  'participation ratio': Record<'both' | 'naive' | 'row' | 'col', number>;
  abide: Record<'30' | '100', { values: number[]; error: number }>;
  'adaptive gride': Record<'30' | '100', { values: number[]; error: number }>;
  binomial: {
    k: number;
    ratio: number;
    value: number;
    error: number;
    posterior: { value: number; error: number };
  }[];
  ph0: { mean: number; deviation: number };
  decimation: Record<'2' | '4', { mean: number; deviation: number }>;
  asIs?: { bayes: number; 'label overlap': Reference['label overlap'] };
}

const SETS: Record<string, Reference> = JSON.parse(
  readFileSync(join(__dirname, '../../fixtures/dadapy/dadapy.json'), 'utf8'),
).sets;

type Flat = { data: Float32Array | Float64Array; shape: readonly [number, number] };

/** The last 300 points of a set. */
function pointsOf(name: string): Flat {
  const { data, shape } = readNpy(name, SETS[name]!.folder);
  const [n, d] = shape;
  const count = Math.min(300, n);
  return { data: data.subarray((n - count) * d), shape: [count, d] };
}

/** The first columns of points. */
function firstColumns({ data, shape: [n, d] }: Flat, count: number): Flat {
  return {
    data: Float64Array.from({ length: n * count }, (_, p) => data[Math.floor(p / count) * d + (p % count)]!),
    shape: [n, count],
  };
}

function assertClose(value: number, expected: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(value - expected) <= tolerance * Math.abs(expected),
    `${what}: ${value} instead of ${expected}`,
  );
}

/**
 * The values of 100 sets vary by as much as each says. Their spread is itself known to 7 %, so that 25 % is three and a half
 * standard errors; errors of comparisons are known to be up to a quarter off themselves.
 */
async function assertClaimsSpread(
  estimate: (seed: number) => Promise<{ value: number; standardError: number }>,
  tolerance = 0.25,
): Promise<void> {
  const estimates = [];
  for (let seed = 1; seed <= 100; seed++) estimates.push(await estimate(seed));
  const mean = estimates.reduce((sum, { value }) => sum + value / 100, 0);
  const spread = Math.sqrt(estimates.reduce((sum, { value }) => sum + (value - mean) ** 2 / 99, 0));
  const claimed = estimates.reduce((sum, { standardError }) => sum + standardError / 100, 0);
  assert.ok(Math.abs(claimed / spread - 1) < tolerance, `claimed ${claimed}, true ${spread}`);
}

describe('what DADApy has', () => {
  for (const [name, reference] of Object.entries(SETS)) {
    const points = pointsOf(name);
    const check = async (options: IdOptions, expected: number, tolerance = 1e-9): Promise<void> => {
      const { value } = await intrinsicDimension(points, options);
      assertClose(value, expected, tolerance, JSON.stringify(options));
    };

    it(`is the same on ${name} within 1e-9: GRIDE with its two options, TwoNN with a prior`, async () => {
      for (const { n1, n2, value, library } of reference.gride) {
        // DADApy's search ends 1e-12 from the root here, and 1e-7 by default.
        await check({ estimator: 'gride', n1, n2, finite: true, filter: true }, value);
        await check({ estimator: 'gride', n1, n2, finite: true, filter: true }, library, 1e-7);
      }
      await check({ estimator: 'two-nn-bayes' }, reference.bayes.value);
      const mode = { estimator: 'two-nn-bayes', priorShape: 3, priorRate: 1, mode: true } as const;
      await check(mode, reference.bayes['mode 3 1']);
      const posterior = await intrinsicDimension(points, { estimator: 'two-nn-bayes', interval: 'iid' });
      assertClose(posterior.standardError, reference.bayes.error, 1e-9, 'error');
    });

    it(`is the same on ${name} within 1e-9: information imbalance and neighbourhood overlap`, async () => {
      const other = firstColumns(points, Math.max(1, Math.floor(points.shape[1] / 2)));
      const { imbalance } = reference;
      for (const k of [1, 5] as const) {
        const { aToB, bToA, points: count } = await informationImbalance(points, other, { k });
        assert.equal(count, imbalance.points);
        assertClose(aToB.value, imbalance['means of places'][`aToB ${k}`], 1e-9, `a to b, ${k}`);
        assertClose(bToA.value, imbalance['means of places'][`bToA ${k}`], 1e-9, `b to a, ${k}`);
        // DADApy gives tied points places in their order, in place of the mean of these places.
        const untied = name !== 'ties_d2_D2';
        assertClose(aToB.value, imbalance.dadapy[`aToB ${k}`], untied ? 1e-9 : 1e-3, 'as DADApy');
      }
      const { value } = await neighbourhoodOverlap(points, other, { k: 10 });
      assertClose(value, imbalance['overlap 10'], 1e-9, 'overlap');
      const labels = reference.labels;
      const expected = reference['label overlap'];
      assertClose((await labelOverlap(points, labels, { k: 10 })).value, expected.weighted, 1e-9, 'labels');
      const plain = await labelOverlap(points, labels, { k: 10, weighted: false });
      assertClose(plain.value, expected.plain, 1e-9, 'unweighted labels');
      const fraction = await labelOverlap(points, labels, { classFraction: 0.1 });
      assertClose(fraction.value, expected.fraction, 1e-9, 'share of the class');
    });

    it(`has DADApy's decimation curve on ${name}, as far as random halves and quarters can tell`, async () => {
      const seeds = 20;
      const curves = [];
      for (let seed = 0; seed < seeds; seed++)
        curves.push((await idDecimation(points, { partSeed: seed })).curve);
      assertClose(curves[0]![0]!.value, (await intrinsicDimension(points)).value, 1e-12, 'all points');
      for (const [step, parts] of (['2', '4'] as const).entries()) {
        const ours = curves.reduce((sum, curve) => sum + curve[step + 1]!.value / seeds, 0);
        const { mean, deviation } = reference.decimation[parts];
        // DADApy's mean over 50 runs, and ours over 20 whose parts, without common points, vary no more: four standard errors.
        const tolerance = 4 * deviation * Math.sqrt(1 / 50 + 1 / seeds);
        assert.ok(
          Math.abs(ours - mean) < tolerance,
          `${parts} parts: ${ours} instead of ${mean} +- ${tolerance}`,
        );
      }
    });

    it(`is the same on ${name} within 1e-6: ABIDE, in each of its turns`, async () => {
      for (const maxk of [30, 100] as const) {
        for (const iterations of [1, 2, 5]) {
          // The first value is TwoNN's, which DADApy fits to 1e-8; the balls it gives are whole numbers.
          const expected = reference.abide[`${maxk}`].values[iterations]!;
          await check({ estimator: 'abide', maxk, iterations }, expected, 1e-6);
        }
      }
    });

    it(`is the same on ${name} within 1e-9: GRIDE in adaptive neighbourhoods`, async () => {
      for (const maxk of [30, 100] as const) {
        for (const iterations of [1, 2, 5]) {
          const expected = reference['adaptive gride'][`${maxk}`].values[iterations]!;
          const options = {
            estimator: 'adaptive-gride',
            maxk,
            iterations,
            finite: true,
            filter: true,
          } as const;
          await check(options, expected);
        }
      }
    });

    it(`is the same on ${name} within 1e-9: the binomial estimator and its error`, async () => {
      for (const { k, ratio, value, error, posterior } of reference.binomial) {
        const options = { estimator: 'binomial', k, ratio, interval: 'iid' } as const;
        const mean = await intrinsicDimension(points, { ...options, posterior: true });
        assertClose(mean.value, posterior.value, 1e-9, `mean of the posterior, k ${k}`);
        assertClose(mean.standardError, posterior.error, 1e-9, `its error, k ${k}`);
        const found = await intrinsicDimension(points, options);
        assertClose(found.value, value, 1e-9, `${k}, ${ratio}`);
        assertClose(found.standardError, error, 1e-9, `error of ${k}, ${ratio}`);
      }
    });

    it(`has scipy's minimum spanning tree on ${name} within 1e-9, and the dimension of such trees`, async () => {
      const set = await space(points);
      const lengths = spanningLengths(set.n, set.distance);
      assert.equal(lengths.length - 1, reference.tree.edges);
      const sum = (power: number): number => lengths.reduce((total, length) => total + length ** power, 0);
      assertClose(sum(1), reference.tree['1'], 1e-9, 'length');
      assertClose(sum(0.5), reference.tree['0.5'], 1e-9, 'sum of roots');
      const { mean, deviation } = reference.ph0;
      const { value, standardError } = await intrinsicDimension(points, { estimator: 'ph0' });
      // One run beside the mean of 20: four standard errors of subsampling.
      const tolerance = 4 * deviation * Math.sqrt(1 + 1 / 20);
      assert.ok(Math.abs(value - mean) < tolerance, `${value} instead of ${mean} +- ${tolerance}`);
      assert.ok(standardError > 0 && standardError < value / 4, `${standardError}`);
    });

    it(`has the corrected participation ratio of its authors on ${name} within 1e-9`, async () => {
      const { both, row, col } = reference['participation ratio'];
      const estimator = 'participation-ratio-corrected' as const;
      await check({ estimator }, row);
      await check({ estimator, correct: 'coordinates' }, col);
      if (both > 0) await check({ estimator, correct: 'both' }, both);
      else {
        await assert.rejects(
          intrinsicDimension(points, { estimator, correct: 'both' }),
          /vary too independently/,
        );
      }
    });
  }

  it('departs from DADApy where points are repeated: these are removed, and DADApy gives 0', async () => {
    const { asIs, bayes } = SETS['dup_cube_d3_D3']!;
    assert.equal(asIs!.bayes, 0);
    assert.ok(bayes.value > 2);
  });

  it('finds a plane by its trees, from points and from distances alike, and refuses what grows with the number', async () => {
    const points = flatTorus({ points: 300, dimension: 2, seed: 1 });
    const { value, interval, scale } = await intrinsicDimension(points, { estimator: 'ph0' });
    assert.ok(Math.abs(value - 2) < 0.25, `${value}`);
    assert.ok(interval.lower < 2.1 && 2.1 < interval.upper);
    const set = await space(points);
    const distances = Float64Array.from({ length: 300 ** 2 }, (_, p) =>
      p % 301 === 0 ? 0 : set.distance(Math.floor(p / 300), p % 300),
    );
    const measured = await intrinsicDimension({ distances }, { estimator: 'ph0' });
    assertClose(measured.value, value, 1e-12, 'from distances');
    assertClose(measured.scale, scale, 1e-12, 'scale');
    const far = { data: Float64Array.from({ length: 80 }, (_, i) => 2 ** i), shape: [80, 1] as const };
    await assert.rejects(
      intrinsicDimension(far, { estimator: 'ph0' }),
      /in proportion to their number or faster/,
    );
    await assert.rejects(
      intrinsicDimension(cube({ points: 40, dimension: 2 }), { estimator: 'ph0' }),
      /40 points are too few for trees of 8 sizes and a standard error: give 48 or more/,
    );
  });

  it('refuses counts in balls that hold nothing or everything, and a ratio that is none', async () => {
    const points = cube({ points: 40, dimension: 2, seed: 1 });
    await assert.rejects(
      intrinsicDimension(points, { estimator: 'binomial', ratio: 1e-6 }),
      /the inner balls of 40 points hold none of the points in the balls: choose a larger ratio or k/,
    );
    await assert.rejects(
      intrinsicDimension(points, { estimator: 'binomial', ratio: 1 }),
      /ratio must be in \(0, 1\), got 1/,
    );
    await assert.rejects(
      intrinsicDimension(points, { estimator: 'abide' }),
      /100 neighbours need at least 101/,
    );
  });

  it('finds local TwoNN in neighbourhoods, as Ruppik et al. 2025 average it', async () => {
    const points = flatTorus({ points: 300, dimension: 2, seed: 1 });
    const { values, mean } = await localId(points, { estimator: 'two-nn', neighbourhood: 64 });
    assert.equal(values.length, 300);
    assert.ok(Math.abs(mean - 2) < 0.5, `${mean}`);
  });

  it('finds the participation ratio that is known, where the uncorrected one is far too low', async () => {
    const truth = (100 * 1.5) ** 2 / (50 * 1 + 50 * 4);
    const { data, shape } = gaussian({ points: 60, dimension: 100, seed: 1 });
    const points = { data: data.map((value, p) => value * (p % 2 === 0 ? 1 : Math.SQRT2)), shape };
    const { value, interval } = await intrinsicDimension(points, {
      estimator: 'participation-ratio-corrected',
    });
    const plain = await intrinsicDimension(points, { estimator: 'participation-ratio' });
    assert.ok(interval.lower < truth && truth < interval.upper, `${value}`);
    assert.ok(plain.value < truth / 2, `${plain.value}`);
  });
});

describe('idDecimation', () => {
  it('sees the noise with many points and the plane beneath with few, and sums its errors over the parts', async () => {
    const plane = embed(cube({ points: 1600, dimension: 2, seed: 1 }), {
      coordinates: 6,
      noise: 0.01,
      seed: 2,
    });
    const { curve, points } = await idDecimation(plane, { estimator: 'two-nn-mle', least: 100 });
    assert.equal(points, 1600);
    assert.deepEqual(
      curve.map(({ parts, size }) => [parts, size]),
      [
        [1, 1600],
        [2, 800],
        [4, 400],
        [8, 200],
        [16, 100],
      ],
    );
    assert.ok(curve[0]!.value > curve.at(-1)!.value + 0.4, `${curve.map(({ value }) => value)}`);
    for (let step = 1; step < curve.length; step++) assert.ok(curve[step]!.scale > curve[step - 1]!.scale);
    // Errors grow like 1 / sqrt(size) in a part and shrink like 1 / sqrt(parts) over them.
    assertClose(
      curve[4]!.standardError / curve[4]!.value,
      curve[0]!.standardError / curve[0]!.value,
      0.25,
      'error',
    );
  });

  it('takes distances, and refuses what is out of range', async () => {
    const { data, shape } = cube({ points: 200, dimension: 1, seed: 1 });
    const distances = Float64Array.from({ length: 200 * 200 }, (_, p) =>
      Math.abs(data[Math.floor(p / 200)]! - data[p % 200]!),
    );
    const fromDistances = await idDecimation({ distances }, { partSeed: 4 });
    const { curve } = await idDecimation({ data, shape }, { partSeed: 4 });
    for (const [step, { value }] of curve.entries())
      assertClose(fromDistances.curve[step]!.value, value, 1e-12, `step ${step}`);
    await assert.rejects(idDecimation({ data, shape }, { least: 2 }), /least must be a whole number/);
    await assert.rejects(
      idDecimation({ data, shape }, { estimator: 'levina-bickel', k: 60 }),
      /with 50 of the points: 60 neighbours need at least 61/,
    );
  });
});

describe('errors of comparisons and corrections', () => {
  it('GRIDE in adaptive neighbourhoods claims the spread that it has', () =>
    assertClaimsSpread((seed) => {
      // With more neighbours than a twentieth of the points the sandwich is too wide, as that of GRIDE is.
      const points = flatTorus({ points: 400, dimension: 2, seed });
      return intrinsicDimension(points, { estimator: 'adaptive-gride', maxk: 12 });
    }));

  it('the binomial estimator claims the spread that it has', () =>
    assertClaimsSpread((seed) => {
      const points = flatTorus({ points: 300, dimension: 2, seed });
      return intrinsicDimension(points, { estimator: 'binomial', k: 10 });
    }));

  it('ABIDE claims the spread that it has', () =>
    assertClaimsSpread((seed) => {
      const points = flatTorus({ points: 300, dimension: 2, seed });
      return intrinsicDimension(points, { estimator: 'abide', maxk: 30 });
    }));

  it('the dimension of trees claims the spread that it has', () =>
    assertClaimsSpread((seed) => {
      const points = flatTorus({ points: 240, dimension: 2, seed });
      return intrinsicDimension(points, { estimator: 'ph0', draws: 2 });
    }, 0.35));

  for (const [points, dimension] of [
    [60, 100],
    [400, 3],
  ] as const) {
    it(`the corrected participation ratio of ${points} points in ${dimension} dimensions claims the spread that it has`, () =>
      assertClaimsSpread((seed) => {
        const { data, shape } = gaussian({ points, dimension, seed });
        const stretched = {
          data: data.map((value, p) => value * [1, 1.5, 2.5][(p % dimension) % 3]!),
          shape,
        };
        return intrinsicDimension(stretched, { estimator: 'participation-ratio-corrected' });
      }));
  }

  for (const noise of THOROUGH ? [0.1, 1, 100] : [1]) {
    // The errors are up to two fifths off themselves where there are few points: between pairs of them more than they count.
    const pair = (seed: number) => {
      const a = gaussian({ points: 120, dimension: 2, seed });
      const normal = normals(mulberry32(1000 + seed));
      return { a, b: { data: a.data.map((value) => value + noise * normal()), shape: a.shape } };
    };

    it(`information imbalance claims the spread that it has, with noise ${noise}`, () =>
      assertClaimsSpread(async (seed) => {
        const { a, b } = pair(seed);
        return (await informationImbalance(a, b)).aToB;
      }, 0.4));

    it(`overlaps claim the spread that they have, with noise ${noise}`, async () => {
      await assertClaimsSpread((seed) => {
        const { a, b } = pair(seed);
        return neighbourhoodOverlap(a, b, { k: 10 });
      }, 0.4);
      await assertClaimsSpread((seed) => {
        const { a, b } = pair(seed);
        const labels = Array.from({ length: 120 }, (_, i) => (b.data[2 * i]! > 0 ? 'right' : 'left'));
        return labelOverlap(a, labels, { k: 10 });
      }, 0.4);
    });
  }

  it('information imbalance is the same from distances, which are measured and not bounded', async () => {
    const a = flatTorus({ points: 150, dimension: 2, seed: 1 });
    const b = firstColumns(a, 2);
    const distances = Float64Array.from({ length: 150 * 150 }, (_, p) => {
      const [i, j] = [Math.floor(p / 150), p % 150];
      return Math.hypot(b.data[2 * i]! - b.data[2 * j]!, b.data[2 * i + 1]! - b.data[2 * j + 1]!);
    });
    const { aToB, bToA } = await informationImbalance(a, b, { k: 3 });
    const measured = await informationImbalance(a, { distances }, { k: 3 });
    assertClose(measured.aToB.value, aToB.value, 1e-12, 'a to b');
    assertClose(measured.bToA.value, bToA.value, 1e-12, 'b to a');
  });

  it('refuse what cannot be compared', async () => {
    const a = gaussian({ points: 20, dimension: 2, seed: 1 });
    const b = gaussian({ points: 21, dimension: 2, seed: 1 });
    await assert.rejects(informationImbalance(a, b), /20 and 21 rows: row i of both must describe the same/);
    await assert.rejects(neighbourhoodOverlap(a, a, { k: 20 }), /20 neighbours need at least 21/);
    await assert.rejects(labelOverlap(a, [1, 2]), /2 labels for 20 rows/);
    await assert.rejects(
      labelOverlap(a, new Int32Array(20), { k: 3, classFraction: 0.1 }),
      /both set the number of neighbours/,
    );
  });
});
