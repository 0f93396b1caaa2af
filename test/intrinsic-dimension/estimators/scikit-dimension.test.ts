import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { divergence } from '../../../src/intrinsic-dimension/estimators/global/concentration';
import { concentration } from '../../../src/intrinsic-dimension/estimators/global/danco';
import { bestDimension, edgeLengths } from '../../../src/intrinsic-dimension/estimators/global/knn-graph';
import { marchenkoPasturMedian } from '../../../src/intrinsic-dimension/estimators/linear/rules';
import { type IdOptions, intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import { type LocalIdOptions, localId } from '../../../src/intrinsic-dimension/local-id';
import { cube, embed, flatTorus, gaussian } from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { space } from '../../../src/intrinsic-dimension/points/space';
import { tableOfMembers } from '../../../src/intrinsic-dimension/subsamples';
import { readNpy } from '../golden';

/** Dimensions at points: the first, how they combine, and the first of their means over neighbours. */
interface Summary {
  first: number[];
  smoothed: number[];
  mean: number;
  median: number;
  harmonic: number;
  /** Mean of the library as it is, where it departs from its paper; null where it is not a number. */
  asIs?: number | null;
}

type PointwiseName = 'mle 20' | 'mom 20' | 'mom 100' | 'mada 20' | 'tle 20' | 'ess a' | 'ess b';

/** What scikit-dimension gives for one set, made by reference.py. */
type Reference = Record<PointwiseName, Summary> & {
  mind: { whole: number; real: number; 'real as is': number };
  fisher: number | null;
  knn: { dimension: number; residual: number; 'runs as is': number[] };
  /** Null where the points have too many coordinates for the library to calibrate in a minute. */
  danco: {
    seen: { dhat: number; mu_nu: number; mu_tau: number };
    divergence: number;
    values: number[];
    whole: number[];
    'as is': number[];
  } | null;
  'ess order 2': number[];
  'ess drawn': number[];
  pca: Record<string, number | null> & { pointwise: Record<'FO' | 'participation_ratio', number[]> };
};

const FIXTURE = JSON.parse(
  readFileSync(join(__dirname, '../../fixtures/scikit-dimension/scikit-dimension.json'), 'utf8'),
) as { noiseMedians: Record<string, number>; sets: Record<string, Reference> };

function assertClose(value: number, expected: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(value - expected) <= tolerance * Math.abs(expected),
    `${what}: ${value} instead of ${expected}`,
  );
}

type Flat = { data: Float32Array | Float64Array; shape: readonly [number, number] };

function last(count: number, { data, shape: [n, d] }: Flat): Flat {
  return { data: data.subarray((n - count) * d), shape: [count, d] };
}

/** The points as distances: of neighbours at the same distance the first point comes first, as in the reference. */
function inOrder({ data, shape: [n, d] }: Flat): { distances: Float64Array } {
  const distances = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let c = 0; c < d; c++) sum += (data[i * d + c]! - data[j * d + c]!) ** 2;
      distances[i * n + j] = Math.sqrt(sum);
    }
  }
  return { distances };
}

/** The estimates of 100 sets vary by as much as each says. */
async function assertClaimsSpread(options: IdOptions, draw: (seed: number) => Flat): Promise<void> {
  const estimates = [];
  for (let seed = 1; seed <= 100; seed++) estimates.push(await intrinsicDimension(draw(seed), options));
  const mean = estimates.reduce((sum, { value }) => sum + value / 100, 0);
  const spread = Math.sqrt(estimates.reduce((sum, { value }) => sum + (value - mean) ** 2 / 99, 0));
  const claimed = estimates.reduce((sum, { standardError }) => sum + standardError / 100, 0);
  // The spread of 100 repetitions is itself known to 7 %.
  assert.ok(Math.abs(claimed / spread - 1) < 0.25, `claimed ${claimed}, true ${spread}`);
}

const POINTWISE: [PointwiseName, IdOptions & LocalIdOptions][] = [
  ['mle 20', { estimator: 'levina-bickel', k: 20 }],
  ['mom 20', { estimator: 'mom', k: 20 }],
  ['mom 100', { estimator: 'mom' }],
  ['mada 20', { estimator: 'mada' }],
  ['tle 20', { estimator: 'tle' }],
  ['ess a', { estimator: 'ess', k: 30 }],
  ['ess b', { estimator: 'ess', k: 30, variant: 'b' }],
];

