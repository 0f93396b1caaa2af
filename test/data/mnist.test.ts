import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { mnist } from '../../src/data/mnist';
import { classCounts } from '../../src/data/select';

describe('MNIST', () => {
  const data = mnist({ trainFraction: 0.5 });
  const { train, validation } = data;

  it('has 10,000 digits, 32 x 32, black around the 28 x 28 inside', () => {
    assert.equal(train.size + validation.size, 10_000);
    assert.deepEqual(train.inputShape, [32, 32, 1]);
    assert.equal(train.inputs.length, 5000 * 1024);
    const inside = (i: number): boolean => {
      const [row, column] = [(i % 1024) >> 5, i & 31];
      return row >= 2 && row < 30 && column >= 2 && column < 30;
    };
    assert.ok(train.inputs.every((byte, i) => byte === 0 || inside(i)));
    assert.ok(train.inputs.some((byte) => byte === 255));
  });

  it('has the numbers of each digit that the package has', () => {
    const counts = classCounts(train, 10).map((count, digit) => count + classCounts(validation, 10)[digit]!);
    assert.deepEqual([...counts], [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
  });

  it('has labels that belong to the pictures: the nearest mean digit is right for 3 of 4', () => {
    const means = Array.from({ length: 10 }, () => new Float64Array(1024));
    const counts = classCounts(train, 10);
    train.inputs.forEach((byte, i) => {
      const label = train.labels[i >> 10]!;
      means[label]![i & 1023]! += byte / counts[label]!;
    });
    const distance = (mean: Float64Array, picture: number): number => {
      let sum = 0;
      for (let i = 0; i < 1024; i++) sum += (validation.inputs[picture * 1024 + i]! - mean[i]!) ** 2;
      return sum;
    };
    let hits = 0;
    for (let picture = 0; picture < 500; picture++) {
      const distances = means.map((mean) => distance(mean, picture));
      if (distances.indexOf(Math.min(...distances)) === validation.labels[picture]) hits++;
    }
    assert.ok(hits > 375, `${hits} of 500`);
  });

  it('is normalised and not augmented unless asked', () => {
    const indices = Int32Array.from({ length: 1000 }, (_, i) => i);
    const plain = train.prepare!(train, indices);
    assert.deepEqual(train.prepare!(train, indices, { seed: 1, epoch: 1 }), plain);
    const mean = plain.reduce((sum, x) => sum + x, 0) / plain.length;
    assert.ok(Math.abs(mean) < 0.05, `mean ${mean}`);
  });

  it('is read when asked for, not when imported', () => {
    const script = `
      const fs = require('node:fs');
      const { readFileSync } = fs;
      let files = 0;
      fs.readFileSync = (path, ...rest) => {
        if (/mnist.src.digits/.test(String(path))) files++;
        return readFileSync(path, ...rest);
      };
      const { mnist } = require(${JSON.stringify(join(__dirname, '..', '..', 'src', 'data', 'mnist.ts'))});
      const before = files;
      mnist();
      mnist();
      process.stdout.write(before + ' ' + files);`;
    const output = execFileSync(process.execPath, ['--import', 'tsx', '-e', script], { encoding: 'utf8' });
    assert.equal(output, '0 10');
  });
});
