import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { recordedProfile } from '../../src/records/recorded-profiles';

const FOLDER = join(__dirname, '..', '..', 'data', 'profiles');

describe('the recorded profiles', () => {
  const names = readdirSync(FOLDER).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -5)] : []));

  it('are whole: each site has an estimate with its interval, or the reason', () => {
    assert.ok(names.length >= 6, `${names}`);
    for (const name of names) {
      const { order, sites, notMeasurable, peakId, peakSite, lastLayerId, lastSite } = recordedProfile(name);
      for (const site of order) {
        const estimate = sites[site];
        if (!estimate) assert.ok(notMeasurable[site], `${name} ${site}`);
        else assert.ok(estimate.interval.lower < estimate.value && estimate.value < estimate.interval.upper);
      }
      assert.equal(peakId, sites[peakSite]!.value);
      assert.equal(lastLayerId, sites[lastSite]!.value);
      assert.equal(Math.max(...Object.values(sites).map(({ value }) => value)), peakId);
    }
  });

  it('are refused by name where there is none', () => {
    assert.throws(() => recordedProfile('none'), /there is no recorded profile .*none\.json/);
  });
});