const RULES: [string, IdOptions][] = [
  ['fukunaga-olsen', { rule: 'fukunaga-olsen' }],
  ['fukunaga-olsen .2', { rule: 'fukunaga-olsen', alphaFO: 0.2 }],
  ['fan', { rule: 'fan' }],
  ['fan 2 .5 .9', { rule: 'fan', alphaFan: 2, betaFan: 0.5, pFan: 0.9 }],
  ['max-gap', { rule: 'max-gap' }],
  ['variance .05', { variance: 0.05 }],
  ['variance .7', { variance: 0.7 }],
  ['kaiser', { rule: 'kaiser' }],
  ['broken-stick', { rule: 'broken-stick' }],
  ['minka', { rule: 'minka' }],
  ['marchenko-pastur', { rule: 'marchenko-pastur' }],
  ['parallel-analysis', { rule: 'parallel-analysis' }],
];

describe('what scikit-dimension has', () => {
  for (const [name, reference] of Object.entries(FIXTURE.sets)) {
    const folder = name.startsWith('noisy') || name.startsWith('rounded') ? 'scikit-dimension' : 'golden';
    const points = last(300, readNpy(name, folder));
    const tied = name.startsWith('rounded');

    it(`is the same on ${name} within 1e-9: dimensions at points, and their combinations`, async () => {
      for (const [key, options] of POINTWISE) {
        const { first, smoothed, mean, median, harmonic } = reference[key];
        const local = await localId(tied ? inOrder(points) : points, { ...options, smooth: true });
        for (const [i, value] of first.entries())
          assertClose(local.values[i]!, value, 1e-9, `${key} at ${i}`);
        for (const [i, value] of smoothed.entries())
          assertClose(local.smoothed![i]!, value, 1e-9, `${key} around ${i}`);
        for (const [combine, value] of Object.entries(tied ? { mean, median, harmonic } : { mean })) {
          const how = { ...options, combine: combine as 'mean' };
          const { value: found } = await intrinsicDimension(tied ? inOrder(points) : points, how);
          assertClose(found, value, 1e-9, `${key} ${combine}`);
        }
        assertClose(local.mean, mean, 1e-9, `${key} mean`);
        assertClose(local.median, median, 1e-9, `${key} median`);
        assertClose(local.harmonicMean, harmonic, 1e-9, `${key} harmonic mean`);
      }
    });

    it(`is the same on ${name}: MiND-ML, Fisher separability, and skewness of triangles within its chance`, async () => {
      const { real, whole, 'real as is': asIs } = reference.mind;
      const { value: mostLikely } = await intrinsicDimension(points, { estimator: 'mind-ml' });
      assertClose(mostLikely, real, 1e-9, 'MiND-MLk');
      // The library's optimiser starts at the best whole number, and may end there.
      assert.ok(Math.abs(mostLikely - asIs) <= 0.5, `MiND-MLk of the library: ${asIs}`);
      const options = { estimator: 'mind-ml', integer: true } as const;
      assert.equal((await intrinsicDimension(points, options)).value, whole, 'MiND-MLi');
      const { value: separable } = await intrinsicDimension(points, { estimator: 'fisher-separability' });
      assertClose(separable, reference.fisher!, 1e-9, 'FisherS');
      const given = tied ? inOrder(points) : points;
      const all = await localId(given, { estimator: 'ess', k: 30, order: 2 });
      for (const [i, value] of reference['ess order 2'].entries())
        assertClose(all.values[i]!, value, 1e-9, `ESS of order 2 at ${i}`);
      if (!['sphere_d5_D6', 'noisy_d2_D10'].includes(name)) return; // a second each
      const drawn = await localId(given, { estimator: 'ess', k: 60, order: 2 });
      // 5,000 of 34,220 triples, whose volumes vary by about .3 of their mean and more, tell the skewness to half a percent.
      for (const [i, value] of reference['ess drawn'].entries())
        assertClose(drawn.values[i]!, value, 0.05, `ESS of drawn triples at ${i}`);
    });

    it(`is the same on ${name}: graphs of subsets`, async () => {
      const set = await space(points);
      const table = await set.neighbours(40, {});
      const sizes = [100, 150, 200, 250];
      // As in reference.py.
      const members = (size: number, call: number): Int32Array =>
        Int32Array.from({ length: size }, (_, t) => (7 * t + 13 * call) % set.n);
      const graphs = sizes.map((size, q) => ({
        size,
        lengths: [0, 1, 2].map((j) =>
          edgeLengths(tableOfMembers(set, table, 2, members(size, 3 * q + j)), 2, 2, 1).reduce(
            (a, b) => a + b,
          ),
        ),
      }));
      const { dimension, residual } = bestDimension(graphs, 2, points.shape[1]);
      assert.equal(dimension, reference.knn.dimension);
      assertClose(residual, reference.knn.residual, 1e-9, 'residual');
    });

    it(`is the same on ${name}: DANCo, within the chance of its balls`, async () => {
      if (!reference.danco) return;
      const { seen, divergence: apart, values, whole } = reference.danco;
      const set = await space(tied ? inOrder(points) : points);
      const { observed } = await concentration(set, await set.neighbours(11, {}), 10, {});
      assertClose(observed.nu, seen.mu_nu, 1e-9, 'mean angle');
      assertClose(observed.tau, seen.mu_tau, 1e-9, 'concentration of angles');
      const of = { dimension: seen.dhat, nu: seen.mu_nu, tau: seen.mu_tau };
      assertClose(divergence(of, { dimension: 3.3, nu: 1.3, tau: 2.1 }, 10), apart, 1e-9, 'divergence');
      // With other balls the library's own values vary by 3 %, and so do ours; spline and parabola differ by less.
      const { value } = await intrinsicDimension(points, { estimator: 'danco' });
      const mean = values.reduce((sum, each) => sum + each / 5, 0);
      // The library looks no further than the number of coordinates.
      assertClose(Math.min(value, points.shape[1]), mean, 0.1, 'DANCo');
      const counted = await intrinsicDimension(points, { estimator: 'danco', wholeDimension: true });
      assert.ok(
        whole.some((each) => Math.abs(each - counted.value) <= 1),
        `whole: ${counted.value}`,
      );
    });

    it(`is the same on ${name}: rules for principal components, of the set and at points`, async () => {
      for (const [key, options] of RULES) {
        if (reference.pca[key] === null) continue; // chance decides
        const { value } = await intrinsicDimension(points, { estimator: 'pca', ...options });
        assert.equal(value, reference.pca[key], key);
      }
      // Of neighbours at the same distance the library may take another.
      if (tied) return;
      const neighbourhood = 30;
      const { FO, participation_ratio } = reference.pca.pointwise;
      const counted = await localId(points, { estimator: 'pca', rule: 'fukunaga-olsen', neighbourhood });
      assert.deepEqual(Array.from(counted.values.subarray(0, FO.length)), FO);
      const ratios = await localId(points, { estimator: 'participation-ratio', neighbourhood });
      for (const [i, value] of participation_ratio.entries())
        assertClose(ratios.values[i]!, value, 1e-9, `participation ratio at ${i}`);
    });
  }
});

