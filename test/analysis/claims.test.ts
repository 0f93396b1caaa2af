import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { grokkingClaims, regularizationClaims, verdictOf } from '../../src/analysis/claims';
import { claimsTable } from '../../src/figures/claims-table';
import { tableBundle } from '../../src/figures/table';
import type { RunSoFar } from '../../src/records/run-record';
import { syntheticRun } from '../figures/synthetic-run';

/** A finished run of a sweep over weight decay. */
function run(
  weightDecay: number,
  seed: number,
  end: { accuracy: number; llid: number; pid: number },
): RunSoFar {
  const id = { conv1: { value: end.pid, std: 0.1 }, avg_pool: { value: end.llid, std: 0.1 } };
  const split = { loss: 1, accuracy: end.accuracy, id };
  return {
    config: { dataset: 'mnist', weightDecay, blockDropout: 0, seed, steps: 10 },
    measurements: [{ type: 'measurement', step: 10, epoch: 0, train: split, validation: split }],
  };
}

describe('a claim', () => {
  const interval = (lower: number, upper: number) => ({ lower, upper, level: 0.95 });

  it('is supported by an interval inside what it allows, contradicted by one outside, and else undecided', () => {
    const below: [number, number] = [Number.NEGATIVE_INFINITY, 0];
    assert.equal(verdictOf(interval(-0.9, -0.1), below), 'supported');
    assert.equal(verdictOf(interval(-0.9, 0.1), below), 'undecided');
    assert.equal(verdictOf(interval(0.1, 0.9), below), 'contradicted');
    assert.equal(verdictOf(interval(0.7, 1.1), [0.8, 1.25]), 'undecided');
    assert.equal(verdictOf(interval(0.7, 1.3), [0.8, 1.25]), 'undecided');
    assert.equal(verdictOf(interval(1.3, 1.4), [0.8, 1.25]), 'contradicted');
    assert.equal(verdictOf(undefined, below), 'undecided');
    assert.equal(verdictOf(interval(Number.NaN, Number.NaN), below), 'undecided');
  });

  it('of figures 1 to 3 holds where the runs are as it says, and not where they are the other way round', () => {
    // Accuracy rises up to 1e-2 and falls beyond; LLID falls throughout; PID falls beyond 1e-2.
    const strengths = [1e-4, 1e-3, 1e-2, 2e-2, 3e-2, 4e-2, 5e-2];
    const accuracy = [0.6, 0.65, 0.7, 0.66, 0.62, 0.58, 0.54];
    const peak = [60, 65, 70, 65, 60, 50, 45];
    const sweep = (llid: (i: number) => number, pid: (i: number) => number): RunSoFar[] =>
      strengths.flatMap((strength, i) =>
        [0, 1].map((seed) =>
          run(strength, seed, {
            accuracy: accuracy[i]! + 0.002 * seed,
            llid: llid(i) + 0.01 * seed,
            pid: pid(i) + 0.1 * seed,
          }),
        ),
      );
    const asClaimed = regularizationClaims(
      sweep(
        (i) => 14 - i,
        (i) => peak[i]!,
      ),
    );
    const reversed = regularizationClaims(
      sweep(
        (i) => 8 + i,
        (i) => 100 - peak[i]!,
      ),
    );
    assert.deepEqual(
      asClaimed.map(({ verdict }) => verdict),
      // 1e-4, 1e-3 and 1e-2 lie below the onset of harm: too few settings for the second claim.
      ['supported', 'undecided', 'supported'],
    );
    assert.equal(asClaimed[1]!.found, undefined);
    assert.deepEqual(
      reversed.map(({ verdict }) => verdict),
      ['contradicted', 'undecided', 'contradicted'],
    );
  });

  it('of figure 4 counts the panels that agree with the paper, and compares the steps', () => {
    const paper = { '0.3': { '0': 3000, '0.001': 3000, '0.01': 3000, '0.1': 3000, '1': null } };
    const runs = (half: number): RunSoFar[] => [
      ...[0, 1e-3, 1e-2, 1e-1].map((weightDecay) => syntheticRun({ weightDecay, half })),
      syntheticRun({ weightDecay: 1, half: 1e5 }),
    ];
    const [agreement, step, , slopes] = grokkingClaims(runs(3000), paper);
    assert.equal(agreement!.found!.value, 1);
    // The exact interval of n successes among n is (tail^(1/n), 1); 5 panels are enough for 0.478.
    assert.ok(Math.abs(agreement!.found!.interval.lower - 0.025 ** (1 / 5)) < 1e-6);
    assert.equal(agreement!.verdict, 'undecided');
    assert.equal(step!.verdict, 'supported');
    assert.equal(slopes!.verdict, 'supported');
    assert.equal(grokkingClaims(runs(4200), paper)[1]!.verdict, 'contradicted');
  });

  it('stands in the README with what the records say of it', () => {
    const { caption, ...contents } = claimsTable();
    assert.ok(caption);
    const expected = tableBundle(contents)['text/markdown'] as string;
    const readme = readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8');
    assert.ok(readme.includes(expected), `README.md must have this table:\n\n${expected}\n`);
  });
});
