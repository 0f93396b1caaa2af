import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { type Dataset, type Draw, toBatch } from '../../src/data/dataset';
import { mnist } from '../../src/data/mnist';
import { resnet } from '../../src/models/resnet';
import { loadBackend } from '../../src/runtime/backend';
import type { SiteActivation } from '../../src/training/evaluation';
import { crossEntropy } from '../../src/training/losses';
import { oneBatch } from '../../src/training/one-batch';
import { bottleneck } from '../../src/training/regularizers';
import { constant } from '../../src/training/schedules';
import { type MeasurementEvent, type TrainOptions, train } from '../../src/training/trainer';

const DATA = mnist({ trainFraction: 0.01, validationFraction: 0.007 });
const small = () => resnet({ classes: 10, channels: 1, width: 2, numBlocks: [1, 1, 1, 1] });

async function measurements(options: Partial<TrainOptions<number>>): Promise<MeasurementEvent[]> {
  const model = small();
  const events: MeasurementEvent[] = [];
  const run = train<number>({
    model,
    data: DATA,
    optimizer: { kind: 'sgd', momentum: 0.9 },
    schedule: constant(0.05),
    batchSize: 50,
    steps: 2,
    measureAt: () => true,
    evaluationBatchSize: 30,
    ...options,
  });
  for await (const event of run) if (event.type === 'measurement') events.push(event);
  model.dispose();
  return events;
}