describe('where scikit-dimension departs from its papers', () => {
  const of = (name: string): Reference => FIXTURE.sets[name]!;

  it('it takes rounding for gaps, and divides 0 by 0 on a lattice', async () => {
    const cube5 = last(300, readNpy('cube_d5_D10'));
    const { value } = await intrinsicDimension(cube5, { estimator: 'pca', rule: 'max-gap' });
    assert.deepEqual([value, of('cube_d5_D10').pca['max-gap as is']], [5, 7]);
    const lattice = last(300, readNpy('rounded_d3_D3', 'scikit-dimension'));
    assert.equal(of('rounded_d3_D3')['tle 20'].asIs, null);
    assert.ok(Number.isFinite((await intrinsicDimension(lattice, { estimator: 'tle' })).value));
  });

  it('its graphs of a few points give another dimension in every run; ours on the same set differ by one at most', async () => {
    const runs = of('sphere_d5_D6').knn['runs as is'];
    assert.ok(Math.max(...runs) - Math.min(...runs) >= 3, `${runs}`);
    const sphere = last(300, readNpy('sphere_d5_D6'));
    for (let seed = 1; seed <= 5; seed++) {
      const { value } = await intrinsicDimension(sphere, { estimator: 'knn-graph', seed });
      assert.ok(Math.abs(value - 5) <= 1, `${value}`);
    }
  });

  it('its balls and mean angles make DANCo find 6 on a sphere of dimension 5', async () => {
    for (const value of of('sphere_d5_D6').danco!['as is']) assert.ok(value > 5.9, `${value}`);
    const { value } = await intrinsicDimension(last(300, readNpy('sphere_d5_D6')), { estimator: 'danco' });
    assert.ok(Math.abs(value - 5) < 0.5, `${value}`);
  });
});

