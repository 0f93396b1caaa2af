import { strict as assert } from 'node:assert';
import { generalizationCorrelation, strengthCorrelation } from '../../src/analysis/paper-correlations';
import { predictions } from '../../src/analysis/predictors';
import { levels, onsetOfHarm, outcomes, sweepsOf } from '../../src/analysis/regularization';
import { PAPER } from '../../src/experiments/presets';
import { toSVG } from '../../src/figures/figure';
import { generalizationFigure } from '../../src/figures/generalization';
import { overRegularizationFigure } from '../../src/figures/over-regularization';
import { regularizationFigure } from '../../src/figures/regularization';
import {
  overRegularizationTable,
  predictorsTable,
  regularizationTable,
  strengthTable,
} from '../../src/figures/regularization-table';
import { mulberry32 } from '../../src/random';
import type { RunSoFar } from '../../src/records/run-record';

interface End {
  weightDecay?: number;
  blockDropout?: number;
  seed?: number;
  accuracy: number;
  llid: number;
  pid?: number;
  /** Of the last measurement. @default 10, which is the end */
  step?: number;
}

function run({
  weightDecay = 0,
  blockDropout = 0,
  seed = 0,
  accuracy,
  llid,
  pid = 12,
  step = 10,
}: End): RunSoFar {
  const at = (now: number, share: number): RunSoFar['measurements'][number] => {
    const id = {
      conv1: { value: pid * share, std: 0.1 },
      avg_pool: { value: llid * share, std: 0.1 },
    };
    const split = { loss: 1, accuracy: accuracy * share, id };
    return { type: 'measurement', step: now, epoch: 0, train: split, validation: split };
  };
  return {
    config: { dataset: 'mnist', weightDecay, blockDropout, seed, steps: 10 },
    measurements: [at(0, 0.1), at(step, 1)],
  };
}

/**
 * Two seeds a strength, 0.01 apart: a variance of 5e-5, the median of chi-square with one degree is 0.455, so that the
 * error of the difference of two means is 0.0105, and 0.0210 is harm.
 */
const pair = (end: End): RunSoFar[] => [
  run({ ...end, seed: 0, accuracy: end.accuracy - 0.005 }),
  run({ ...end, seed: 1, accuracy: end.accuracy + 0.005 }),
];

const DECAYS = [
  ...pair({ weightDecay: 0, accuracy: 0.9, llid: 10 }),
  ...pair({ weightDecay: 1e-4, accuracy: 0.905, llid: 9 }),
  ...pair({ weightDecay: 1e-3, accuracy: 0.91, llid: 8 }),
  ...pair({ weightDecay: 1e-2, accuracy: 0.888, llid: 7 }),
  ...pair({ weightDecay: 1e-1, accuracy: 0.1, llid: 0, pid: 5 }),
];
const DROPOUTS = [
  ...pair({ blockDropout: 0.2, accuracy: 0.905, llid: 8 }),
  ...pair({ blockDropout: 0.4, accuracy: 0.9, llid: 6 }),
];

