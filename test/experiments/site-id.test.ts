import assert from 'node:assert/strict';
import { siteId } from '../../src/experiments/site-id';
import { mulberry32 } from '../../src/random';
import { loadBackend } from '../../src/runtime/backend';

const SETTINGS = { idSubsamples: 5, idFraction: 0.9, discardFraction: 0.1, seed: 0 };

const [N, D] = [50, 8];

/** Points in general position. */
function generalPoints(): Float32Array {
  const uniform = mulberry32(1);
  return Float32Array.from({ length: N * D }, uniform);
}

describe('siteId', () => {
  before(() => loadBackend());

  const measure = (data: Float32Array) => siteId({ data, shape: [N, D] }, SETTINGS);

  it('measures points in general position', async () => {
    const { value } = await measure(generalPoints());
    assert.ok(value !== null && value > 2 && value < 16, `${value}`);
  });

  const degenerate: [string, (data: Float32Array) => void, RegExp][] = [
    ['all equal', (data) => data.fill(0), /at least 3 distinct points, got 1 .*all points are equal/],
    ['two distinct points', (data) => data.fill(0).fill(1, 0, 1), /at least 3 distinct points, got 2/],
    [
      'three distinct points',
      (data) =>
        data
          .fill(0)
          .fill(1, 0, 1)
          .fill(2, D, D + 1),
      /subsample/,
    ],
    ['a value that is not finite', (data) => data.fill(Number.NaN, 3, 4), /1 of 400 values is NaN/],
    [
      'a lattice',
      (data) =>
        data.forEach((_, i) => {
          data[i] = i % D === 0 ? i / D : 0;
        }),
      /two neighbours at the same distance/,
    ],
  ];
  for (const [name, change, reason] of degenerate) {
    it(`gives the reason why there is no dimension: ${name}`, async () => {
      const data = generalPoints();
      change(data);
      const estimate = await measure(data);
      assert.equal(estimate.value, null);
      assert.match((estimate as { reason: string }).reason, reason);
    });
  }

  it('refuses settings that fit no points', async () => {
    const points = { data: generalPoints(), shape: [N, D] as const };
    await assert.rejects(
      siteId(points, { ...SETTINGS, idFraction: 0.01 }),
      /a subsample of 0.01 of 50 points/,
    );
    await assert.rejects(siteId(points, { ...SETTINGS, discardFraction: 2 }), /discardFraction must be/);
    await assert.rejects(siteId({ data: points.data, shape: [N, 7] }, SETTINGS), /needs 350 numbers/);
  });
});