describe('measuring a split', () => {
  before(loadBackend);

  it('gives each site one at a time, whole and in order, whether or not all fit into memory', async () => {
    const seen: Record<string, string[]> = { all: [], each: [] };
    const sums: Record<string, { sum: number; size: number }[]> = { all: [], each: [] };
    const measure = (name: string) => async (activation: SiteActivation) => {
      const { site, split, step, points, labels } = activation;
      const [rows, width] = points.shape;
      seen[name]!.push(`${step} ${split} ${site} ${rows},${width}`);
      assert.deepEqual(labels, DATA[split].labels.slice(0, rows));
      let [sum, size] = [0, 0];
      for (let row = 0; row < rows; row++) {
        assert.equal(points.row(row).length, width);
        for (const [i, value] of points.row(row).entries()) {
          sum += value * Math.sin(row * width + i);
          size += Math.abs(value);
        }
      }
      sums[name]!.push({ sum, size });
      return sum;
    };
    const all = await measurements({ measureSite: measure('all') });
    // Batches that divide both splits: one graph for each site, which are what takes time here.
    const each = await measurements({
      measureSite: measure('each'),
      activationMemory: 1,
      evaluationBatchSize: 10,
    });
    assert.deepEqual(seen.each, seen.all);
    assert.deepEqual(seen.all!.slice(0, 7), [
      '0 train conv1 100,2048',
      '0 train conv2_x 100,2048',
      '0 train conv3_x 100,1024',
      '0 train conv4_x 100,512',
      '0 train conv5_x 100,256',
      '0 train avg_pool 100,16',
      '0 validation conv1 70,2048',
    ]);
    // Another graph may add in another order: of each activation 170 roundings of 2^-24 in 9 layers, at most.
    for (const [i, { sum, size }] of sums.all!.entries())
      assert.ok(Math.abs(sum - sums.each![i]!.sum) <= 1e-5 * size, seen.all![i]);
    // For the same reason one example, of 70, may get another class.
    for (const [i, { validation }] of all.entries())
      assert.ok(Math.abs(validation.accuracy - each[i]!.validation.accuracy) < 1.5 / 70);
  });

  it('has an accuracy for each class whose mean over the examples is the accuracy', async () => {
    const [first] = await measurements({ measuredTrain: 40 });
    const { accuracy, classAccuracy } = first!.train;
    const labels = DATA.train.labels.slice(0, 40);
    const mean = labels.reduce((sum, label) => sum + classAccuracy![label]!, 0) / 40;
    assert.ok(Math.abs(mean - accuracy) < 1e-9);
    assert.deepEqual(first!.train.id, {});
  });

  it('has the mean of the regularisers over chunks, without dropout, and 0 during the burn-in', async () => {
    const model = resnet({ classes: 10, channels: 1, width: 2, numBlocks: [1, 1, 1, 1], blockDropout: 0.3 });
    const shared = { hidden: [5], weight: 0.5 };
    const regularizers = [
      bottleneck({ ...shared, site: 'conv5_x', inputs: 256 }),
      bottleneck({ ...shared, site: 'avg_pool', inputs: 16, burnIn: 1 }),
    ];
    const expected = (split: 'train' | 'validation', active: typeof regularizers): number => {
      const { size } = DATA[split];
      let sum = 0;
      for (let start = 0; start < size; start += 30) {
        const indices = Int32Array.from({ length: Math.min(30, size - start) }, (_, i) => start + i);
        sum += tf.tidy(() => {
          const { inputs, labels } = toBatch(DATA[split], indices);
          const { activations } = model.apply(inputs, { activations: ['conv5_x', 'avg_pool'] });
          const terms = active.map(({ site, loss }) => loss(activations[site]!, labels).dataSync()[0]!);
          return (terms.reduce((a, b) => a + b, 0) * indices.length) / size;
        });
      }
      return sum;
    };
    const run = train<number>({
      model,
      data: DATA,
      optimizer: { kind: 'sgd' },
      schedule: constant(0.05),
      batchSize: 50,
      // Two steps are an epoch.
      steps: 3,
      measureAt: () => true,
      evaluationBatchSize: 30,
      regularizers,
      // The training examples are measured with the activations of sites, those of validation without.
      sites: ['conv1', 'avg_pool'],
      siteSplits: ['train'],
      measureSite: async ({ points }) => points.shape[1],
    });
    for await (const event of run) {
      if (event.type !== 'measurement') continue;
      const active = event.step < 3 ? regularizers.slice(0, 1) : regularizers;
      for (const split of ['train', 'validation'] as const) {
        const value = event[split].regularization!;
        const right = expected(split, active);
        // The terms are shares of sums of 7,680 squares, behind 9 layers of sums of up to 144 products; a term that is
        // missing, or one too many, is a large part of the sum.
        assert.ok(
          Math.abs(value - right) < 1e-4 * right,
          `${split} of step ${event.step}: ${value}, ${right}`,
        );
      }
      assert.deepEqual(event.train.id, { conv1: 2048, avg_pool: 16 });
    }
    const [without] = await measurements({});
    assert.equal(without!.validation.regularization, undefined);
    model.dispose();
    for (const regularizer of regularizers) regularizer.dispose();
  });

  it('augments measured training examples when told to: anew each time, alike for all sites, never as in training', async () => {
    const pictures = mnist({
      trainFraction: 0.01,
      validationFraction: 0.007,
      augmentation: { cropPadding: 4 },
    });
    const { prepare } = pictures.train;
    let draws: (Draw | undefined)[] = [];
    const data: Dataset = {
      ...pictures,
      train: {
        ...pictures.train,
        prepare: (examples, indices, draw) => {
          draws.push(draw && { seed: draw.seed, epoch: draw.epoch });
          return prepare!(examples, indices, draw);
        },
      },
    };
    const lossOf = (model: ReturnType<typeof small>, draw?: Draw): number =>
      tf.tidy(() => {
        const { inputs, labels } = toBatch(pictures.train, Int32Array.from(Array(100).keys()), draw);
        return crossEntropy(model.apply(inputs).logits, labels).dataSync()[0]!;
      });
    const measured: Draw[] = [];
    for (const augmentMeasured of [true, false]) {
      const model = small();
      const run = train<number>({
        model,
        data,
        optimizer: { kind: 'sgd' },
        schedule: constant(0.05),
        batchSize: 100,
        steps: 1,
        measureAt: () => true,
        evaluationBatchSize: 50,
        augmentMeasured,
        // Each site alone, and then the loss: three passes, of two chunks.
        sites: ['conv5_x', 'avg_pool'],
        activationMemory: 1,
        measureSite: async ({ points }) => points.shape[1],
      });
      for await (const event of run) {
        if (event.type === 'step') {
          assert.deepEqual(draws, [{ seed: 0, epoch: 0 }]);
        } else if (event.type === 'measurement') {
          // What only looks at the shape of the activations is the first, and not augmented.
          const [shape, first, ...rest] = draws;
          assert.equal(shape, undefined);
          assert.deepEqual(rest, Array(5).fill(first));
          assert.equal(first !== undefined, augmentMeasured);
          if (first) measured.push(first);
          const expected = lossOf(model, first);
          // Compiled or not, of a loss of 2.3: 170 roundings of 2^-24 in 9 layers, at most. Other views change it by more.
          assert.ok(Math.abs(event.train.loss - expected) < 2.5e-5, `${event.train.loss}, ${expected}`);
          if (first) assert.ok(Math.abs(lossOf(model) - expected) > 1e-4, `${lossOf(model)}, ${expected}`);
        }
        draws = [];
      }
      model.dispose();
    }
    assert.equal(measured.length, 2);
    assert.notDeepEqual(measured[0], measured[1]);
    for (const { seed } of measured) assert.notEqual(seed, 0);
  });

  it('evaluates validation batches in training mode when told to: dropout, statistics that move, dimensions without', async () => {
    const dropping = () =>
      resnet({ classes: 10, channels: 1, width: 2, numBlocks: [1, 1, 1, 1], blockDropout: 0.5 });
    const statistics = (model: ReturnType<typeof dropping>): Float32Array =>
      model.variables['conv1.1.running_mean']!.dataSync().slice() as Float32Array;
    const batchSize = 20;
    const [validated, moved, kept] = [[], [], []] as [number[], Float32Array[], Float32Array[]];
    for (const validateInTrainingMode of [true, true, false]) {
      const model = dropping();
      const site: number[] = [];
      const run = train<number>({
        model,
        data: DATA,
        optimizer: { kind: 'sgd' },
        schedule: constant(0.05),
        batchSize,
        steps: 0,
        measureAt: () => true,
        validateInTrainingMode,
        sites: ['conv1'],
        measureSite: async ({ points, split }) => {
          if (split === 'validation') site.push(...points.row(0));
          return 0;
        },
      });
      for await (const event of run) {
        if (event.type === 'measurement') validated.push(event.validation.loss);
      }
      (validateInTrainingMode ? moved : kept).push(statistics(model));
      // The dimension is that of the network as it is now: in evaluation mode, by the statistics that have moved.
      const { inputs, ...rest } = toBatch(DATA.validation, Int32Array.of(0));
      const { logits, activations } = model.apply(inputs, { activations: ['conv1'] });
      const expected = activations['conv1']!.dataSync();
      assert.equal(site.length, expected.length);
      // Compiled or not: a sum of 9 products, of sizes about 1, and one normalisation.
      for (const [i, value] of expected.entries()) assert.ok(Math.abs(site[i]! - value) < 1e-5);
      tf.dispose([logits, activations, inputs, rest.labels]);
      model.dispose();
    }
    const [once, again, without] = validated;
    assert.equal(once, again, 'the masks are functions of the seed and the step');
    assert.ok(Math.abs(once! - without!) > 1e-3, `${once}, ${without}`);
    assert.deepEqual(moved[0], moved[1]);
    const distance = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((x, i) => x - b[i]!));
    assert.ok(distance(moved[0]!, kept[0]!) > 1e-3);
  });

  it('evaluates the first validation batch as always, and refuses to where there is no other', async () => {
    const validateInTrainingMode = true;
    const losses: number[] = [];
    const head = (size: number) => ({
      ...DATA,
      validation: { ...DATA.validation, size, labels: DATA.validation.labels.slice(0, size) },
    });
    // The second batch is a single example, whose share of the mean is 1 / 41.
    for (const [validation, mode] of [
      [40, false],
      [41, true],
    ] as const) {
      const [event] = await measurements({
        data: head(validation),
        batchSize: 40,
        steps: 0,
        ...(mode ? { validateInTrainingMode } : {}),
      });
      losses.push(event!.validation.loss);
    }
    const last = losses[1]! * 41 - losses[0]! * 40;
    assert.ok(last > 0 && last < 20, `the loss of the last example is ${last}`);
    await assert.rejects(
      measurements({ data: head(40), batchSize: 40, validateInTrainingMode }),
      /validateInTrainingMode has no effect: the 40 validation examples are a single batch of at most 40/,
    );
  });

  it('sees the running statistics: after training they are used, not those of the batch', async () => {
    const model = small();
    const before = model.variables['conv1.1.running_mean']!.dataSync().slice();
    const run = train({
      model,
      data: DATA,
      optimizer: { kind: 'sgd' },
      schedule: constant(0.01),
      batchSize: 50,
      steps: 3,
    });
    for await (const _ of run);
    assert.notDeepEqual(model.variables['conv1.1.running_mean']!.dataSync(), before);
    model.dispose();
  });

  it('learns one batch by heart', async () => {
    const data = oneBatch(DATA, 16, 1);
    assert.equal(data.train.size, 16);
    const model = small();
    const losses: number[] = [];
    const run = train({
      model,
      data,
      optimizer: { kind: 'sgd', momentum: 0.9 },
      schedule: constant(0.05),
      batchSize: 16,
      steps: 60,
    });
    for await (const event of run) if (event.type === 'step') losses.push(event.loss);
    assert.ok(losses.at(-1)! < 0.2 * losses[0]!, `${losses[0]} -> ${losses.at(-1)}`);
    model.dispose();
  });
});
