import assert from 'node:assert/strict';
import { reportFigures } from '../../src/figures/report';
import { reportPage } from '../../src/figures/report-page';
import { gaussian } from '../../src/intrinsic-dimension/manifolds/manifolds';
import { type IdReport, idReport } from '../../src/intrinsic-dimension/report/report';

describe('figures of a report', function () {
  this.timeout(120_000);
  let report: IdReport;
  before(async () => {
    report = await idReport(gaussian({ points: 250, dimension: 3, seed: 1 }));
  });

  it('show its numbers', () => {
    const [estimates, calibration, scale, points, local, nulls] = reportFigures(report);
    assert.ok(!('reason' in report.corrected) && !('reason' in report.local) && !('reason' in report.nulls));
    assert.deepEqual(
      estimates!.data[0]!.x,
      report.estimates.map(({ value }) => value),
    );
    assert.deepEqual(estimates!.data[1]!.x, [report.corrected.value]);
    const drawn = calibration!.data.slice(0, -1).flatMap(({ x }) => x as number[]);
    assert.deepEqual(drawn.sort(), report.corrected.readings.map(({ dimension }) => dimension).sort());
    assert.equal(calibration!.layout?.shapes?.[0]?.x1, report.corrected.interval.upper);
    assert.ok(scale!.data.some(({ name }) => name === 'GRIDE'));
    assert.deepEqual(points!.data[0]!.x, [250, 125, 62]);
    assert.deepEqual(local!.data[0]!.y, report.local.counts);
    assert.equal(nulls!.data.length, report.nulls.models[0]!.scales.length);
    assert.equal((nulls!.data[0]!.x as number[])[1], report.nulls.models[0]!.scales[0]!.model.value);
  });

  it('leave out what the points do not have, and the page says why', async () => {
    const lattice = await idReport(Array.from({ length: 100 }, (_, i) => [i % 10, Math.floor(i / 10)]));
    assert.equal(lattice.estimate.value, null);
    const titles = reportFigures(lattice).map(({ layout }) => JSON.stringify(layout?.title));
    assert.ok(
      titles.every((title) => !title.includes('surfaces')),
      titles.join(),
    );
    const page = await reportPage(lattice, { title: '<b>' });
    assert.match(page, /two nearest neighbours at the same distance/);
    assert.match(page, /of &lt;b&gt;<\/title>/);
  });
});
