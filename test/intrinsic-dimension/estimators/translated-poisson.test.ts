import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import { localId } from '../../../src/intrinsic-dimension/local-id';
import { cube } from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { readNpy } from '../golden';

type Values = Record<'Haro' | 'guaranteed.convergence' | 'iteration', (number | null)[]>;

/** What the R package intrinsicDimension gives, made by reference.py. */
const { k, sets } = JSON.parse(
  readFileSync(join(__dirname, '../../fixtures/translated-poisson/translated-poisson.json'), 'utf8'),
) as {
  k: number;
  sets: Record<string, { folder: string; noises: { sigma: number; exact: Values; library: Values }[] }>;
};

/** The last `count` distinct points of a set, in float64. */
function lastDistinct(name: string, folder: string, count: number): number[][] {
  const { data, shape } = readNpy(name, folder);
  const rows = Array.from({ length: shape[0] }, (_, i) =>
    Array.from(data.subarray(i * shape[1], (i + 1) * shape[1])),
  );
  const seen = new Set<string>();
  return rows.filter((row) => !seen.has(row.join()) && seen.add(row.join())).slice(-count);
}

describe('translated-poisson', () => {
  for (const [name, { folder, noises }] of Object.entries(sets)) {
    it(`is what intrinsicDimension gives on ${name} once it integrates to rounding, within 1e-9`, async () => {
      const points = lastDistinct(name, folder, 12);
      let compared = 0;
      for (const { sigma, exact } of noises) {
        for (const [approximation, reference] of [
          ['haro', exact.Haro],
          ['convergent', exact['guaranteed.convergence']],
          ['iterated', exact.iteration],
        ] as const) {
          const { values } = await localId(points, {
            estimator: 'translated-poisson',
            k,
            sigma,
            approximation,
          });
          assert.equal(values.length, reference.length);
          for (const [i, expected] of reference.entries()) {
            // The package gives a negative dimension where noise explains all of the distances, and we none.
            if (expected === null || expected <= 0) continue;
            const what = `${approximation}, ${sigma}, point ${i}: ${values[i]} instead of ${expected}`;
            assert.ok(Math.abs(values[i]! / expected - 1) <= 1e-9, what);
            compared++;
          }
        }
      }
      assert.ok(compared >= 60, `${compared} compared`);
    });
  }

  it('is levina-bickel without noise', async () => {
    const points = cube({ points: 200, dimension: 3, seed: 1 });
    for (const combine of ['mean', 'median', 'harmonic'] as const) {
      for (const unbiased of [true, false]) {
        const { value } = await intrinsicDimension(points, {
          estimator: 'translated-poisson',
          combine,
          unbiased,
        });
        const { value: expected } = await intrinsicDimension(points, {
          estimator: 'levina-bickel',
          combine,
          unbiased,
        });
        assert.equal(value, expected);
      }
    }
  });
});
