import assert from 'node:assert/strict';
import { siteId } from '../../src/experiments/site-id';
import { loadBackend } from '../../src/runtime/backend';

const SETTINGS = { idSubsamples: 5, idFraction: 0.9, discardFraction: 0.1, seed: 0 };

describe('siteId', () => {
  before(() => loadBackend());

  it('has dimension 0 where a collapsed network gives all examples the same activations', async () => {
    const points = { data: new Float32Array(50 * 8).fill(0.25), shape: [50, 8] as const };
    assert.deepEqual(await siteId(points, SETTINGS), { value: 0, std: 0 });
  });

  it('refuses two distinct points, and what is not a number', async () => {
    const data = new Float32Array(50 * 8).fill(0.25);
    data[0] = 1;
    await assert.rejects(
      siteId({ data, shape: [50, 8] }, SETTINGS),
      /need at least 3 distinct points, got 2/,
    );
    data[0] = Number.NaN;
    await assert.rejects(siteId({ data, shape: [50, 8] }, SETTINGS), /NaN/);
  });
});
