import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { channelStatistics, findSources, imagePreparation, type View } from '../../src/data/augment';
import type { Examples } from '../../src/data/dataset';

interface KnownView extends View {
  readonly width: number;
  readonly height: number;
  readonly sources: readonly number[];
}
const { views } = JSON.parse(
  readFileSync(join(__dirname, '..', 'fixtures', 'augment', 'views.json'), 'utf8'),
) as { views: KnownView[] };

const PAPER = { cropPadding: 4, horizontalFlip: true, rotation: 15 };
const UNIT = { mean: [0, 0, 0], std: [1, 1, 1] };

/** Pictures 32 x 32 x 3 whose channels are row, column and a number of the picture. */
function pictures(size: number): Examples {
  const inputs = Uint8Array.from({ length: size * 3072 }, (_, i) => {
    const pixel = Math.floor(i / 3) % 1024;
    return [100 + (pixel >> 5), 100 + (pixel & 31), 1 + Math.floor(i / 3072)][i % 3]!;
  });
  return { inputs, inputShape: [32, 32, 3], labels: new Int32Array(size), size };
}

describe('augmentation', () => {
  for (const { width, height, sources, ...view } of views) {
    const { top, left, flipped, angle } = view;
    it(`sees what Pillow sees: ${width} x ${height}, crop ${top} ${left}${flipped ? ', flipped' : ''}, ${angle} degrees`, () => {
      const found = new Int32Array(width * height);
      findSources(found, height, width, view);
      assert.deepEqual([...found], sources);
    });
  }

  it('is a function of seed, epoch and index, whichever batch an example is in', () => {
    const data = pictures(20);
    const prepare = imagePreparation(UNIT, PAPER);
    const batch = (indices: number[], seed: number, epoch: number): Float32Array =>
      prepare(data, Int32Array.from(indices), { seed, epoch });
    const all = batch([...Array(20).keys()], 3, 5);
    assert.deepEqual(batch([7], 3, 5), all.subarray(7 * 3072, 8 * 3072));
    assert.deepEqual(batch([19, 2], 3, 5).subarray(3072), all.subarray(2 * 3072, 3 * 3072));
    const seen = new Set<string>();
    for (let seed = 0; seed < 8; seed++) {
      for (let epoch = 0; epoch < 8; epoch++) seen.add(batch([4], seed, epoch).join());
    }
    assert.equal(seen.size, 64);
  });

  it('draws every crop, both sides and all angles equally often', () => {
    const draws = 2000;
    const data = pictures(1);
    const rowsOf = (augmentation: object): Float32Array[] =>
      Array.from({ length: draws }, (_, epoch) =>
        imagePreparation(UNIT, augmentation)(data, Int32Array.of(0), { seed: 1, epoch }),
      );
    // the middle pixel tells row and column of the crop
    const crops = new Map<string, number>();
    for (const picture of rowsOf({ cropPadding: 4 })) {
      const middle = 3 * (16 * 32 + 16);
      const place = [0, 1].map((channel) => Math.round(picture[middle + channel]! * 255) - 116).join();
      crops.set(place, (crops.get(place) ?? 0) + 1);
    }
    assert.equal(crops.size, 81);
    const expected = draws / 81;
    const chiSquare = [...crops.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    assert.ok(chiSquare < 124, `chi-square of 80 degrees of freedom is ${chiSquare}`); // p = .001
    const flips = rowsOf({ horizontalFlip: true }).filter((picture) => picture[1]! > picture[4]!).length;
    assert.ok(Math.abs(flips - draws / 2) < 3.3 * Math.sqrt(draws / 4), `${flips} of ${draws} flipped`);
    // the number of ground pixels grows with the angle, so its quartiles are those of |angle|: 3.75, 7.5, 11.25
    const ground = (sources: Int32Array): number => sources.filter((source) => source < 0).length;
    const groundAt = (angle: number): number => {
      const sources = new Int32Array(1024);
      findSources(sources, 32, 32, { top: 0, left: 0, flipped: false, angle });
      return ground(sources);
    };
    const counts = rowsOf({ rotation: 15 }).map(
      (picture) => picture.filter((value, i) => i % 3 === 2 && value === 0).length,
    );
    assert.ok(Math.max(...counts) <= groundAt(15));
    for (const angle of [3.75, 7.5, 11.25]) {
      const share = counts.filter((count) => count < groundAt(angle)).length / draws;
      assert.ok(Math.abs(share - angle / 15) < 0.05, `${share} turn by less than ${angle} degrees`);
    }
  });

  it('normalises each channel, black ground included, and leaves validation as it is', () => {
    const data = pictures(2);
    const mean = [0.4914, 0.4822, 0.4465];
    const std = [0.2023, 0.1994, 0.201];
    const plain = imagePreparation({ mean, std }, PAPER)(data, Int32Array.of(1, 0));
    plain.forEach((value, i) => {
      const byte = data.inputs[(i + 3072) % 6144]!;
      const truth = (byte / 255 - mean[i % 3]!) / std[i % 3]!;
      assert.ok(Math.abs(value - truth) < 1e-6);
    });
    const turned = imagePreparation({ mean, std }, { rotation: 15 });
    const corner = turned(data, Int32Array.of(0), { seed: 0, epoch: 0 }).subarray(0, 3);
    assert.deepEqual(
      corner,
      Float32Array.from(mean, (m, i) => -m / std[i]!),
    );
  });

  it('computes mean and deviation of each channel', () => {
    const inputs = Uint8Array.of(0, 255, 255, 255, 0, 0, 255, 51);
    const data = { inputs, inputShape: [1, 2, 2], labels: Int32Array.of(0, 0), size: 2 };
    const { mean, std } = channelStatistics(data);
    const second = [1, 1, 0, 0.2];
    const average = 0.55;
    const deviation = Math.sqrt(second.reduce((sum, v) => sum + (v - average) ** 2, 0) / 4);
    const close = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);
    close(mean[0]!, 0.5);
    close(std[0]!, 0.5);
    close(mean[1]!, average);
    close(std[1]!, deviation);
  });

  it('refuses settings that mean nothing, with the value', () => {
    assert.throws(
      () => imagePreparation(UNIT, { cropPadding: 1.5 }),
      /cropPadding 1.5 is not a whole number/,
    );
    assert.throws(() => imagePreparation(UNIT, { rotation: -1 }), /rotation -1 is outside 0 to 180/);
    assert.throws(() => imagePreparation({ mean: [0], std: [0] }), /normalization holds 0/);
    assert.throws(() => imagePreparation({ mean: [0, 0], std: [1] }), /2 means and 1 deviation:/);
    const grey = imagePreparation({ mean: [0], std: [1] });
    assert.throws(
      () => grey(pictures(1), Int32Array.of(0)),
      /shape \[32,32,3\] are not pictures \[height, width, 1\]/,
    );
  });
});
