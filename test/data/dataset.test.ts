import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { batchCount, batches, type Examples, toBatch } from '../../src/data/dataset';
import { loadBackend } from '../../src/runtime/backend';

/** Example i is [10 i, 10 i + 1] with label i. */
function examples(
  size: number,
  Numbers: Int32ArrayConstructor | Float32ArrayConstructor = Int32Array,
): Examples {
  const inputs = (Numbers as Int32ArrayConstructor).from(
    { length: 2 * size },
    (_, i) => 10 * Math.floor(i / 2) + (i % 2),
  );
  return { inputs, inputShape: [2], labels: Int32Array.from({ length: size }, (_, i) => i), size };
}

/** The labels of each batch of an epoch. */
function epochOf(size: number, batchSize: number, seed: number, epoch: number, skip = 0): number[][] {
  const result: number[][] = [];
  for (const batch of batches(examples(size), { batchSize, seed, epoch, skip })) {
    result.push([...batch.labels.dataSync()]);
    assert.equal(batch.size, result.at(-1)!.length);
    batch.dispose();
  }
  return result;
}

describe('batches', () => {
  before(loadBackend);
  let tensors: number;
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => assert.equal(tf.memory().numTensors, tensors));

  it('hold every example once an epoch, the last batch being short', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.nat(40),
        fc.nat(1000),
        fc.nat(1000),
        (size, b, seed, epoch) => {
          const batchSize = 1 + (b % size);
          const labels = epochOf(size, batchSize, seed, epoch);
          assert.equal(labels.length, batchCount(examples(size), batchSize));
          assert.ok(labels.slice(0, -1).every((batch) => batch.length === batchSize));
          assert.deepEqual(
            labels.flat().sort((x, y) => x - y),
            [...examples(size).labels],
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('come in an order that (seed, epoch) alone decides, another for each', () => {
    assert.deepEqual(epochOf(50, 7, 3, 4), epochOf(50, 7, 3, 4));
    assert.deepEqual(epochOf(50, 7, 3, 4).flat(), epochOf(50, 11, 3, 4).flat());
    const orders = new Set<string>();
    for (let seed = 0; seed < 10; seed++) {
      for (let epoch = 0; epoch < 10; epoch++) orders.add(epochOf(50, 50, seed, epoch).join());
    }
    assert.equal(orders.size, 100);
  });

  it('go on in the middle of an epoch as if nothing had happened', () => {
    const whole = epochOf(23, 4, 1, 2);
    for (let skip = 0; skip <= whole.length; skip++) {
      assert.deepEqual(epochOf(23, 4, 1, 2, skip), whole.slice(skip));
    }
  });

  it('keep inputs beside their labels, as int32 or float32', () => {
    for (const Numbers of [Int32Array, Float32Array]) {
      for (const batch of batches(examples(9, Numbers), { batchSize: 4, seed: 0, epoch: 0 })) {
        assert.equal(batch.inputs.dtype, Numbers === Int32Array ? 'int32' : 'float32');
        assert.deepEqual(batch.inputs.shape, [batch.size, 2]);
        const labels = [...batch.labels.dataSync()];
        assert.deepEqual(
          [...batch.inputs.dataSync()],
          labels.flatMap((label) => [10 * label, 10 * label + 1]),
        );
        batch.dispose();
      }
    }
  });

  it('refuse a batch larger than the data when asked, not at the first batch', () => {
    const ask = (batchSize: number): unknown => batches(examples(10), { batchSize, seed: 0, epoch: 0 });
    assert.throws(() => ask(11), /batchSize 11 is larger than the data, 10 examples: give at most 10/);
    assert.throws(() => ask(0), /batchSize 0 is not a whole number/);
    assert.throws(() => ask(2.5), /batchSize 2.5 is not a whole number/);
    assert.throws(() => ask(Number.NaN), /batchSize NaN/);
  });
});

describe('toBatch', () => {
  before(loadBackend);

  it('takes all examples in their order, or those with the given indices', () => {
    const all = toBatch(examples(5));
    const some = toBatch(examples(5), Int32Array.of(3, 0, 3));
    assert.deepEqual([...all.labels.dataSync()], [0, 1, 2, 3, 4]);
    assert.deepEqual([...some.inputs.dataSync()], [30, 31, 0, 1, 30, 31]);
    assert.deepEqual(some.inputs.shape, [3, 2]);
    all.dispose();
    some.dispose();
  });

  it('keeps bytes as 0 to 255, in float32', () => {
    const batch = toBatch({
      inputs: Uint8Array.of(0, 7, 128, 255),
      inputShape: [2, 2, 1],
      labels: Int32Array.of(1),
      size: 1,
    });
    assert.equal(batch.inputs.dtype, 'float32');
    assert.deepEqual(batch.inputs.shape, [1, 2, 2, 1]);
    assert.deepEqual([...batch.inputs.dataSync()], [0, 7, 128, 255]);
    batch.dispose();
  });

  it('refuses an index without an example', () => {
    assert.throws(() => toBatch(examples(5), Int32Array.of(5)), /no example 5: there are 5/);
    assert.throws(() => toBatch(examples(5), Int32Array.of(-1)), /no example -1/);
  });
});
