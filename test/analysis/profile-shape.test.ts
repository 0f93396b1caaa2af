import { strict as assert } from 'node:assert';
import type { LayerProfile, SiteEstimate } from '../../src/activations/layer-profile';
import { profileOf } from '../../src/activations/layer-profile';
import { profileShape } from '../../src/analysis/profile-shape';
import { mulberry32 } from '../../src/random';

function profileWith(values: readonly number[], standardError: number, last?: string): LayerProfile {
  const order = values.map((_, i) => `${i}`);
  const sites = Object.fromEntries(
    values.map((value, i) => {
      const interval = { lower: value - 2 * standardError, upper: value + 2 * standardError, level: 0.95 };
      const estimate = { value, standardError, interval, shape: [3], points: 9, duplicates: 0 };
      return [`${i}`, estimate as unknown as SiteEstimate];
    }),
  );
  return profileOf({ order, sites, notMeasurable: {} }, last);
}

describe('the shape of a profile', () => {
  it('has a rise, a fall and the place of the peak', () => {
    const { rise, fall, peakDepth } = profileShape(profileWith([2, 9, 12, 6, 4], 0.1));
    assert.deepEqual([rise.value, fall.value, peakDepth.value], [10, 8, 0.5]);
    assert.deepEqual([peakDepth.interval.lower, peakDepth.interval.upper], [0.5, 0.5]);
    // The normal quantile of 1 - 0.05 / 4 / 2 is 2.4977.
    assert.ok(Math.abs(rise.interval.lower - (10 - 2.4977 * Math.hypot(0.1, 0.1))) < 1e-4);
  });

  it('ends at the layer before the classifier, and needs three', () => {
    const profile = profileWith([2, 3, 4, 9], 0.1, '2');
    assert.equal(profileShape(profile).fall.value, -1);
    assert.equal(profileShape(profile).layers, 3);
    assert.throws(() => profileShape(profileWith([2, 3], 0.1)), /at least 3 layers, got 2/);
  });

  it('says of values that differ by their errors alone, 19 times of 20, that nothing rises and that any may be the peak', () => {
    const uniform = mulberry32(3);
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    const repetitions = 1000;
    let [risen, hidden] = [0, 0];
    for (let r = 0; r < repetitions; r++) {
      const values = Array.from({ length: 8 }, () => 10 + normal());
      const { rise, peakDepth } = profileShape(profileWith(values, 1));
      if (rise.interval.lower > 0) risen++;
      if (peakDepth.interval.lower > 0.5 || peakDepth.interval.upper < 0.5) hidden++;
    }
    // At most one of twenty; the deviation of such a share of 1,000 is 0.007, and Bonferroni's bound is no sharp one.
    assert.ok(risen / repetitions <= 0.07, `${risen}`);
    assert.ok(hidden / repetitions <= 0.07, `${hidden}`);
  });
});
