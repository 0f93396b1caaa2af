import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileProfileOptions, type MeasuredSite, profile } from '../../src/activations/file-profile';
import {
  labelOverlap,
  neighbourhoodOverlap,
} from '../../src/intrinsic-dimension/comparison/neighbourhood-overlap';
import { readPoints } from '../../src/intrinsic-dimension/files/points-file';
import { idScale } from '../../src/intrinsic-dimension/scale';

const FIXTURES = join(__dirname, '..', 'fixtures', 'arrays');
const STACK = join(FIXTURES, 'stack.npy');

describe('what a profile measures besides the dimension', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'further-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const points = (rule: string, layer: number): ReturnType<typeof readPoints> =>
    readPoints(join(FIXTURES, 'points.safetensors'), { key: `${rule}.${layer}` });
  const measure = (options: FileProfileOptions): ReturnType<typeof profile> =>
    profile(STACK, { axes: 'LNTD', tokens: 'first', mask: join(FIXTURES, 'mask.npy'), ...options });

  it('is what the functions of the same names give on the same points', async () => {
    const given = Array.from({ length: 80 }, (_, i) => ['cat', 'dog', 'newt'][i % 3]!);
    const labels = join(folder, 'labels.csv');
    writeFileSync(labels, `${given.join('\r\n')}\r\n`);
    const { sites } = await measure({ scale: true, overlap: true, labels, overlapNeighbours: 7 });
    const [before, after] = [await points('first', 0), await points('first', 1)];
    const { overlap, labelOverlap: ofLabels, scaleCurve } = sites['1']!;
    const expected = await neighbourhoodOverlap(before, after, { k: 7 });
    assert.deepEqual(overlap, {
      with: '0',
      k: 7,
      value: expected.value,
      standardError: expected.standardError,
      interval: expected.interval,
    });
    assert.equal(sites['0']!.overlap, undefined);
    // An example of padding alone has no point.
    const mask = await readPoints(join(FIXTURES, 'mask.npy'));
    const kept = given.filter((_, i) => mask.data.subarray(3 * i, 3 * i + 3).some((valid) => valid !== 0));
    const labelled = await labelOverlap(after, kept, { k: 7 });
    assert.equal(ofLabels!.value, labelled.value);
    assert.deepEqual(scaleCurve!.curve, (await idScale(after)).curve);
  });

  it('takes the label of a token from its example', async () => {
    const labels = join(folder, 'tokens.txt');
    writeFileSync(labels, Array.from({ length: 80 }, (_, i) => i % 2).join('\n'));
    const { sites } = await measure({ tokens: 'all', labels });
    // The tokens of each example that are no padding, as the mask has them.
    const mask = await readPoints(join(FIXTURES, 'mask.npy'));
    const given = Array.from({ length: 240 }, (_, place) => place)
      .filter((place) => mask.data[place] !== 0)
      .map((place) => Math.floor(place / 3) % 2);
    assert.equal(sites['2']!.labelOverlap!.value, (await labelOverlap(await points('all', 2), given)).value);
  });

  it('needs the layer before a layer that is not known yet, and does not measure it again', async () => {
    const all: Record<string, MeasuredSite> = {};
    const onSite = (site: string, found: MeasuredSite): void => {
      all[site] = found;
    };
    await measure({ overlap: true, onSite });
    const measured: string[] = [];
    const { '0': zero, '1': one } = all as { '0': MeasuredSite; '1': MeasuredSite };
    const { sites } = await measure({
      overlap: true,
      known: { '0': zero, '1': one },
      onSite: (site) => measured.push(site),
    });
    assert.deepEqual(measured, ['2']);
    assert.deepEqual(sites['2'], all['2']);
  });

  it('is left out with the reason where the points do not allow it', async () => {
    const { sites } = await profile([STACK], {
      axes: 'LNTD',
      overlap: true,
      tokens: 'first',
      overlapNeighbours: 79,
    });
    // Some rows are duplicates.
    const { overlap } = sites['1']!;
    assert.ok(overlap && overlap.value === null, JSON.stringify(overlap));
    assert.match(overlap.reason, /79 neighbours need at least 80 distinct points, got 74/);
    const labels = join(folder, 'few.txt');
    writeFileSync(labels, 'a\nb\n');
    await assert.rejects(
      measure({ labels }),
      /few\.txt has 2 labels for 80 examples: give one for each example/,
    );
    writeFileSync(labels, 'a\n'.repeat(80));
    await assert.rejects(measure({ labels }), /has only the label a/);
    await assert.rejects(measure({ labels: STACK }), /labels must be one array with one axis/);
    await assert.rejects(measure({ overlapNeighbours: 7 }), /overlapNeighbours is for overlap and labels/);
  });
});
