import assert from 'node:assert/strict';
import { batches, type Examples } from '../../src/data/dataset';
import { type ImageOptions, type ImageSource, imageDataset } from '../../src/data/image-set';
import { classCounts, ofClass, rawPoints, select } from '../../src/data/select';
import { loadBackend } from '../../src/runtime/backend';

/** Pictures of one pixel that holds their number, with labels in the given proportions. */
function examples(size: number, labelOf: (index: number) => number): Examples {
  const numbers = Array.from({ length: size }, (_, i) => i);
  return {
    inputs: Uint8Array.from(numbers),
    inputShape: [1, 1, 1],
    labels: Int32Array.from(numbers, labelOf),
    size,
  };
}

/** 200 pictures: 100 of a, 60 of b, 40 of c. */
const SOURCE: ImageSource = {
  name: 'toy',
  title: 'Toy',
  classNames: ['a', 'b', 'c'],
  train: examples(200, (i) => (i % 10 < 5 ? 0 : i % 10 < 8 ? 1 : 2)),
};
const WITH_TEST: ImageSource = { ...SOURCE, test: examples(50, (i) => i % 3) };

const numbersOf = ({ inputs }: Examples): number[] => [...inputs];

describe('imageDataset', () => {
  before(loadBackend);

  it('splits pictures without a test set into two parts that have none in common', () => {
    for (const seed of [0, 1]) {
      const { train, validation } = imageDataset(SOURCE, { seed });
      assert.equal(train.size, 160);
      const all = [...numbersOf(train), ...numbersOf(validation)].sort((a, b) => a - b);
      assert.deepEqual(all, numbersOf(SOURCE.train));
    }
    const order = (seed: number): string => numbersOf(imageDataset(SOURCE, { seed }).train).join();
    assert.equal(order(3), order(3));
    assert.notEqual(order(3), order(4));
  });

  it('keeps each picture with its label', () => {
    for (const options of [{}, { balanced: true, trainFraction: 0.3 }, { validationFraction: 0.1 }]) {
      const { train, validation } = imageDataset(SOURCE, options);
      for (const part of [train, validation]) {
        const truth = numbersOf(part).map((number) => SOURCE.train.labels[number]);
        assert.deepEqual([...part.labels], truth);
      }
    }
  });

  it('validates with the whole test set, whatever part is trained on', () => {
    for (const trainFraction of [0.1, 1]) {
      const { train, validation } = imageDataset(WITH_TEST, { trainFraction });
      assert.equal(train.size, 200 * trainFraction);
      assert.deepEqual(numbersOf(validation), numbersOf(WITH_TEST.test!));
    }
    assert.equal(imageDataset(WITH_TEST, { validationFraction: 0.2 }).validation.size, 10);
  });

  it('trains with the pictures of a smaller trainFraction and more', () => {
    for (const balanced of [false, true]) {
      const of = (trainFraction: number): number[] =>
        numbersOf(imageDataset(SOURCE, { trainFraction, balanced, validationFraction: 0.2 }).train);
      const large = new Set(of(0.4));
      assert.ok(of(0.2).every((number) => large.has(number)));
      assert.ok(of(0.2).length < large.size);
    }
  });

  it('validates on a fixed share, the same for every trainFraction', () => {
    const of = (trainFraction: number): number[] =>
      numbersOf(imageDataset(SOURCE, { trainFraction, validationFraction: 0.25 }).validation);
    assert.equal(of(0.5).length, 50);
    assert.deepEqual(of(0.5), of(0.1));
  });

  it('balances the classes', () => {
    const { train, validation } = imageDataset(SOURCE, { trainFraction: 0.5, balanced: true });
    assert.deepEqual([...classCounts(train, 3)], [33, 33, 33]);
    assert.equal(validation.size, 101);
    assert.throws(
      () => imageDataset(SOURCE, { trainFraction: 0.9, balanced: true }),
      /180 balanced training pictures are 60 of each class, and there are 40 of 'c': give a trainFraction from 0.015 to 0.6/,
    );
  });

  it('makes exactly the wanted share of training labels wrong, each other class as often', () => {
    const clean = imageDataset(WITH_TEST, { seed: 5 });
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 40; seed++) {
      const { train, validation } = imageDataset(WITH_TEST, { labelNoise: 0.25, seed });
      const truth = numbersOf(train).map((number) => SOURCE.train.labels[number]!);
      const wrong = truth.flatMap((label, i) =>
        label === train.labels[i] ? [] : [`${label}${train.labels[i]}`],
      );
      assert.equal(wrong.length, 50);
      for (const pair of wrong) counts.set(pair, (counts.get(pair) ?? 0) + 1);
      assert.deepEqual(validation.labels, WITH_TEST.test!.labels);
    }
    assert.equal(counts.size, 6);
    const ofA = counts.get('01')! + counts.get('02')!;
    assert.ok(Math.abs(counts.get('01')! - ofA / 2) < 3.3 * Math.sqrt(ofA / 4));
    const noisy = imageDataset(WITH_TEST, { seed: 5, labelNoise: 0.25 });
    assert.deepEqual(numbersOf(noisy.train), numbersOf(clean.train));
  });

  it('leaves the source as it was', () => {
    const before = [...SOURCE.train.labels];
    imageDataset(SOURCE, { labelNoise: 1 });
    assert.deepEqual([...SOURCE.train.labels], before);
  });

  it('gives batches of normalised float32, mean 0 and deviation 1 by default', () => {
    const { train } = imageDataset(WITH_TEST);
    const seen: number[] = [];
    for (const batch of batches(train, { batchSize: 64, seed: 0, epoch: 0 })) {
      assert.equal(batch.inputs.dtype, 'float32');
      assert.deepEqual(batch.inputs.shape, [batch.size, 1, 1, 1]);
      seen.push(...batch.inputs.dataSync());
      batch.dispose();
    }
    const mean = seen.reduce((sum, x) => sum + x, 0) / seen.length;
    const variance = seen.reduce((sum, x) => sum + (x - mean) ** 2, 0) / seen.length;
    assert.ok(Math.abs(mean) < 1e-6 && Math.abs(variance - 1) < 1e-5, `${mean}, ${variance}`);
  });

  it('augments training batches, another way each epoch, and never validation', () => {
    const ramp: Examples = {
      inputs: Uint8Array.from({ length: 4 * 64 }, (_, i) => i),
      inputShape: [8, 8, 1],
      labels: Int32Array.of(0, 1, 0, 1),
      size: 4,
    };
    const source: ImageSource = { name: 'r', title: 'R', classNames: ['a', 'b'], train: ramp, test: ramp };
    const data = imageDataset(source, { augmentation: { cropPadding: 4, horizontalFlip: true } });
    const epoch = (part: Examples, epochNumber: number): string => {
      const parts: Float32Array[] = [];
      for (const batch of batches(part, { batchSize: 4, seed: 0, epoch: epochNumber })) {
        parts.push(batch.inputs.dataSync() as Float32Array);
        batch.dispose();
      }
      return parts.map((values) => [...values].sort().join()).join();
    };
    assert.notEqual(epoch(data.train, 0), epoch(data.train, 1));
    assert.equal(epoch(data.train, 1), epoch(data.train, 1));
    assert.equal(epoch(data.validation, 0), epoch(data.validation, 1));
  });

  it('describes itself and its pictures', () => {
    const data = imageDataset(WITH_TEST);
    assert.equal(
      data.description,
      'Toy: 200 pictures to train on and 50 to validate, 1 x 1, grey, 3 classes',
    );
    assert.equal(data.describe!(1, 'validation'), 'b');
    assert.throws(() => data.describe!(50, 'validation'), /no validation picture 50: there are 50/);
  });

  for (const [options, message] of [
    [{ trainFraction: 0 }, /trainFraction 0 is outside \(0, 1\]/],
    [{ trainFraction: 1 }, /trainFraction 1 of 200 pictures is 200: give a share that makes 1 to 199/],
    [{ trainFraction: Number.NaN }, /trainFraction NaN/],
    [{ trainFraction: 0.001 }, /is 0: give a share/],
    [
      { trainFraction: 0.8, validationFraction: 0.3 },
      /validationFraction 0.3 of 200 pictures is 60: .* 1 to 40/,
    ],
    [{ labelNoise: 1.5 }, /labelNoise 1.5 is outside 0 to 1/],
    [{ trainFraction: 0.01, balanced: true }, /2 balanced training pictures are 0 of each class/],
  ] as [ImageOptions, RegExp][]) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => imageDataset(SOURCE, options), message);
    });
  }
});

