import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { correlation, pearson } from '../../src/analysis/correlation';
import { grokkingRows, leadRows, leadSummary } from '../../src/analysis/grokking-runs';
import { transition } from '../../src/analysis/transition';
import { PAPER } from '../../src/experiments/presets';
import { withDefaults } from '../../src/experiments/registry';
import { grokkingTable, leadTable } from '../../src/figures/grokking-table';
import { RECORDED, readRuns } from '../../src/records/recorded-runs';
import type { Measurement, RunSoFar } from '../../src/records/run-record';

/** Accuracy rises and the dimension falls from 20 to 10, each around its own step, over log(step). */
function measurements(halfAccuracy: number, halfFall: number): Measurement[] {
  const rise = (step: number, half: number): number => 1 / (1 + (half / step) ** 6);
  return Array.from({ length: 100 }, (_, i) => {
    const step = Math.round(10 ** (1 + i / 25));
    const part = (accuracy: number) => ({
      loss: 1,
      accuracy,
      id: { first: { value: 5, std: 0 }, last: { value: 20 - 10 * rise(step, halfFall), std: 0 } },
    });
    return {
      type: 'measurement',
      step,
      epoch: 0,
      train: part(1),
      validation: part(rise(step, halfAccuracy)),
    };
  });
}

function withoutIds({ train, validation, ...rest }: Measurement): Measurement {
  return { ...rest, train: { ...train, id: {} }, validation: { ...validation, id: {} } };
}

describe('transition', () => {
  it('finds both half-way steps, and which comes first by how many decades', () => {
    const { halfAccuracy, halfFall, lead, peak, least, fall, atTransition } = transition(
      measurements(4000, 2000),
    );
    assert.ok(Math.abs(halfAccuracy! / 4000 - 1) < 0.01, `${halfAccuracy}`);
    assert.ok(Math.abs(halfFall! / 2000 - 1) < 0.01, `${halfFall}`);
    assert.ok(Math.abs(lead! - Math.log10(2)) < 0.01, `${lead}`);
    assert.ok(Math.abs(peak - 20) < 0.01 && Math.abs(least - 10) < 0.01 && Math.abs(fall - 0.5) < 0.01);
    assert.ok(Math.abs(atTransition! - (20 - 10 / (1 + 0.5 ** 6))) < 0.05, `${atTransition}`);
  });

  it('correlates the slopes: -1 where the fall is at the rise, about 0 where they are far apart', () => {
    const together = transition(measurements(3000, 3000)).slopes!;
    assert.ok(together.r < -0.999 && together.interval.upper < -0.99);
    const apart = transition(measurements(8000, 100)).slopes!;
    assert.ok(Math.abs(apart.r) < 0.35, `${apart.r}`);
  });

  it('passes over measurements whose points have no dimension', () => {
    const gaps = measurements(4000, 2000);
    const gap = (i: number): void => {
      gaps[i]!.validation.id.last = { value: null, reason: 'all points are equal' };
    };
    for (let i = 10; i < 20; i++) gap(i);
    const { halfFall, final } = transition(gaps);
    assert.ok(Math.abs(halfFall! / 2000 - 1) < 0.01 && final < 11, `${halfFall} ${final}`);
    for (let i = 0; i < gaps.length; i++) gap(i);
    const none = transition(gaps);
    assert.ok(Math.abs(none.halfAccuracy! / 4000 - 1) < 0.01);
    assert.ok([none.peak, none.least, none.final].every(Number.isNaN));
  });

  it('takes the dimensions from the measurements that have them, and none from a run without', () => {
    const rarely = measurements(4000, 2000).map((each, i) => (i % 3 === 2 ? each : withoutIds(each)));
    const { halfAccuracy, halfFall, lead, final } = transition(rarely);
    assert.ok(Math.abs(halfAccuracy! / 4000 - 1) < 0.01, `${halfAccuracy}`);
    // Measurements are three times as far apart, and the line between them is off by more.
    assert.ok(Math.abs(halfFall! / 2000 - 1) < 0.03 && lead! > 0.28, `${halfFall} ${lead}`);
    assert.ok(Number.isNaN(final), 'the last measurement has no dimension');
    const never = transition(measurements(4000, 2000).map(withoutIds), { site: 'last' });
    assert.ok(Math.abs(never.halfAccuracy! / 4000 - 1) < 0.01);
    assert.deepEqual([never.halfFall, never.lead, never.slopes], [undefined, undefined, undefined]);
    assert.ok([never.peak, never.least, never.final, never.fall].every(Number.isNaN));
    assert.equal(transition([]).halfAccuracy, undefined);
  });

  it('says nothing of what does not happen, and refuses an unknown site', () => {
    const never = transition(measurements(1e12, 1000));
    assert.equal(never.halfAccuracy, undefined);
    assert.equal(never.lead, undefined);
    assert.throws(
      () => transition(measurements(10, 10), { site: 'middle' }),
      /no ID was measured at 'middle'/,
    );
  });
});