describe('a sweep of regularisation', () => {
  it('has the finished runs in which the other regularisation is off, as they ended', () => {
    const others = [
      run({ weightDecay: 1, blockDropout: 0.1, accuracy: 0.5, llid: 3 }),
      run({ weightDecay: 1, accuracy: 0.5, llid: 3, step: 9 }),
    ];
    const ends = outcomes([...DROPOUTS, ...others, ...DECAYS], 'weightDecay');
    assert.deepEqual(
      ends.map(({ strength }) => strength),
      [0, 0, 1e-4, 1e-4, 1e-3, 1e-3, 1e-2, 1e-2, 1e-1, 1e-1],
    );
    assert.deepEqual(
      ends.filter(({ collapsed }) => collapsed).map(({ strength }) => strength),
      [1e-1, 1e-1],
    );
    assert.equal(ends[0]!.lastLayerId, 10);
    assert.equal(ends[0]!.peakId, 12);
  });

  it('correlates LLID with log weight decay, without zero and without what has collapsed', () => {
    const between = pair({ weightDecay: 10 ** -2.5, accuracy: 0.9, llid: 7.5 });
    const { r, n, groups } = strengthCorrelation(
      outcomes([...DECAYS, ...between], 'weightDecay'),
      'weightDecay',
    )!;
    assert.deepEqual([n, groups], [8, 4]);
    assert.ok(Math.abs(r + 1) < 1e-9, `${r}`);
    // Six runs, but of three settings only.
    assert.equal(strengthCorrelation(outcomes(DECAYS, 'weightDecay'), 'weightDecay'), undefined);
  });

  it('begins to do harm where all stronger means stay two standard errors below the best', () => {
    const onset = (runs: RunSoFar[]): number | undefined =>
      onsetOfHarm(levels(outcomes(runs, 'weightDecay')));
    assert.equal(onset(DECAYS), 1e-2);
    // 0.020 below 0.910 is not yet harm, and the collapse after it is.
    const milder = DECAYS.filter(({ config }) => config['weightDecay'] !== 1e-2);
    assert.equal(onset([...milder, ...pair({ weightDecay: 1e-2, accuracy: 0.89, llid: 7 })]), 1e-1);
    assert.equal(onset(milder.filter(({ config }) => Number(config['weightDecay']) < 1e-1)), undefined);
    // One strength whose runs scatter widely leaves the error of the others as it is.
    const wild = [0.5, 0.9].map((accuracy, seed) => run({ weightDecay: 5e-2, seed, accuracy, llid: 7 }));
    assert.equal(onset([...DECAYS, ...wild]), 1e-2);
    // A harmless strength behind a harmful one takes the mark on.
    assert.equal(onset([...DECAYS, ...pair({ weightDecay: 1, accuracy: 0.91, llid: 7 })]), undefined);
  });

  it('has no onset without two seeds of a strength', () => {
    const single = DECAYS.filter(({ config }) => config['seed'] === 0);
    assert.equal(onsetOfHarm(levels(outcomes(single, 'weightDecay'))), undefined);
    // Then harm is neither found nor ruled out.
    const [ours] = overRegularizationTable(single, PAPER).rows;
    assert.equal(ours!['ours'], 'not judged by single seeds');
    assert.throws(() => generalizationFigure(single, { harmless: true }), /no strength has two seeds/);
    assert.equal(generalizationCorrelation(single, { harmless: true }), undefined);
  });

  it('counts the unregularised runs once where both sweeps are put together', () => {
    assert.equal(generalizationCorrelation([...DECAYS, ...DROPOUTS])!.n, 8 + 4);
    assert.equal(generalizationCorrelation([...DECAYS, ...DROPOUTS], { harmless: true })!.n, 6 + 4);
  });

  it('tells what PID / LLID says of accuracy beyond simpler numbers', () => {
    const uniform = mulberry32(3);
    // Accuracy follows LLID, PID is noise, and the norms are missing as in early records.
    const ends = Array.from({ length: 24 }, (_, i) => {
      const llid = 5 + 5 * uniform();
      const accuracy = 0.9 - 0.01 * llid + 0.002 * uniform();
      return run({ weightDecay: 10 ** -(i % 8), seed: i, accuracy, llid, pid: 10 + 10 * uniform() });
    });
    const found = Object.fromEntries(predictions(ends).map((one) => [one.predictor, one]));
    assert.ok(found['LLID']!.accuracy!.r < -0.98);
    assert.ok(found['PID / LLID']!.accuracy!.r > 0.3, 'the ratio falls with LLID too');
    assert.equal(found['PID / LLID']!.ratioGivenIt, undefined);
    const { ratioGivenIt, itGivenRatio } = found['LLID']!;
    assert.ok(
      ratioGivenIt!.interval.lower < 0 && ratioGivenIt!.interval.upper > 0,
      'it says nothing beyond LLID',
    );
    assert.ok(itGivenRatio!.interval.upper < -0.9);
    assert.equal(found['log weight norm']!.accuracy, undefined);
    const { rows } = predictorsTable(ends);
    assert.equal(
      rows.find(({ predictor }) => predictor === 'log weight norm')!['r with accuracy'],
      'too few runs have it',
    );
  });

  it('is refused where there is none, with the command that makes one', () => {
    for (const draw of [regularizationFigure, generalizationFigure, overRegularizationFigure]) {
      assert.throws(() => draw([]), /no sweep .* in 0 runs: npm run sweep/);
    }
  });
});

