import assert from 'node:assert/strict';
import { intrinsicDimension } from '../../src/intrinsic-dimension/intrinsic-dimension';
import { manifold } from '../../src/intrinsic-dimension/manifolds/manifold';
import { idReport } from '../../src/intrinsic-dimension/report/report';
import { type Trial, type TrialOptions, trials } from '../../src/intrinsic-dimension/trials';

async function all(options: TrialOptions): Promise<Trial[]> {
  const found: Trial[] = [];
  for await (const trial of trials(options)) found.push(trial);
  return found;
}

describe('trials', () => {
  it('give the values and intervals of the estimators, seed by seed, beside the true dimension', async () => {
    const points = 200;
    const found = await all({
      estimators: ['two-nn', 'mada'],
      manifolds: ['M7_Roll', 'M6_Nonlinear'],
      points: [points],
      seeds: [0, 3],
    });
    assert.deepEqual(
      found.map(({ estimator, manifold: name, seed, dimension }) => [seed, name, estimator, dimension]),
      [0, 3].flatMap((seed) => [
        [seed, 'M7_Roll', 'two-nn', 2],
        [seed, 'M7_Roll', 'mada', 2],
        [seed, 'M6_Nonlinear', 'two-nn', 6],
        [seed, 'M6_Nonlinear', 'mada', 6],
      ]),
    );
    for (const trial of found) {
      const { estimator, seed } = trial;
      const drawn = manifold(trial.manifold, { points, seed });
      const { value, interval } = await intrinsicDimension(drawn, { estimator } as never);
      assert.ok(trial.value !== null && trial.ms > 0 && trial.cpuMs! > 0);
      assert.deepEqual([trial.value, trial.lower, trial.upper], [value, interval.lower, interval.upper]);
    }
  });

  it('have the corrected value of a report', async () => {
    const [trial] = await all({
      estimators: ['two-nn corrected'],
      manifolds: ['M3_Nonlinear_4to6'],
      points: [200],
    });
    const { corrected } = await idReport(manifold('M3_Nonlinear_4to6', { points: 200 }));
    assert.ok(corrected.value !== null && trial!.value !== null && 'interval' in corrected);
    const { value, interval } = corrected;
    assert.deepEqual([trial.value, trial.lower, trial.upper], [value, interval.lower, interval.upper]);
  });

  it('give the reason where an estimator has no value', async () => {
    const [trial] = await all({ estimators: ['binomial'], manifolds: ['Mn2_Nonlinear'], points: [100] });
    assert.ok(trial!.value === null);
    assert.match(trial.reason, /choose a larger ratio or k/);
  });

  it('leave out what is to be skipped, and stop between two trials', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const options: TrialOptions = {
      estimators: ['two-nn', 'gride'],
      manifolds: ['M7_Roll', 'M9_Affine'],
      points: [50],
      skip: ({ estimator, manifold: name }) => estimator === 'gride' && name === 'M7_Roll',
      onProgress: (done, what) => {
        seen.push(`${done.toFixed(2)} ${what}`);
        if (seen.length === 2) stop.abort(new Error('enough'));
      },
      signal: stop.signal,
    };
    const found: Trial[] = [];
    await assert.rejects(async () => {
      for await (const trial of trials(options)) found.push(trial);
    }, /enough/);
    assert.deepEqual(seen, [
      '0.00 two-nn on M7_Roll, 50 points, seed 0',
      '0.33 two-nn on M9_Affine, 50 points, seed 0',
    ]);
    assert.deepEqual(
      found.map(({ manifold: name }) => name),
      ['M7_Roll'],
    );
  });

  it('refuse unknown names before the first trial', async () => {
    await assert.rejects(
      all({ estimators: ['two-n' as never] }),
      /no estimator 'two-n': did you mean 'two-nn'\?/,
    );
    await assert.rejects(all({ estimators: ['i3d' as never] }), /i3d counts discrete points/);
    await assert.rejects(
      all({ manifolds: ['M7_Roll', 'M7_Rol' as never] }),
      /no manifold 'M7_Rol': did you mean 'M7_Roll'/,
    );
    await assert.rejects(
      all({ points: [2.5] }),
      /points must be a list of whole numbers, such as \[500, 1000\], got \[2.5\]/,
    );
  });
});
