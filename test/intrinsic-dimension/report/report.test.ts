import assert from 'node:assert/strict';
import { intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import { embed, gaussian, sphere } from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { NoEstimateError } from '../../../src/intrinsic-dimension/no-estimate';
import { space } from '../../../src/intrinsic-dimension/points/space';
import { type IdReport, idReport } from '../../../src/intrinsic-dimension/report/report';

const POINTS = 300;
const SPHERE = embed(sphere({ points: POINTS, dimension: 3, seed: 1 }), { coordinates: 8 });

describe('idReport', function () {
  this.timeout(120_000);

  it('is plain JSON with every part, and the estimate is that of intrinsicDimension', async () => {
    const progress: number[] = [];
    const report = await idReport(SPHERE, { onProgress: (share) => progress.push(share) });
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
    const { value, interval } = await intrinsicDimension(SPHERE);
    assert.equal(report.estimate.value, value);
    assert.deepEqual('interval' in report.estimate && report.estimate.interval, interval);
    assert.equal(report.estimates[0], report.estimate);
    assert.deepEqual([report.rows, report.points, report.columns], [POINTS, POINTS, 8]);
    const { corrected, scale, decimation, local, nulls } = report;
    assert.ok(!('reason' in corrected) && !('reason' in scale) && !('reason' in decimation));
    assert.ok(!('reason' in local) && !('reason' in nulls));
    assert.ok(corrected.interval.lower <= 3 && 3 <= corrected.interval.upper);
    assert.equal(
      local.counts.reduce((sum, count) => sum + count, local.beyond),
      POINTS,
    );
    assert.deepEqual(
      decimation.curve.map(({ size }) => size),
      [300, 150, 75],
    );
    assert.equal(nulls.models.length, 3);
    assert.match(
      report.sentence,
      /^two-nn gives .* on 300 points in 8 dimensions\. Calibrated on .* bias included\)\.$/,
    );
    assert.ok(progress.length > 3 && progress.at(-1) === 1, `${progress}`);
    assert.ok(progress.every((share, i) => i === 0 || share >= progress[i - 1]!));
  });

  it('is the same with the same seed, by any estimator from neighbours with its options', async () => {
    const options = { estimator: 'gride', n1: 2, seed: 4, level: 0.9 } as const;
    const first = await idReport(SPHERE, options);
    assert.deepEqual(await idReport(SPHERE, options), first);
    assert.equal(first.estimator, 'gride n1 2');
    assert.equal(first.level, 0.9);
    await assert.rejects(
      idReport(SPHERE, { estimator: 'pca' }),
      /calibrates only estimators from distances to neighbours, not pca/,
    );
    await assert.rejects(idReport(SPHERE, { estimator: 'two-nn', k: 5 }), /no option k/);
    await assert.rejects(idReport(SPHERE, { interval: 'iid' } as object), /no option interval/);
    await assert.rejects(idReport(SPHERE, { most: 10 }), /most must be/);
    await assert.rejects(idReport(SPHERE, { level: 2 }), /level must be/);
  });

  it('draws from many points, and says so', async () => {
    const report = await idReport(SPHERE, { most: 200 });
    assert.equal(report.points, 200);
    assert.equal(report.rows, POINTS);
    assert.match(report.notes.join(), /200 of 300 distinct points, drawn at random \(seed 0\)/);
  });

  it('takes distances, and says what they lack', async () => {
    const points = await space(SPHERE);
    const distances = Float64Array.from({ length: POINTS ** 2 }, (_, p) =>
      points.distance(Math.floor(p / POINTS), p % POINTS),
    );
    const report = await idReport({ distances });
    const same = await idReport(SPHERE);
    assert.ok(Math.abs(report.estimate.value! - same.estimate.value!) < 1e-9);
    assert.equal(report.columns, null);
    assert.match('reason' in report.nulls ? report.nulls.reason : '', /need coordinates/);
    assert.match(
      report.estimates.find(({ name }) => name === 'participation-ratio')!.value === null ? 'none' : '',
      /none/,
    );
  });

  it('bears few points, ties and the cosine metric, and says why a part is missing', async () => {
    for (const n of [3, 5, 12, 40]) {
      const report: IdReport = await idReport(gaussian({ points: n, dimension: 2, seed: n }));
      assert.equal(report.points, n);
      for (const row of report.estimates) assert.ok(row.value !== null || row.reason.length > 10);
      assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
    }
    const cosine = await idReport(gaussian({ points: POINTS, dimension: 4, seed: 1 }), { metric: 'cosine' });
    assert.ok(
      Math.abs(cosine.estimate.value! - 3) < 0.6,
      'directions in 4 coordinates have dimension 3, error .2',
    );
    await assert.rejects(idReport([[1], [1], [1]]), NoEstimateError);
    await assert.rejects(
      idReport([
        [1, Number.NaN],
        [1, 2],
        [2, 3],
      ]),
      NoEstimateError,
    );
  });

  it('reads the extremes of scales that are not tied where no family explains the points', async () => {
    // Corners of small equilateral triangles: the two nearest neighbours are equally far, the others much farther.
    const { data: centers } = gaussian({ points: 100, dimension: 3, seed: 1 });
    const data = Float64Array.from({ length: 900 }, (_, p) => {
      const [i, c] = [Math.floor(p / 3), p % 3];
      return 10 * centers[Math.floor(i / 3) * 3 + c]! + Number(i % 3 === c);
    });
    const { scale, corrected } = await idReport({ data, shape: [300, 3] }, { estimator: 'gride', n1: 2 });
    assert.ok(!('reason' in scale) && !('reason' in corrected), JSON.stringify(corrected));
    assert.deepEqual(
      scale.missing.map(({ n1 }) => n1),
      [1],
    );
    assert.equal(corrected.explained, false);
    assert.ok(corrected.interval.lower > 0 && corrected.interval.upper >= corrected.value);
  });

  it('can be stopped at any time', async () => {
    for (const share of [0.05, 0.3, 0.7]) {
      const stop = new AbortController();
      const report = idReport(embed(gaussian({ points: 400, dimension: 7, seed: 2 }), { coordinates: 300 }), {
        seed: 900 + Math.round(100 * share),
        signal: stop.signal,
        onProgress: (done) => {
          if (done >= share) stop.abort(new Error('enough'));
        },
      });
      await assert.rejects(report, /enough/);
    }
    await assert.rejects(idReport(SPHERE, { signal: AbortSignal.abort(new Error('before')) }), /before/);
  });
});