describe('figures of regularisation', () => {
  const runs = [...DECAYS, ...DROPOUTS];

  it('are drawn with their axes, runs and marks', async () => {
    for (const draw of [regularizationFigure, generalizationFigure, overRegularizationFigure]) {
      const svg = await toSVG(draw(runs));
      assert.match(svg, /weight decay/);
      assert.match(svg, /dropout rate/);
      assert.equal(svg.includes('NaN'), false);
    }
    assert.match(await toSVG(overRegularizationFigure(runs)), /harm from 1e-2 on/);
  });

  it('hold every run: those that have not learnt stand apart', () => {
    const { data } = overRegularizationFigure(runs);
    const points = data
      .filter(({ mode, xaxis }) => mode === 'markers' && xaxis === 'x1')
      .map(({ name, y }) => [name, (y as number[]).length]);
    assert.deepEqual(points, [
      ['one run', 8],
      ['one run that has not learnt', 2],
    ]);
  });

  it('draw no mean where a run has not learnt, and break line and axis behind zero', () => {
    const half = [
      run({ blockDropout: 0.6, seed: 0, accuracy: 0.85, llid: 5 }),
      run({ blockDropout: 0.6, seed: 1, accuracy: 0.1, llid: 0 }),
    ];
    const { data, layout } = regularizationFigure([...runs, ...half]);
    const means = (xaxis: string): [number, number | null][] => {
      const { x, y } = data.find((trace) => trace.xaxis === xaxis && trace.name === 'mean over seeds')!;
      return (x as number[]).map((at, i) => [at, (y as (number | null)[])[i]!]);
    };
    assert.deepEqual(means('x2').at(-1), [0.6, null]);
    const [zero, gap, least] = means('x1');
    assert.equal(zero![1], 10);
    assert.deepEqual(gap, [zero![0], null]);
    assert.equal(means('x1').at(-1)![1], null); // all have collapsed
    const marks = layout!.shapes!.filter(({ type, xref }) => type === 'path' && String(xref) === 'x1');
    assert.equal(marks.length, 3);
    for (const { xanchor } of marks) assert.ok(Number(xanchor) > zero![0] && Number(xanchor) < least![0]);
    assert.equal(
      layout!.shapes!.some(({ xref }) => String(xref) === 'x2'),
      false,
    );
  });

  it('have tables with the paper’s numbers beside ours', () => {
    const { rows } = regularizationTable(runs, PAPER);
    assert.deepEqual(rows[1], {
      number: 'LLID at weight decay 0',
      ours: 10,
      'paper, CIFAR-10': 19.5,
      'paper, CIFAR-100': 22.6,
    });
    const onset = overRegularizationTable(runs, PAPER).rows[0]!;
    assert.equal(Number(onset['ours']), sweepsOf(runs)[0]!.onset);
    assert.equal(onset['paper, CIFAR-10'], '1e-3');
  });

  it('say "none" for the dimensions of a strength whose runs measured none, and take the highest PID of the others', () => {
    const off = DECAYS.map((each): RunSoFar => {
      if (each.config['weightDecay'] !== 1e-4) return each;
      const measurements = each.measurements.map(({ validation, ...rest }) => ({
        ...rest,
        validation: { ...validation, id: {} },
      }));
      return { ...each, measurements };
    });
    const row = strengthTable(sweepsOf(off)[0]!).rows[1]!;
    assert.deepEqual([row['LLID'], row['PID'], row['PID / LLID']], ['none', 'none', undefined]);
    assert.match(String(row['validation accuracy']), /^0\.9050/);
    const highest = overRegularizationTable(off, PAPER).rows.find(({ number }) =>
      /highest/.test(String(number)),
    )!;
    assert.equal(highest['ours'], 12);
  });
});