describe('runs that grok', () => {
  const run = (seed: number, change = (each: Measurement, _i: number): Measurement => each): RunSoFar => ({
    config: { trainFraction: 0.3, weightDecay: 0.01, seed },
    measurements: measurements(4000, 2000).map(change),
  });
  const always = run(0);
  const rarely = run(1, (each, i) => (i % 3 === 0 ? each : withoutIds(each)));
  const later = run(2, (each, i) => (i === 0 ? withoutIds(each) : each));
  const never = run(3, withoutIds);
  const flat = run(4, (each) => ({
    ...each,
    validation: { ...each.validation, id: { first: { value: 5, std: 0 }, last: { value: 7, std: 0 } } },
  }));

  it('stand in the tables whether they measured dimensions always, rarely or never', () => {
    const rows = grokkingRows([always, rarely, later, never], {});
    assert.deepEqual(
      rows.map(({ ours, peak }) => [Math.abs(ours! / 4000 - 1) < 0.01, peak]),
      [
        [true, 20],
        [true, 20],
        [true, 20],
        [true, Number.NaN],
      ],
    );
    const leads = leadRows([always, rarely, later, never], { splits: ['validation'] });
    assert.deepEqual(
      leads.map(({ site }) => site),
      ['first', 'last', 'first', 'last', 'first', 'last'],
    );
    const firstOnly = run(5, (each) => ({
      ...each,
      validation: { ...each.validation, id: { first: { value: 5, std: 0 } } },
    }));
    const last = leadRows([always, never, firstOnly], { sites: ['last'], splits: ['validation'] });
    assert.deepEqual(
      last.map(({ site }) => site),
      ['last'],
    );
    assert.throws(
      () => leadRows([always], { sites: ['lst'] }),
      /no run has measured 'lst': choose from first, last/,
    );
    // Two runs of one setting.
    const [row, ...others] = grokkingTable([always, never], {}).rows;
    assert.deepEqual([row!['seeds'], others.length], [2, 0]);
    assert.equal(row!['of the seeds'], '2 at 4,001');
    assert.equal(leadTable([never]).rows.length, 0);
    assert.deepEqual(leadTable([never]).columns, leadTable([always]).columns);
  });

  it('are counted as leading, following or neither only where there is a fall', () => {
    const words = leadSummary([always, never, flat], 100).split('\n');
    assert.match(
      words[1]!,
      /^last: of 2 runs that grok, .* before 50 % accuracy in 1, .* after it in 0, closer than that in 0; in 1 there is no fall/,
    );
    assert.match(leadSummary([never], 100), /no run that groks has dimensions/);
  });
});

describe('correlation', () => {
  it("is Pearson's r, and its interval holds the truth in most of 100 samples", () => {
    assert.ok(Math.abs(pearson([1, 2, 3, 5], [2, 1, 4, 6]) - 0.902243) < 1e-6); // numpy.corrcoef
    let held = 0;
    for (let s = 0; s < 100; s++) {
      const x = Array.from({ length: 60 }, (_, i) => (Math.sin(12.9 * (i + 1) * (s + 1)) * 43758.5453) % 1);
      const noise = Array.from(
        { length: 60 },
        (_, i) => (Math.sin(78.2 * (i + 1) * (s + 3)) * 24634.6345) % 1,
      );
      const y = x.map((value, i) => value + noise[i]!);
      const { interval } = correlation(x, y, { repetitions: 300, seed: s, block: 1 });
      if (interval.lower < Math.SQRT1_2 && Math.SQRT1_2 < interval.upper) held++;
    }
    assert.ok(held >= 85, `${held}`);
  });
});

describe('the recorded grokking runs', () => {
  const folder = join(RECORDED, 'grokking');
  const runs = readRuns(folder);

  it('are complete, small, from a commit, and of the settings of the paper', () => {
    const cells = new Set(runs.map(({ config }) => `${config.trainFraction} ${config.weightDecay}`));
    assert.equal(cells.size, 16);
    for (const { config, done, environment } of runs) {
      const { trainFraction, weightDecay, checkpointEvery, seed, earlyMeasurements, ...rest } =
        withDefaults(config);
      const {
        trainFraction: p,
        weightDecay: w,
        checkpointEvery: c,
        seed: s,
        earlyMeasurements: e,
        ...paper
      } = { ...PAPER.grokking } as Record<string, unknown>;
      assert.deepEqual(rest, paper);
      assert.equal(done?.step, 40_000);
      assert.match(environment.commit, /^[0-9a-f]{40}$/);
    }
    for (const name of readdirSync(folder)) {
      if (name.endsWith('.jsonl')) assert.ok(readFileSync(join(folder, name)).length < 300_000, name);
    }
  });

  it('pass 50 % within a factor 1.5 of the paper, and LLID falls by 40 % or more', () => {
    for (const row of grokkingRows(runs, PAPER.grokkingHalfSteps)) {
      if (row.paper === null) assert.equal(row.ours, undefined);
      else assert.ok(row.factor! > 1 / 1.5 && row.factor! < 1.5, JSON.stringify(row));
      if (row.ours !== undefined) assert.ok(row.least <= 0.6 * row.peak, JSON.stringify(row));
    }
  });
});
