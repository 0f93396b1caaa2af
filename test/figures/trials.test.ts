import assert from 'node:assert/strict';
import { toSVG } from '../../src/figures/figure';
import { recommendationTable, trialTable } from '../../src/figures/trial-tables';
import { trialsFigure } from '../../src/figures/trials';
import type { Trial } from '../../src/intrinsic-dimension/trials';
import { recordedTrials } from '../../src/records/trial-record';
import { itThorough } from '../thorough';
import { svgFaults } from './text-boxes';

/** An estimate of dimension 10 that is off by a share, with an interval of a tenth to both sides. */
function trial(estimator: Trial['estimator'], seed: number, error: number, more = {}): Trial {
  const value = 10 * (1 + error);
  const settings = {
    estimator,
    manifold: 'M1_Sphere',
    points: 100,
    seed,
    dimension: 10,
    ms: 50,
    cpuMs: 5,
  } as const;
  return { ...settings, value, lower: value - 1, upper: value + 1, ...more };
}

const TRIALS: readonly Trial[] = [
  trial('pca', 0, 1.4),
  trial('pca', 1, 1.6),
  trial('two-nn', 0, -0.2),
  trial('two-nn', 1, -0.05, { cpuMs: 15 }),
  trial('danco', 0, 0, { value: null, reason: 'none', lower: undefined, upper: undefined }),
  trial('two-nn', 0, 0, { points: 50 }),
];

describe('figures and tables of trials', function () {
  this.timeout(60_000);

  it('have a row for each estimator, with bias, spread, coverage and time where they belong', () => {
    const { data, layout } = trialsFigure(TRIALS);
    const rows = (layout as { yaxis: { ticktext: string[] } }).yaxis.ticktext;
    assert.deepEqual(rows, ['two-nn', 'pca', 'danco']);
    const [bias, spread, coverage, time] = data.map(({ x, y }) => [x, y] as number[][]);
    // The bias of pca, 150 %, is drawn at the edge; danco has no value.
    assert.deepEqual(bias![0]!.map(Math.round), [100, -12]);
    assert.deepEqual(bias![1], [1, 0]);
    assert.deepEqual(data[0]!.marker!.symbol, ['x-thin-open', 'circle']);
    assert.deepEqual(
      spread![0]!.map((x) => Number(x.toFixed(2))),
      [10.61, 14.14],
    );
    assert.deepEqual(coverage, [
      [50, 0],
      [0, 1],
    ]);
    assert.deepEqual(time, [
      [10, 5, 5],
      [0, 1, 2],
    ]);
    assert.throws(
      () => trialsFigure(TRIALS, { points: 70 }),
      /no trials with 70 points: there are some with 50, 100/,
    );
  });

  it('say the same numbers in words', () => {
    const rows = trialTable(TRIALS).rows.filter(({ points }) => points === 100);
    assert.deepEqual(rows[0], {
      points: 100,
      estimator: 'two-nn',
      error: '13 %',
      'bias in 10': '−13 %',
      spread: '11 %',
      coverage: '50 %',
      'CPU time': '10 ms',
      'without a value': '',
    });
    assert.deepEqual([rows[2]!['error'], rows[2]!['without a value']], ['–', '1 of 1']);
  });

  itThorough('of the record have text that is whole, overlaps nowhere and has contrast', async () => {
    const { trials } = recordedTrials();
    for (const width of [700, 1280])
      assert.deepEqual(svgFaults(await toSVG(trialsFigure(trials), { width })), []);
    assert.deepEqual(svgFaults(await toSVG(trialsFigure(trials, { width: 648, title: '' }))), []);
    assert.ok(recommendationTable(trials).rows.length >= 4);
  });
});