describe('rules for principal components', () => {
  it('know the median of the Marchenko-Pastur law', () => {
    // The integral has 4,000 steps, and its error falls with their square.
    for (const [shape, median] of Object.entries(FIXTURE.noiseMedians))
      assertClose(marchenkoPasturMedian(Number(shape)), median, 1e-6, shape);
  });

  it('refuse an option that the rule does not read, and too few points for the evidence', async () => {
    const points = gaussian({ points: 20, dimension: 30, seed: 1 });
    await assert.rejects(
      intrinsicDimension(points, { estimator: 'pca', rule: 'kaiser', variance: 0.9 }),
      /rule 'kaiser' does not read variance: leave it out, or choose rule 'variance'/,
    );
    await assert.rejects(
      intrinsicDimension(points, { estimator: 'pca', rule: 'minka' }),
      /rule 'minka' needs more points than coordinates, got 20 and 30/,
    );
    await assert.rejects(
      intrinsicDimension(points, { estimator: 'pca', rule: 'scree' as 'fan' }),
      /rule must be one of variance, fukunaga-olsen, .*, got 'scree'/,
    );
  });

  it('count no rounding errors as directions above noise', async () => {
    const plane = gaussian({ points: 60, dimension: 6, seed: 1 });
    // In 90 coordinates, 54 of the 60 eigenvalues are rounding errors.
    const points = embed(plane, { coordinates: 90, seed: 2 });
    for (const rule of ['max-gap', 'marchenko-pastur'] as const) {
      const { value, interval } = await intrinsicDimension(points, { estimator: 'pca', rule });
      assert.deepEqual([value, interval.lower, interval.upper], [6, 6, 6], rule);
    }
  });

  it('find three directions above noise', async () => {
    const { data, shape } = gaussian({ points: 400, dimension: 20, seed: 1 });
    const signal = gaussian({ points: 400, dimension: 3, seed: 2 }).data;
    const noisy = data.map(
      (value, p) => value + (p % 20 < 3 ? 5 * signal[3 * Math.floor(p / 20) + (p % 20)]! : 0),
    );
    const points = embed({ name: 'noisy', dimension: 3, data: noisy, shape }, { coordinates: 20, seed: 3 });
    for (const rule of [
      'fan',
      'max-gap',
      'kaiser',
      'minka',
      'marchenko-pastur',
      'parallel-analysis',
    ] as const) {
      const { value, interval } = await intrinsicDimension(points, { estimator: 'pca', rule });
      assert.equal(value, 3, rule);
      assert.ok(interval.lower <= 3 && interval.upper >= 3, rule);
    }
  });

  it('know how sure a count around 10 is: the interval of one sample holds the counts of others', async () => {
    const estimates = [];
    for (let seed = 1; seed <= 60; seed++) {
      const { data, shape } = gaussian({ points: 100, dimension: 20, seed });
      const falling = data.map((value, p) => value * (1 - (p % 20) / 25));
      estimates.push(
        await intrinsicDimension({ data: falling, shape }, { estimator: 'pca', variance: 0.785 }),
      );
    }
    const counts = estimates.map(({ value }) => value);
    assert.ok(Math.min(...counts) < 10 && Math.max(...counts) >= 10, `${counts}`);
    // An interval of 95 % around one sample holds another's count with a probability of .83 or more.
    const held = estimates.reduce(
      (sum, { interval }) =>
        sum + counts.filter((count) => interval.lower <= count && count <= interval.upper).length / 3600,
      0,
    );
    assert.ok(held > 0.75, `${held}`);
  });
});

describe('knn-graph', () => {
  for (const dimension of [2, 4]) {
    it(`finds dimension ${dimension} of tori, give or take one, and its intervals hold it`, async () => {
      const estimates = [];
      for (let seed = 1; seed <= 20; seed++) {
        const points = embed(flatTorus({ points: 400, dimension, seed }), { coordinates: 12, seed });
        estimates.push(await intrinsicDimension(points, { estimator: 'knn-graph', repetitions: 5, seed }));
      }
      assert.ok(estimates.every(({ value }) => Math.abs(value - dimension) <= 1));
      // Of 20 intervals of 95 %, 17 or more hold the truth with a probability of .98.
      const held = estimates.filter(
        ({ interval }) => interval.lower <= dimension && dimension <= interval.upper,
      );
      assert.ok(held.length >= 17, `${held.length} of 20`);
    });
  }
});

