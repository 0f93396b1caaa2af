import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import { ESTIMATORS, type EstimatorName } from '../../../src/intrinsic-dimension/estimators/registry';
import { type IdOptions, intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import { localId } from '../../../src/intrinsic-dimension/local-id';
import { cube, embed, flatTorus, gaussian } from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { idScale } from '../../../src/intrinsic-dimension/scale';
import { loadBackend } from '../../../src/runtime/backend';
import { GOLDEN, readNpy } from '../golden';

function assertClose(value: number, expected: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(value - expected) <= tolerance * Math.abs(expected),
    `${what}: ${value} instead of ${expected}`,
  );
}

/** Rows of pairwise Euclidean distances. */
function distancesOf({ data, shape: [n, d] }: { data: ArrayLike<number>; shape: readonly [number, number] }) {
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => {
      let sum = 0;
      for (let c = 0; c < d; c++) sum += (data[i * d + c]! - data[j * d + c]!) ** 2;
      return Math.sqrt(sum);
    }),
  );
}

/** What estimators of discrete points can read of a number in [0, 1); their unit is the distance of neighbouring values. */
const DISCRETE: Partial<Record<EstimatorName, (x: number) => number>> = {
  i3d: (x) => Math.floor(20 * x),
  bid: (x) => (x < 0.5 ? 0 : 1),
};

