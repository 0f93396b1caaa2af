import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { type ActivationSource, activations } from '../../src/activations/activations';
import { layerProfile, type ProfileOptions } from '../../src/activations/profile';
import { modelSites } from '../../src/activations/sources/any-model';
import { modelSource } from '../../src/activations/sources/inputs';
import { intrinsicDimension } from '../../src/intrinsic-dimension/intrinsic-dimension';
import { cube, embed } from '../../src/intrinsic-dimension/manifolds/manifolds';
import type { ApplyOptions, Model } from '../../src/models/model';
import { resnet } from '../../src/models/resnet';
import { loadBackend } from '../../src/runtime/backend';
import { secondCopy } from '../runtime/second-copy';

function plane(points: number): tf.Tensor2D {
  const { data, shape } = embed(cube({ points, dimension: 2, seed: 1 }), { coordinates: 12, seed: 2 });
  return tf.tensor2d(Float32Array.from(data), [...shape]);
}

/** A graph as the TensorFlow converter writes it: relu(x w1) w2, its class, and weights scaled by themselves. */
function graphArtifacts(batch: number) {
  const w1 = tf.randomNormal([12, 20], 0, 1, 'float32', 3).dataSync();
  const w2 = tf.randomNormal([20, 5], 0, 1, 'float32', 4).dataSync();
  const shape = (...sizes: number[]) => ({ shape: { dim: sizes.map((size) => ({ size: String(size) })) } });
  const float = { type: 'DT_FLOAT' };
  const node = (name: string, op: string, input: string[], attr: object = {}) => ({
    name,
    op,
    input,
    attr: { T: float, dtype: float, ...attr },
  });
  const constant = (...sizes: number[]) => ({
    value: { tensor: { dtype: 'DT_FLOAT', tensorShape: shape(...sizes).shape } },
  });
  const whole = { value: { tensor: { dtype: 'DT_INT32', tensorShape: {} } }, dtype: { type: 'DT_INT32' } };
  const modelTopology = {
    node: [
      node('x', 'Placeholder', [], shape(batch, 12)),
      node('w1', 'Const', [], constant(12, 20)),
      node('w2', 'Const', [], constant(20, 5)),
      node('axis', 'Const', [], whole),
      node('scaled', 'Mul', ['w1', 'w1']),
      node('hidden', 'MatMul', ['x', 'w1']),
      node('hidden/relu', 'Relu', ['hidden']),
      node('logits', 'MatMul', ['hidden/relu', 'w2']),
      node('class', 'ArgMax', ['logits', 'axis']),
    ],
    versions: { producer: 1 },
  };
  const weightData = Buffer.concat([
    ...[w1, w2].map((weights) => Buffer.from(Float32Array.from(weights).buffer)),
    Buffer.from(Int32Array.of(1).buffer),
  ]);
  const weightSpecs = [
    { name: 'w1', shape: [12, 20], dtype: 'float32' as const },
    { name: 'w2', shape: [20, 5], dtype: 'float32' as const },
    { name: 'axis', shape: [], dtype: 'int32' as const },
  ];
  return { modelTopology, weightSpecs, weightData };
}

function smallGraph(): Promise<tf.GraphModel> {
  const { weightData, ...artifacts } = graphArtifacts(-1);
  return tf.loadGraphModel(
    tf.io.fromMemory({ ...artifacts, weightData: Uint8Array.from(weightData).buffer }),
  );
}

/** The files of a published tfjs model. */
function writeGraph(folder: string, batch: number): void {
  const { modelTopology, weightSpecs, weightData } = graphArtifacts(batch);
  const weightsManifest = [{ paths: ['group1-shard1of1.bin'], weights: weightSpecs }];
  writeFileSync(join(folder, 'group1-shard1of1.bin'), weightData);
  writeFileSync(
    join(folder, 'model.json'),
    JSON.stringify({ format: 'graph-model', modelTopology, weightsManifest }),
  );
}

