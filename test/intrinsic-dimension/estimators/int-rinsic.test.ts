import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import { hidalgo } from '../../../src/intrinsic-dimension/mixture/hidalgo';
import { readNpy } from '../golden';

interface Chains {
  mean: number[];
  error: number[];
}

/** What the R package intRinsic gives, made by reference.py; an estimate stands between the ends of its interval. */
const { hidalgo: settings, sets } = JSON.parse(
  readFileSync(join(__dirname, '../../fixtures/intRinsic/intRinsic.json'), 'utf8'),
) as {
  hidalgo: { K: number; alpha_Dirichlet: number };
  sets: Record<
    string,
    {
      folder: string;
      mle: number[];
      unbiased: number[];
      /** lower, mean, median, mode, upper */
      bayes: number[];
      linfit: number[];
      library: Chains;
      corrected: Chains;
    }
  >;
};

function rowsOf(name: string, folder: string): number[][] {
  const { data, shape } = readNpy(name, folder);
  return Array.from({ length: shape[0] }, (_, i) =>
    Array.from(data.subarray(i * shape[1], (i + 1) * shape[1])),
  ).slice(-300);
}

function assertClose(value: number, expected: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(value - expected) <= tolerance * Math.abs(expected),
    `${what}: ${value} instead of ${expected}`,
  );
}

describe('what intRinsic has', () => {
  for (const [name, reference] of Object.entries(sets)) {
    it(`is the same on ${name} within 1e-9: TWO-NN by maximum likelihood, with a prior, and by a line`, async () => {
      const points = rowsOf(name, reference.folder);
      const likely = await intrinsicDimension(points, { estimator: 'two-nn-mle', interval: 'iid' });
      const [lower, value, upper] = reference.unbiased as [number, number, number];
      assertClose(likely.value, value, 1e-9, 'unbiased');
      // Quantiles of the gamma distribution are jStat's here and R's there.
      assertClose(likely.interval.lower, lower, 1e-8, 'lower end');
      assertClose(likely.interval.upper, upper, 1e-8, 'upper end');
      assertClose((likely.value * likely.points) / (likely.points - 1), reference.mle[1]!, 1e-9, 'biased');
      const prior = { estimator: 'two-nn-bayes', interval: 'iid' } as const;
      const mean = await intrinsicDimension(points, prior);
      assertClose(mean.value, reference.bayes[1]!, 1e-9, 'mean of the posterior');
      assertClose(mean.interval.lower, reference.bayes[0]!, 1e-8, 'its lower end');
      assertClose(mean.interval.upper, reference.bayes[4]!, 1e-8, 'its upper end');
      const { value: mode } = await intrinsicDimension(points, { ...prior, mode: true });
      assertClose(mode, reference.bayes[3]!, 1e-9, 'mode');
      // The package's line has F = (i - 1) / N, and ours, as in the paper and DADApy, i / N.
      const { fit } = await intrinsicDimension(points, { discardFraction: 0, fit: true });
      const y = fit!.x.map((_, i) => -Math.log(1 - i / fit!.x.length));
      const slope =
        fit!.x.reduce((sum, x, i) => sum + x * y[i]!, 0) / fit!.x.reduce((sum, x) => sum + x * x, 0);
      assertClose(slope, reference.linfit[1]!, 1e-9, 'line');
    });

    it(`is the same on 30 points of ${name} as far as chains can tell: Hidalgo, with one slip of the package mended`, async () => {
      const seen = new Set<string>();
      const points = rowsOf(name, reference.folder)
        .filter((row) => !seen.has(row.join()) && seen.add(row.join()))
        .slice(-30);
      const { K: components, alpha_Dirichlet: weightPrior } = settings;
      const runs: Float64Array[] = [];
      for (let seed = 0; seed < 6; seed++) {
        const options = { components, weightPrior, chains: 1, sweeps: 1500, burnIn: 200, seed } as const;
        runs.push((await hidalgo(points, options)).dimensions);
      }
      // The slip is too small to be seen by these chains; sums over all labellings see it.
      const { mean, error } = reference.corrected;
      const z = mean.map((expected, i) => {
        const ours = runs.reduce((sum, run) => sum + run[i]! / 6, 0);
        const variance = runs.reduce((sum, run) => sum + (run[i]! - ours) ** 2 / 5, 0) / 6;
        return Math.abs(ours - expected) / Math.sqrt(variance + error[i]! ** 2);
      });
      // Of 6 chains on either side the difference has Student's distribution with 5 to 10 degrees of freedom: 30 values exceed 7 errors in
      // 1 of 30 sets at most, were they independent, and their mean is .9.
      assert.ok(Math.max(...z) < 7, `${z.map((each) => each.toFixed(1))}`);
      assert.ok(z.reduce((sum, each) => sum + each / z.length, 0) < 2.5, `${z}`);
    });
  }
});