describe('estimators', () => {
  before(async () => {
    await loadBackend();
  });

  for (const [name, golden] of Object.entries(GOLDEN)) {
    it(`agree with the float64 reference on ${name} within 1e-9`, async () => {
      const points = readNpy(name);
      const check = async (options: IdOptions, expected: number): Promise<void> => {
        const { value } = await intrinsicDimension(points, options);
        assertClose(value, expected, 1e-9, JSON.stringify(options));
      };
      await check({}, golden.twoNnLinear);
      await check({ estimator: 'two-nn-mle' }, golden.twoNnMle);
      await check({ estimator: 'two-nn-mle', discardFraction: 0.1 }, golden.twoNnMleCensored);
      for (const { k, levinaBickel, levinaBickelUnbiased, mackayGhahramani } of golden.nearest) {
        await check({ estimator: 'levina-bickel', k }, levinaBickel);
        await check({ estimator: 'levina-bickel', k, unbiased: true }, levinaBickelUnbiased);
        await check({ estimator: 'mackay-ghahramani', k }, mackayGhahramani);
      }
      for (const { n1, n2, value } of golden.gride) await check({ estimator: 'gride', n1, n2 }, value);
      await check({ estimator: 'correlation', k1: 10, k2: 20 }, golden.correlation);
      await check({ estimator: 'participation-ratio' }, golden.participationRatio);
      await check({ estimator: 'pca' }, golden.pca95);
    });
  }

  it('take a matrix of distances for the points, duplicates included', async () => {
    const points = readNpy('dup_cube_d3_D3');
    const distances = distancesOf(points);
    const flat = Float64Array.from(distances.flat());
    const estimators: EstimatorName[] = ['two-nn', 'levina-bickel', 'gride', 'correlation'];
    for (const estimator of estimators) {
      const expected = await intrinsicDimension(points, { estimator });
      for (const form of [{ distances }, { distances: flat }]) {
        const { value, points: count, duplicates } = await intrinsicDimension(form, { estimator });
        assertClose(value, expected.value, 1e-9, estimator);
        assert.deepEqual([count, duplicates], [expected.points, expected.duplicates]);
      }
    }
    await assert.rejects(
      intrinsicDimension({ distances }, { estimator: 'pca' }),
      /pca needs the coordinates of the points/,
    );
  });

  it('take distances as a tensor', async () => {
    const points = cube({ points: 100, dimension: 2, seed: 3 });
    const distances = tf.tensor2d(distancesOf(points));
    assertClose(
      (await intrinsicDimension({ distances })).value,
      (await intrinsicDimension(points)).value,
      1e-5,
      'two-nn',
    );
    distances.dispose();
  });

  it('tell their progress on a matrix of distances, and stop in the middle', async () => {
    const distances = distancesOf(cube({ points: 1500, dimension: 2, seed: 3 }));
    const controller = new AbortController();
    const shares: number[] = [];
    const onProgress = (share: number): void => {
      shares.push(share);
      setTimeout(() => controller.abort(new Error('enough')));
    };
    await assert.rejects(
      intrinsicDimension({ distances }, { onProgress, signal: controller.signal }),
      /enough/,
    );
    assert.ok(shares[0]! > 0 && shares.at(-1)! < 1, `${shares}`);
  });

  it('bear few ties, where they can', async () => {
    const { data } = cube({ points: 200, dimension: 2, seed: 3 });
    // Two points at the same distance from a third, far away from all others.
    const points = { data: Float64Array.of(...data, 9, 9, 9, 10, 9, 8), shape: [203, 2] as const };
    const { value } = await intrinsicDimension(points, { estimator: 'mackay-ghahramani', k: 2 });
    const likelihood = await intrinsicDimension(points, { estimator: 'two-nn-mle' });
    assertClose(value, (likelihood.value * 203) / 202, 1e-12, 'mackay-ghahramani');
  });

  const wrong: { what: string; distances: number[][]; message: RegExp }[] = [
    { what: 'not square', distances: [[0, 1, 2]], message: /square matrix, got 1 row of 3/ },
    {
      what: 'not symmetric',
      distances: [
        [0, 1, 2],
        [3, 0, 1],
        [2, 1, 0],
      ],
      message: /symmetric, but row 1, column 0 .* is 3, and row 0/,
    },
    {
      what: 'negative',
      distances: [
        [0, -1, 2],
        [-1, 0, 1],
        [2, 1, 0],
      ],
      message: /points 1 and 0 .* is -1, and it must not be negative: give distances/,
    },
    { what: 'away from itself', distances: [[1]], message: /point 0 .* to itself is 1, and it must be 0/ },
  ];
  for (const { what, distances, message } of wrong) {
    it(`refuse a matrix of distances that is ${what}`, async () => {
      await assert.rejects(intrinsicDimension({ distances }), message);
    });
  }

  it('with the cosine metric see directions alone', async () => {
    const { data, shape } = gaussian({ points: 800, dimension: 4, seed: 1 });
    const stretched = Float64Array.from(data, (value, p) => value * (1 + (Math.floor(p / 4) % 7)));
    const plain = await intrinsicDimension({ data, shape }, { metric: 'cosine' });
    const scaled = await intrinsicDimension({ data: stretched, shape }, { metric: 'cosine' });
    assertClose(scaled.value, plain.value, 1e-6, 'lengths');
    assert.ok(Math.abs(plain.value - 3) < 0.4, `the sphere S^3 has dimension 3, got ${plain.value}`);
    await assert.rejects(
      intrinsicDimension(
        [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
        ],
        { metric: 'cosine' },
      ),
      /row 0 is 0 and has no direction/,
    );
  });

  it('give the iid error on request: the exact gamma interval of TwoNN, the information of GRIDE', async () => {
    const points = readNpy('cube_d2_D2');
    const { interval } = await intrinsicDimension(points, { estimator: 'two-nn-mle', interval: 'iid' });
    // numpy: scipy.stats.gamma(1000).ppf([.025, .975]) / sum of log mu
    assertClose(interval.lower, 1.7590798164758263, 1e-9, 'lower');
    assertClose(interval.upper, 1.9912852733464939, 1e-9, 'upper');
    for (const { n1, n2, standardError } of GOLDEN['cube_d2_D2']!.gride) {
      const claimed = await intrinsicDimension(points, { estimator: 'gride', n1, n2, interval: 'iid' });
      assertClose(claimed.standardError, standardError, 0.2, `gride ${n1}, ${n2}`);
    }
  });

  it('give the spread of subsamples on request', async () => {
    const points = flatTorus({ points: 400, dimension: 2, seed: 1 });
    const { standardError, subsamples } = await intrinsicDimension(points, {
      estimator: 'mackay-ghahramani',
      k: 5,
      interval: 'subsamples',
    });
    assert.equal(subsamples!.values.length, 20);
    assert.equal(standardError, subsamples!.standardDeviation);
  });

  const truths: { options: IdOptions; dimension: number }[] = [2, 5].flatMap((dimension) => [
    { options: { estimator: 'two-nn-mle' as const }, dimension },
    { options: { estimator: 'mackay-ghahramani' as const, k: 5 }, dimension },
    { options: { estimator: 'gride' as const, n1: 2, n2: 4 }, dimension },
  ]);
  for (const { options, dimension } of truths) {
    it(`${options.estimator}: claims the spread that 100 flat tori of dimension ${dimension} have`, async () => {
      const estimates = [];
      for (let seed = 1; seed <= 100; seed++) {
        estimates.push(await intrinsicDimension(flatTorus({ points: 1000, dimension, seed }), options));
      }
      const mean = estimates.reduce((sum, { value }) => sum + value / 100, 0);
      const spread = Math.sqrt(estimates.reduce((sum, { value }) => sum + (value - mean) ** 2 / 99, 0));
      const claimed = estimates.reduce((sum, { standardError }) => sum + standardError / 100, 0);
      // The spread of 100 repetitions is itself known to 7 %.
      assert.ok(Math.abs(claimed / spread - 1) < 0.25, `claimed ${claimed}, true ${spread}`);
      // Around their mean: the bias of a finite sample is no matter of the error bar.
      const held = estimates.filter(({ interval }) => interval.lower < mean && mean < interval.upper).length;
      assert.ok(held >= 88, `${held} of 100`);
    });
  }

  for (const estimator of ['correlation', 'participation-ratio'] as const) {
    it(`${estimator}: claims the spread that 100 normal sets have`, async () => {
      const estimates = [];
      for (let seed = 1; seed <= 100; seed++) {
        const { data, shape } = gaussian({ points: 400, dimension: 3, seed });
        // Unequal variances: where all are equal the participation ratio is at its maximum, and cannot vary freely.
        const stretched = data.map((value, p) => value * [1, 1.5, 2.5][p % 3]!);
        estimates.push(await intrinsicDimension({ data: stretched, shape }, { estimator }));
      }
      const mean = estimates.reduce((sum, { value }) => sum + value / 100, 0);
      const spread = Math.sqrt(estimates.reduce((sum, { value }) => sum + (value - mean) ** 2 / 99, 0));
      const claimed = estimates.reduce((sum, { standardError }) => sum + standardError / 100, 0);
      assert.ok(Math.abs(claimed / spread - 1) < 0.25, `claimed ${claimed}, true ${spread}`);
    });
  }

  it('count components while others have their turn, and stop in the middle', async () => {
    const points = gaussian({ points: 1000, dimension: 1000, seed: 1 });
    const many = 2;
    let turns = 0;
    let stop: AbortController | undefined;
    const turn = (): void => {
      if (++turns === many) stop?.abort(new Error('enough'));
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    try {
      const { value } = await intrinsicDimension(points, { estimator: 'pca' });
      assert.ok(value > 500 && value < 750, `${value}`);
      assert.ok(turns > many, `${turns}`);
      turns = 0;
      stop = new AbortController();
      const options = { estimator: 'pca', signal: stop.signal } as const;
      await assert.rejects(intrinsicDimension(points, options), /enough/);
    } finally {
      clearImmediate(next);
    }
  });

  it('report progress that never falls, from every long part of the work', async () => {
    const points = gaussian({ points: 300, dimension: 10, seed: 1 });
    const parts: readonly [IdOptions, from: number, to: number, reports: number][] = [
      // Each resampled set has its evidence.
      [{ estimator: 'pca', rule: 'minka' }, 0.9, 1, 200],
      // Each column of each of 20 sets is shuffled.
      [{ estimator: 'pca', rule: 'parallel-analysis' }, 0.09, 0.9, 200],
      // Each point is whitened.
      [{ estimator: 'fisher-separability' }, 0.24, 0.4, 300],
    ];
    const { now } = performance;
    for (const [options, from, to, count] of parts) {
      const reports: number[] = [];
      let seconds = 0;
      // Every step takes long, so that each is reported.
      performance.now = () => 1000 * seconds++;
      try {
        await intrinsicDimension(points, { ...options, onProgress: (done) => reports.push(done) });
      } finally {
        performance.now = now;
      }
      const what = `${options.estimator}: ${reports}`;
      assert.ok(
        reports.every((done, r) => done >= (reports[r - 1] ?? 0) && done <= 1),
        what,
      );
      assert.ok(reports.filter((done) => done >= from && done <= to).length >= count, what);
    }
  });

  it('take wide sets by float32 products, and find what random matrix theory says', async () => {
    // 2,200 x 4,400 x 2,200 / 2 products are more than those that are made in float64.
    const points = gaussian({ points: 2200, dimension: 4400, seed: 1 });
    const { value, standardError } = await intrinsicDimension(points, { estimator: 'participation-ratio' });
    // tr(C)^2 / |C|^2 of n samples of d independent normal numbers is n d / (n + d), to a share of about 1 / n.
    assertClose(value, (2200 * 4400) / 6600, 2e-3, 'participation ratio');
    assert.ok(standardError > 0 && standardError < value / 10, `${standardError}`);
  });

  it('count principal components, and how sure the count is', async () => {
    const plane = embed(gaussian({ points: 500, dimension: 3, seed: 1 }), { coordinates: 40, seed: 2 });
    const { value, interval } = await intrinsicDimension(plane, { estimator: 'pca', variance: 0.999 });
    assert.deepEqual([value, interval.lower, interval.upper], [3, 3, 3]);
  });

  for (const estimator of ESTIMATORS) {
    it(`${estimator}: keeps the number of tensors, also when stopped, tells its progress, and ignores constant columns`, async () => {
      const discrete = DISCRETE[estimator];
      const d = estimator === 'bid' ? 30 : 3;
      const even = cube({ points: 300, dimension: d, seed: 1 });
      const { shape } = even;
      const data = discrete ? Float64Array.from(even.data, discrete) : even.data;
      const wide = Float64Array.from({ length: 300 * (d + 2) }, (_, p) =>
        p % (d + 2) < d ? data[d * Math.floor(p / (d + 2)) + (p % (d + 2))]! : 1,
      );
      const before = tf.memory().numTensors;
      const shares: number[] = [];
      const { value } = await intrinsicDimension(
        { data: wide, shape: [300, d + 2] },
        { estimator, onProgress: (share) => shares.push(share) },
      );
      assertClose(value, (await intrinsicDimension({ data, shape }, { estimator })).value, 1e-9, estimator);
      const stopped = { estimator, signal: AbortSignal.abort(new Error('enough')) };
      await assert.rejects(intrinsicDimension({ data, shape }, stopped), /enough/);
      await assert.rejects(
        intrinsicDimension({ data: wide.fill(1), shape: [300, d + 2] }, { estimator }),
        /all points are equal/,
      );
      assert.equal(tf.memory().numTensors, before);
      assert.ok(shares.every((share) => share >= 0 && share <= 1));
    });
  }

  it('do not depend on the scale of the points', async () => {
    const { data, shape } = gaussian({ points: 200, dimension: 4, seed: 1 });
    for (const estimator of ESTIMATORS.filter((name) => !DISCRETE[name])) {
      const { value, standardError, scale } = await intrinsicDimension({ data, shape }, { estimator });
      for (const factor of [2 ** -66, 2 ** 60, 2 ** 400]) {
        const scaled = { data: Float64Array.from(data, (x) => factor * x), shape };
        const other = await intrinsicDimension(scaled, { estimator });
        assertClose(other.value, value, 1e-9, `${estimator} ${factor}`);
        assertClose(other.standardError, standardError, 1e-5, `error of ${estimator} ${factor}`);
        assertClose(other.scale, factor * scale, 1e-9, `scale of ${estimator} ${factor}`);
      }
    }
  });

  it('refuse what is out of range', async () => {
    const points = cube({ points: 30, dimension: 2 });
    const cases: [IdOptions, RegExp][] = [
      [
        { estimator: 'twonn' as EstimatorName },
        /no estimator 'twonn': did you mean 'two-nn'\? Choose one of two-nn, /,
      ],
      [{ estimator: 'MLE' as EstimatorName }, /did you mean 'levina-bickel'\?/],
      [{ estimator: 'FisherS' as EstimatorName }, /did you mean 'fisher-separability'\?/],
      [{ estimator: 'levina-bickel', k: 2 }, /k must be a whole number of at least 3, got 2/],
      [
        { estimator: 'mackay-ghahramani', k: 30 },
        /30 neighbours need at least 31 distinct points, got 30: give more points/,
      ],
      [{ estimator: 'gride', n1: 4, n2: 4 }, /n2 must be a whole number of at least 5, got 4/],
      [{ estimator: 'correlation', k1: 3.5 }, /k1 must be a whole number/],
      [{ estimator: 'pca', variance: 2 }, /variance must be in \(0, 1\], got 2/],
      [{ k: 5 }, /two-nn has no option k, which belongs to levina-bickel, mackay-ghahramani, /],
      [{ estimator: 'pca', n1: 5, variance: 0.9 }, /pca has no option n1, which belongs to gride/],
      [{ estimator: 'pca', interval: 'subsamples' }, /subsamples work only with estimators from neighbours/],
      [{ subsamples: { count: 1 } }, /subsamples.count must be a whole number of at least 2, got 1/],
      [{ memory: Number.NaN }, /memory must be a number of bytes, got NaN/],
      [{ metric: 'manhattan' as 'cosine' }, /no metric 'manhattan'/],
    ];
    for (const [options, message] of cases) {
      await assert.rejects(intrinsicDimension(points, options), message);
    }
  });
});

describe('idScale', () => {
  it('refuses what is out of range', async () => {
    const points = cube({ points: 30, dimension: 2 });
    await assert.rejects(idScale(points, { maxNeighbour: 1 }), /maxNeighbour must be at least 2, got 1/);
    await assert.rejects(idScale(points, { level: 95 }), /level must be in \(0, 1\), got 95/);
    await assert.rejects(idScale(points, { tolerance: -1 }), /tolerance must be at least 0, got -1/);
  });

  it('gives GRIDE at every scale from one search, and marks the plateau', async () => {
    const { curve, plateau } = await idScale(readNpy('cube_d2_D2'), { maxNeighbour: 64 });
    const golden = GOLDEN['cube_d2_D2']!.gride;
    assert.deepEqual(
      curve.map(({ n1, n2 }) => [n1, n2]),
      golden.map(({ n1, n2 }) => [n1, n2]),
    );
    for (const [i, { value }] of curve.entries()) assertClose(value, golden[i]!.value, 1e-9, `scale ${i}`);
    assert.ok(plateau !== undefined && plateau.to - plateau.from >= 2);
    assert.ok(Math.abs(plateau.value - 2) < 0.15, `${plateau.value}`);
    for (let i = 1; i < curve.length; i++) assert.ok(curve[i]!.scale > curve[i - 1]!.scale);
  });

  it('sees noise at small distances and the curve beneath at large ones', async () => {
    const noise = gaussian({ points: 2000, dimension: 10, seed: 1 }).data;
    const line = cube({ points: 2000, dimension: 1, seed: 2 }).data;
    const data = Float64Array.from(
      noise,
      (value, p) => value * 2e-3 + (p % 10 === 0 ? line[p / 10]! * 10 : 0),
    );
    const { curve } = await idScale({ data, shape: [2000, 10] }, { maxNeighbour: 256 });
    assert.ok(curve[0]!.value > 1.25 * curve.at(-1)!.value, `${curve.map(({ value }) => value.toFixed(2))}`);
  });
});

describe('localId', () => {
  it('tells the points of a plane from those of a line', async () => {
    const plane = cube({ points: 500, dimension: 2, seed: 1 }).data;
    const line = cube({ points: 500, dimension: 1, seed: 2 }).data;
    const points = [
      ...Array.from({ length: 500 }, (_, i) => [plane[2 * i]!, plane[2 * i + 1]!, 0]),
      ...Array.from({ length: 500 }, (_, i) => [10 + line[i]!, 0, 0]),
    ];
    const { values, rows, duplicates } = await localId([...points, points[0]!]);
    assert.equal(duplicates, 1);
    assert.deepEqual(
      Array.from(rows),
      Array.from({ length: 1000 }, (_, i) => i),
    );
    const mean = (part: Float64Array): number => part.reduce((sum, value) => sum + value, 0) / part.length;
    assert.ok(Math.abs(mean(values.subarray(0, 500)) - 2) < 0.2);
    assert.ok(Math.abs(mean(values.subarray(500)) - 1) < 0.1);
  });
});