describe('danco', () => {
  it('claims the spread that sets and balls together have', async () => {
    const estimates = [];
    for (let seed = 1; seed <= 30; seed++) {
      const points = embed(flatTorus({ points: 200, dimension: 2, seed }), { coordinates: 8, seed });
      estimates.push(await intrinsicDimension(points, { estimator: 'danco', seed }));
    }
    const mean = estimates.reduce((sum, { value }) => sum + value / 30, 0);
    const spread = Math.sqrt(estimates.reduce((sum, { value }) => sum + (value - mean) ** 2 / 29, 0));
    const claimed = estimates.reduce((sum, { standardError }) => sum + standardError / 30, 0);
    // The spread of 30 repetitions is itself known to 13 %.
    assert.ok(Math.abs(claimed / spread - 1) < 0.4, `claimed ${claimed}, true ${spread}`);
  });

  it('counts whole dimensions, far above k, too', async () => {
    const points = gaussian({ points: 200, dimension: 16, seed: 1 });
    const { value } = await intrinsicDimension(points, { estimator: 'danco', wholeDimension: true });
    assert.ok(Number.isInteger(value) && Math.abs(value - 16) <= 4, `${value}`);
  });
});

describe('fisher-separability', () => {
  it('claims the spread that 100 normal sets have', async () => {
    await assertClaimsSpread({ estimator: 'fisher-separability' }, (seed) =>
      gaussian({ points: 200, dimension: 5, seed }),
    );
  });

  it('refuses points of which each is separable from all others', async () => {
    await assert.rejects(
      intrinsicDimension(gaussian({ points: 100, dimension: 90, seed: 1 }), {
        estimator: 'fisher-separability',
        conditionNumber: 1e6,
      }),
      /all 100 points are separable at margin 0.6/,
    );
  });
});

describe('estimators with a dimension at each point', () => {
  const cases: IdOptions[] = [
    { estimator: 'levina-bickel', k: 10, unbiased: true, combine: 'median' },
    { estimator: 'levina-bickel', k: 10, combine: 'harmonic' },
    { estimator: 'mom', k: 10 },
    { estimator: 'mada', k: 20, combine: 'median' },
    { estimator: 'tle', k: 10 },
    { estimator: 'ess', k: 20 },
    { estimator: 'ess', k: 20, variant: 'b', combine: 'median' },
    { estimator: 'mind-ml', k: 10 },
  ];
  for (const options of cases) {
    it(`claim the spread that 100 flat tori have: ${Object.values(options).join(' ')}`, async () => {
      await assertClaimsSpread(options, (seed) => flatTorus({ points: 300, dimension: 2, seed }));
    });
  }

  it('bear points with tied distances in the harmonic mean, and refuse them in the mean', async () => {
    const { data } = cube({ points: 200, dimension: 2, seed: 3 });
    // Two points at the same distance from a third, far away from all others.
    const points = { data: Float64Array.of(...data, 9, 9, 9, 10, 9, 8), shape: [203, 2] as const };
    const options = { estimator: 'mom', k: 2 } as const;
    await assert.rejects(
      intrinsicDimension(points, options),
      /1 of 203 points have neighbours all at the same distance.*combine: 'harmonic'/,
    );
    const { value } = await intrinsicDimension(points, { ...options, combine: 'harmonic' });
    assert.ok(value > 0 && value < 5, `${value}`);
  });
});

describe('localId', () => {
  it('applies an estimator of whole sets to neighbourhoods, of coordinates and of distances', async () => {
    const points = cube({ points: 120, dimension: 2, seed: 1 });
    const options = { estimator: 'gride', neighbourhood: 40 } as const;
    const { values } = await localId(points, options);
    const far = await localId(inOrder(points), options);
    for (const [i, value] of values.entries()) assertClose(far.values[i]!, value, 1e-9, `point ${i}`);
    const table = await (await space(points)).neighbours(40, {});
    const members = Array.from(table.indices.subarray(0, 40), (j) =>
      Array.from(points.data.subarray(2 * j, 2 * j + 2)),
    );
    assertClose(
      values[0]!,
      (await intrinsicDimension(members, { estimator: 'gride' })).value,
      1e-12,
      'first',
    );
  });

  it('refuses what it would not read, and names the neighbourhood in which an estimator fails', async () => {
    const points = cube({ points: 60, dimension: 2 });
    await assert.rejects(localId(points, { k: 2 }), /k must be a whole number of at least 3, got 2/);
    await assert.rejects(
      localId(points, { estimator: 'mada', neighbourhood: 50 }),
      /mada gives a dimension at each point itself: leave neighbourhood out/,
    );
    await assert.rejects(
      localId(points, { combine: 'median' } as LocalIdOptions),
      /localId returns the mean, the median and the harmonic mean: leave combine out/,
    );
    await assert.rejects(
      localId(points, { estimator: 'pca', neighbourhood: 2 }),
      /neighbourhood must be a whole number of at least 3, got 2/,
    );
    await assert.rejects(
      localId(points, { estimator: 'correlation', neighbourhood: 10 }),
      /in the neighbourhood of row 0: 20 neighbours need at least 21/,
    );
  });
});