describe('numbers of pictures', () => {
  it('choose the same pictures as the shares that they are', () => {
    for (const source of [SOURCE, WITH_TEST]) {
      const validation = (source.test ?? source.train).size;
      const byShare = imageDataset(source, { trainFraction: 0.29, validationFraction: 20 / validation });
      const byNumber = imageDataset(source, { images: 58, validationImages: 20 });
      assert.deepEqual(numbersOf(byNumber.train), numbersOf(byShare.train));
      assert.deepEqual(numbersOf(byNumber.validation), numbersOf(byShare.validation));
    }
    assert.equal(imageDataset(WITH_TEST, { images: 200 }).train.size, 200);
  });

  it('are refused where there are not so many, and beside a share', () => {
    const wrong: [ImageOptions, RegExp][] = [
      [{ images: 200 }, /^images=200 is not allowed: .* between 1 and 199, since there are 200 pictures$/],
      [{ images: 0 }, /^images=0 is not allowed/],
      [{ images: 1.5 }, /^images=1.5 is not allowed: it must be a whole number/],
      [{ images: 150, validationImages: 51 }, /^validationImages=51 is not allowed: .* between 1 and 50,/],
      [{ images: 10, trainFraction: 0.5 }, /^images and trainFraction both set the number of pictures/],
      [
        { validationImages: 10, validationFraction: 0.5 },
        /^validationImages and validationFraction both set the number/,
      ],
    ];
    for (const [options, message] of wrong)
      assert.throws(() => imageDataset(SOURCE, options), { name: 'RangeError', message });
  });
});

describe('selections', () => {
  it('hold one class alone', () => {
    const part = ofClass(SOURCE.train, 2);
    assert.equal(part.size, 40);
    assert.ok(part.labels.every((label) => label === 2));
    assert.ok(numbersOf(part).every((number) => number % 10 >= 8));
    assert.throws(() => ofClass(SOURCE.train, 3), /no example of class 3: the labels are 0,1,2/);
    assert.throws(() => select(SOURCE.train, Int32Array.of(200)), /no example 200: there are 200/);
  });

  it('give raw data as points, normalised as the network sees them', () => {
    const { train } = imageDataset(SOURCE, { normalization: { mean: [0.5], std: [0.25] } });
    const { data, shape } = rawPoints(ofClass(train, 1));
    assert.deepEqual(shape, [classCounts(train, 3)[1], 1]);
    const numbers = numbersOf(ofClass(train, 1));
    for (const [i, value] of data.entries()) {
      assert.ok(Math.abs(value - (numbers[i]! / 255 - 0.5) / 0.25) < 1e-6);
    }
    const tokens: Examples = { ...SOURCE.train, inputs: Int32Array.of(1, 2, 3, 4), inputShape: [2], size: 2 };
    assert.deepEqual(rawPoints(tokens), { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
  });
});