describe('layerProfile', () => {
  before(async () => {
    await loadBackend();
  });

  it('measures a tf.LayersModel by layer name: a narrow layer lowers the dimension, LLID is before the classifier', async () => {
    const start = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ name: 'wide', units: 24, inputShape: [12], activation: 'tanh', ...start(1) }),
        tf.layers.dense({ name: 'line', units: 1, ...start(2) }),
        tf.layers.dense({ name: 'spread', units: 16, activation: 'tanh', ...start(3) }),
        tf.layers.dense({ name: 'classifier', units: 4, ...start(4) }),
        tf.layers.activation({ name: 'softmax', activation: 'softmax' }),
      ],
    });
    const inputs = plane(1500);
    const before = tf.memory().numTensors;
    const shares: number[] = [];
    const profile = await layerProfile(model, inputs, {
      batchSize: 400,
      onProgress: (share) => shares.push(share),
    });
    assert.equal(tf.memory().numTensors, before);
    assert.deepEqual(Object.keys(profile.sites), ['wide', 'line', 'spread', 'classifier', 'softmax']);
    assert.ok(Math.abs(profile.sites['wide']!.value - 2) < 0.25, `${profile.sites['wide']!.value}`);
    assert.ok(Math.abs(profile.lastLayerId - 1) < 0.15, `${profile.lastLayerId}`);
    assert.deepEqual([profile.lastSite, profile.peakSite], ['spread', 'wide']);
    assert.deepEqual(profile.sites['wide']!.shape, [24]);
    assert.ok(shares.length >= 5 && shares.every((share, i) => i === 0 || share >= shares[i - 1]!));
    tf.dispose(inputs);
  });

  it('gives the same in one pass and in a pass for each site', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv1d({ name: 'conv', filters: 3, kernelSize: 3, inputShape: [12, 1] }),
        tf.layers.flatten({ name: 'flat' }),
        tf.layers.dense({ name: 'classifier', units: 2 }),
      ],
    });
    const inputs = tf.tidy(() => tf.expandDims(plane(300), 2));
    const atOnce = await layerProfile(model, inputs);
    const oneByOne = await layerProfile(model, inputs, { activationMemory: 1, batchSize: 77 });
    for (const [site, { value, shape }] of Object.entries(atOnce.sites)) {
      assert.ok(Math.abs(oneByOne.sites[site]!.value / value - 1) < 1e-4);
      assert.deepEqual(oneByOne.sites[site]!.shape, shape);
    }
    assert.deepEqual(atOnce.sites['conv']!.shape, [10, 3]);
    await assert.rejects(
      layerProfile(model, inputs, { sites: ['cnov'] }),
      /no site 'cnov': did you mean 'conv'\? It has conv, flat/,
    );
    tf.dispose(inputs);
  });

  it('passes as many examples at once as the memory allows, whatever the network computes between the sites', async () => {
    const model = resnet({ classes: 10, channels: 1, width: 4 });
    const sizes: number[] = [];
    const watched: typeof model = {
      ...model,
      apply: (inputs, options) => {
        sizes.push(inputs.shape[0]!);
        return model.apply(inputs, options);
      },
    };
    const inputs = tf.randomNormal([40, 32, 32, 1], 0, 1, 'float32', 1);
    const sites = ['conv5_x', 'avg_pool'];
    const roomy = await layerProfile(watched, inputs, { sites });
    assert.deepEqual(sizes, [2, 40]);
    sizes.length = 0;
    const narrow = await layerProfile(watched, inputs, { sites, activationMemory: 8e6 });
    const [, ...passes] = sizes;
    // conv1 alone has 4,096 numbers, and some thirty operations follow
    assert.ok(Math.max(...passes) >= 2 && Math.max(...passes) <= 4e6 / (4 * 4096), `${passes}`);
    for (const site of sites) {
      const [a, b] = [roomy.sites[site]!.value, narrow.sites[site]!.value];
      assert.ok(Math.abs(a - b) < 1e-3 * a, `${site}: ${a}, ${b}`);
    }
    tf.dispose(inputs);
    model.dispose();
  });

  it('runs the network as seldom as memory allows', async () => {
    const asked: (readonly string[])[] = [];
    const model = {
      sites: ['a', 'b', 'c'],
      lastSite: 'c',
      apply: (batch: tf.Tensor, { activations = [] }: ApplyOptions) => {
        asked.push(activations);
        return { activations: Object.fromEntries(activations.map((site) => [site, tf.clone(batch)])) };
      },
    };
    const inputs = plane(50);
    const activationMemory = 2 * 4 * inputs.size;
    await layerProfile(model as unknown as Model, inputs, { activationMemory, batchSize: 50 });
    assert.deepEqual(asked, [['a', 'b', 'c'], ['a', 'b'], ['c']]);
    tf.dispose(inputs);
  });

  it('measures a tf.GraphModel by node name', async () => {
    const model = await smallGraph();
    const inputs = plane(600);
    const before = tf.memory().numTensors;
    const { sites, lastSite } = await layerProfile(model, inputs);
    assert.equal(tf.memory().numTensors, before);
    assert.deepEqual(Object.keys(sites), ['hidden', 'hidden/relu', 'logits']);
    assert.equal(lastSite, 'hidden/relu');
    const hidden = tf.tidy(() => model.execute(inputs, 'hidden') as tf.Tensor2D);
    const { value } = await intrinsicDimension(hidden);
    assert.ok(Math.abs(sites['hidden']!.value / value - 1) < 1e-6);
    tf.dispose([inputs, hidden]);
  });

  it('takes a graph model from its files, whatever batch its input fixes, and leaves out what is not an activation', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'graph-'));
    try {
      writeGraph(folder, 1);
      const one = await tf.loadGraphModel(`file://${join(folder, 'model.json')}`);
      writeGraph(folder, -1);
      const any = await tf.loadGraphModel(`file://${join(folder, 'model.json')}`);
      const inputs = plane(60);
      const before = tf.memory().numTensors;
      const [slow, fast] = [await layerProfile(one, inputs), await layerProfile(any, inputs)];
      assert.equal(tf.memory().numTensors, before);
      // 'scaled' is computed from weights alone, 'class' is of whole numbers.
      assert.deepEqual(Object.keys(fast.sites), ['hidden', 'hidden/relu', 'logits']);
      for (const [site, { value, interval }] of Object.entries(fast.sites)) {
        assert.ok(Math.abs(slow.sites[site]!.value / value - 1) < 1e-4, site);
        assert.ok(interval.lower < value && value < interval.upper);
      }
      await assert.rejects(layerProfile(any, inputs, { sites: ['class'] }), /site 'class' has int32 numbers/);
      await assert.rejects(layerProfile(any, inputs, { sites: ['scaled'] }), /first axis is the examples/);
      tf.dispose(inputs);
      one.dispose();
      any.dispose();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('takes a layers model from its files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'layers-'));
    try {
      const layers = [
        tf.layers.dense({ name: 'wide', units: 24, inputShape: [12], activation: 'tanh' }),
        tf.layers.dense({ name: 'classifier', units: 3 }),
      ];
      const model = tf.sequential({ layers });
      await model.save(`file://${folder}`);
      const loaded = await tf.loadLayersModel(`file://${join(folder, 'model.json')}`);
      const inputs = plane(300);
      const [saved, read] = [await layerProfile(model, inputs), await layerProfile(loaded, inputs)];
      assert.deepEqual(read, saved);
      tf.dispose(inputs);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('measures nested models, and layers that are used twice or have several outputs', async () => {
    const dense = (name: string, units: number, inputs?: number): tf.layers.Layer =>
      tf.layers.dense({ name, units, ...(inputs === undefined ? {} : { inputShape: [inputs] }) });
    const head = tf.sequential({ name: 'head', layers: [dense('a', 6, 12), dense('b', 5)] });
    const end = tf.sequential({ name: 'end', layers: [dense('c', 4, 5), dense('d', 3)] });
    const nested = tf.sequential({ layers: [head, end, dense('classifier', 2)] });
    const inputs = plane(200);
    const profile = await layerProfile(nested, inputs);
    assert.deepEqual(Object.keys(profile.sites), ['a', 'b', 'end', 'classifier']);
    assert.equal(profile.lastSite, 'end');

    const input = tf.input({ shape: [12] });
    const twice = dense('twice', 12);
    const shared = tf.model({ inputs: input, outputs: twice.apply(twice.apply(input)) as tf.SymbolicTensor });
    assert.deepEqual(Object.keys((await layerProfile(shared, inputs)).sites), ['twice:0', 'twice:1']);

    const steps = tf.input({ shape: [12, 1] });
    const states = tf.layers.lstm({ name: 'lstm', units: 4, returnState: true }).apply(steps);
    const recurrent = tf.model({ inputs: steps, outputs: (states as tf.SymbolicTensor[])[0]! });
    const sequences = tf.expandDims(inputs, 2);
    const { sites } = await layerProfile(recurrent, sequences);
    assert.deepEqual(Object.keys(sites), ['lstm:0', 'lstm:1', 'lstm:2']);
    assert.deepEqual(sites['lstm:0'], sites['lstm:1']);
    tf.dispose([inputs, sequences]);
  });

  it('refuses what is wrong, with the same tensors as before', async () => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ name: 'Hidden', units: 3, inputShape: [12] })],
    });
    const inputs = plane(50);
    const before = tf.memory().numTensors;
    const cases: [unknown, ProfileOptions, RegExp][] = [
      [inputs, { sites: ['hiden'] }, /no site 'hiden': did you mean 'Hidden'/],
      [inputs, { sites: [] }, /no sites to measure/],
      [inputs, { lastSite: 'hidden' }, /lastSite 'hidden' is not one of the measured sites: Hidden/],
      [inputs, { batchSize: 0 }, /batchSize must be a whole number of at least 1, got 0/],
      [inputs, { activationMemory: Number.NaN }, /activationMemory must be a number of bytes, got NaN/],
      [[[1, 2]], {}, /inputs must be a tensor/],
    ];
    for (const [points, options, message] of cases) {
      await assert.rejects(layerProfile(model, points as tf.Tensor, options), message);
    }
    await assert.rejects(
      layerProfile(undefined as never, inputs),
      /model must be one of this .*, got undefined/,
    );
    await assert.rejects(layerProfile({} as never, inputs), /model must be one of this/);
    const [scalar, none, gone] = [tf.scalar(1), tf.zeros([0, 12]), tf.zeros([9, 12])];
    gone.dispose();
    await assert.rejects(layerProfile(model, scalar), /of at least 1 example, got \[\]/);
    await assert.rejects(layerProfile(model, none), /of at least 1 example, got \[0,12\]/);
    await assert.rejects(layerProfile(model, gone), /inputs have been disposed of/);
    tf.dispose([scalar, none]);
    const wrong = tf.zeros([9, 5]);
    await assert.rejects(layerProfile(model, wrong), /expected/);
    tf.dispose(wrong);
    assert.equal(tf.memory().numTensors, before);
    const twice = await layerProfile(model, inputs, { sites: ['Hidden', 'Hidden'] });
    assert.deepEqual(Object.keys(twice.sites), ['Hidden']);
    tf.dispose(inputs);
  });

  it('goes on past a dead layer, and says why it has no dimension', async () => {
    const alive = tf.layers.dense({ name: 'alive', units: 6, inputShape: [12] });
    const dead = tf.layers.dense({ name: 'dead', units: 3, kernelInitializer: 'zeros', activation: 'relu' });
    const classifier = tf.layers.dense({ name: 'classifier', units: 4 });
    const model = tf.sequential({ layers: [alive, dead, classifier] });
    const inputs = plane(200);
    const profile = await layerProfile(model, inputs, { sites: ['alive', 'dead'] });
    assert.deepEqual(profile.order, ['alive', 'dead']);
    assert.deepEqual(Object.keys(profile.sites), ['alive']);
    assert.match(
      profile.notMeasurable.dead!,
      /need at least 3 distinct points, got 1 .*all points are equal/,
    );
    assert.equal(profile.peakId, profile.sites.alive!.value);
    assert.equal(profile.peakSite, 'alive');
    assert.ok(Number.isNaN(profile.lastLayerId));
    assert.equal(profile.lastSite, 'dead');
    // An option that fits no site is an error, not a property of the points.
    await assert.rejects(
      layerProfile(model, inputs, { subsamples: { fraction: 0.001 } }),
      /at site 'alive': a subsample of 0.001 of 200 points has 0/,
    );
    tf.dispose(inputs);
    model.dispose();
  });

  it('takes LLID before the classifier, whatever else is measured', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ name: 'first', units: 9, inputShape: [12], activation: 'tanh' }),
        tf.layers.dense({ name: 'second', units: 8, activation: 'tanh' }),
        tf.layers.dense({ name: 'logits', units: 4 }),
        tf.layers.activation({ name: 'softmax', activation: 'softmax' }),
      ],
    });
    const inputs = plane(200);
    const lastOf = async (...sites: string[]) => {
      const { lastSite, lastLayerId } = await layerProfile(model, inputs, { sites });
      return [lastSite, Number.isNaN(lastLayerId)];
    };
    assert.deepEqual(await lastOf('first', 'second', 'softmax'), ['second', false]);
    assert.deepEqual(await lastOf('first', 'softmax'), ['first', false]);
    assert.deepEqual(await lastOf('softmax', 'logits'), ['second', true]);
    const asked = await layerProfile(model, inputs, { sites: ['logits'], lastSite: 'logits' });
    assert.equal(asked.lastLayerId, asked.sites['logits']!.value);
    tf.dispose(inputs);
    model.dispose();
  });

  it('measures a model with several inputs, given in their order or by name', async () => {
    const [a, b] = [tf.input({ name: 'a', shape: [12] }), tf.input({ name: 'b', shape: [12] })];
    const both = tf.layers.concatenate({ name: 'both' }).apply([a, b]) as tf.SymbolicTensor;
    const end = tf.layers.dense({ name: 'end', units: 3 }).apply(both) as tf.SymbolicTensor;
    const model = tf.model({ inputs: [a, b], outputs: end });
    const [x, y] = [plane(300), tf.tidy(() => tf.reverse(plane(300), 0))];
    const before = tf.memory().numTensors;
    const inOrder = await layerProfile(model, [x, y], { batchSize: 77 });
    assert.deepEqual(await layerProfile(model, { b: y, a: x }, { batchSize: 77 }), inOrder);
    assert.equal(tf.memory().numTensors, before);
    assert.deepEqual(Object.keys(inOrder.sites), ['both', 'end']);
    // Two planes whose points are paired at random: four dimensions.
    assert.ok(Math.abs(inOrder.sites['both']!.value - 4) < 0.8, `${inOrder.sites['both']!.value}`);
    await assert.rejects(layerProfile(model, x), /has 2 inputs, a, b, and was given 1/);
    await assert.rejects(layerProfile(model, { a: x }), /has 2 inputs, a, b, and was given 1/);
    await assert.rejects(layerProfile(model, { a: x, c: y }), /no input 'c': it has a, b/);
    const few = tf.slice(y, 0, 10);
    await assert.rejects(layerProfile(model, [x, few]), /inputs a, b have 300, 10 examples/);
    tf.dispose([x, y, few]);
    model.dispose();
  });

  it('begins each batch of a stateful layer with states of 0, and leaves the layer its own', async () => {
    const lstm = tf.layers.lstm({
      name: 'lstm',
      units: 5,
      stateful: true,
      batchInputShape: [50, 4, 3],
    }) as tf.RNN;
    const model = tf.sequential({ layers: [lstm, tf.layers.dense({ units: 2 })] });
    const inputs = tf.tidy(() => tf.reshape(plane(100), [100, 4, 3]));
    tf.dispose(model.predict(tf.slice(inputs, 0, 50), { batchSize: 50 }) as tf.Tensor);
    const states = () => lstm.states.flatMap((state) => [...state.dataSync()]);
    const own = states();
    assert.ok(own.some((value) => value !== 0));
    await assert.rejects(
      modelSource(model, inputs, { batchSize: 20 }),
      /the model takes 50 examples at once, and batchSize is 20: leave it out/,
    );
    const rows = async (x: tf.Tensor) => {
      const source = await modelSource(model, x, { sites: ['lstm'] });
      for await (const { points } of activations(source))
        return [...Array(points.shape[0]).keys()].map((i) => [...points.row(i)]);
      return [];
    };
    const before = tf.memory().numTensors;
    const [first, second] = [tf.slice(inputs, 0, 50), tf.slice(inputs, 50, 50)];
    assert.deepEqual(await rows(inputs), [...(await rows(first)), ...(await rows(second))]);
    assert.deepEqual(states(), own);
    tf.dispose([first, second]);
    assert.equal(tf.memory().numTensors, before);
    tf.dispose(inputs);
    model.dispose();
  });

  it('takes models of a second copy of tfjs', async () => {
    const other = secondCopy();
    const model = other.sequential({
      layers: [
        other.layers.dense({ name: 'other-first', units: 9, inputShape: [12], activation: 'tanh' }),
        other.layers.dense({ name: 'other-last', units: 4 }),
      ],
    });
    assert.ok(!(model instanceof tf.LayersModel));
    const inputs = plane(200);
    const { sites, lastSite } = await layerProfile(model as tf.LayersModel, inputs);
    assert.deepEqual([Object.keys(sites), lastSite], [['other-first', 'other-last'], 'other-first']);
    const { weightData, ...artifacts } = graphArtifacts(-1);
    const handler = other.io.fromMemory({ ...artifacts, weightData: Uint8Array.from(weightData).buffer });
    const graph = await other.loadGraphModel(handler);
    assert.ok(!(graph instanceof tf.GraphModel));
    assert.deepEqual(Object.keys((await layerProfile(graph, inputs)).sites), [
      'hidden',
      'hidden/relu',
      'logits',
    ]);
    tf.dispose(inputs);
  });

  it('lists the sites of any model, and proposes none that is a constant', async () => {
    const graph = await smallGraph();
    assert.deepEqual(modelSites(graph), ['hidden', 'hidden/relu', 'logits', 'class']);
    const inputs = plane(20);
    await assert.rejects(
      layerProfile(graph, inputs, { sites: ['hiden'] }),
      /no node 'hiden': did you mean 'hidden'\? Its sites are hidden, hidden\/relu, logits, class; modelSites/,
    );
    tf.dispose(inputs);
    assert.deepEqual(modelSites(resnet({ classes: 2, channels: 1, width: 4 })).at(-1), 'avg_pool');
    assert.throws(() => modelSites({} as Model), /must be one of this/);
  });

  it('names the layer that cannot take its inputs', async () => {
    const words = tf.layers.embedding({ name: 'words', inputDim: 10, outputDim: 4, inputLength: 3 });
    const model = tf.sequential({ layers: [words, tf.layers.flatten({ name: 'flat' })] });
    const inputs = tf.fill([40, 3], 12);
    await assert.rejects(layerProfile(model, inputs), /12 is not in \[0, 9\] \(in layer 'words'\)/);
    const { state } = tf.engine() as unknown as { state: { profiling: boolean } };
    assert.equal(state.profiling, false);
    tf.dispose(inputs);
    model.dispose();
  });

  it('says what to pass where a source of activations is expected', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ name: 'only', units: 3, inputShape: [12] })] });
    const inputs = plane(20);
    const refused = async (source: unknown, message: RegExp): Promise<void> => {
      await assert.rejects(activations(source as ActivationSource, ['only']).next(), message);
      await assert.rejects(activations(source as ActivationSource).next(), message);
    };
    await refused(modelSource(model, inputs, {}), /is a promise: pass `await modelSource/);
    await refused(model, /make one with `await modelSource/);
    await refused(undefined, /make one with `await modelSource/);
    const source = await modelSource(model, inputs, {});
    for await (const { points } of activations(source)) assert.deepEqual(points.shape, [20, 3]);
    tf.dispose(inputs);
  });

  it('names the site whose activations cannot be measured where it is the only one', async () => {
    const zero = tf.sequential({
      layers: [tf.layers.dense({ name: 'dead', units: 3, inputShape: [12], kernelInitializer: 'zeros' })],
    });
    const inputs = plane(50);
    await assert.rejects(
      layerProfile(zero, inputs),
      /at site 'dead': need at least 3 distinct points, got 1/,
    );
    tf.dispose(inputs);
  });
});
