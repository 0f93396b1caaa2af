import { strict as assert } from 'node:assert';
import { cpSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { activations } from '../../../src/activations/activations';
import { modelFileSource } from '../../../src/activations/model-files/model-layers';
import { openNetwork } from '../../../src/activations/model-files/open-network';
import { openArrays } from '../../../src/intrinsic-dimension/files/open-arrays';
import { readBox } from '../../../src/intrinsic-dimension/files/stored-array';
import { loadBackend } from '../../../src/runtime/backend';

const FIXTURES = join(__dirname, '..', '..', 'fixtures', 'networks');
const SAVED = join(FIXTURES, 'saved-model');

/** The operation inside the function of the SavedModel that computes what each Keras layer gives. */
const TENSORS = {
  conv1: 'functional_1/conv1_1/BiasAdd',
  bn1: 'functional_1/bn1_1/batchnorm/add_1',
  relu1: 'functional_1/relu1_1/Relu',
  pool1: 'functional_1/pool1_1/MaxPool2d',
  conv2: 'functional_1/conv2_1/Relu',
  add: 'functional_1/add_1/Add',
  average: 'functional_1/average_1/Mean',
  hidden: 'functional_1/hidden_1/Tanh',
  classes: 'functional_1/classes_1/Softmax',
};

describe('a SavedModel', () => {
  before(async function () {
    if ((await loadBackend()).name !== 'tensorflow') this.skip();
  });

  it('gives what the layers of Keras give, though they lie inside of functions, batch after batch', async () => {
    const content = await openArrays(join(FIXTURES, 'keras-expected.npz'));
    const expected = new Map(
      content.arrays.map((array) => {
        const { shape } = array;
        const all = { from: shape.map(() => 0), count: shape };
        return [
          array.name,
          readBox(
            array,
            all,
            shape.map((_, axis) => axis),
          ),
        ];
      }),
    );
    content.close();
    const before = tf.memory().numTensors;
    const source = await modelFileSource(SAVED, {
      inputs: join(FIXTURES, 'keras-inputs.npy'),
      sites: Object.values(TENSORS),
      batchSize: 10,
    });
    const names = new Map(Object.entries(TENSORS).map(([layer, tensor]) => [tensor, layer]));
    let found = 0;
    for await (const { site, points } of activations(source)) {
      const values = expected.get(names.get(site)!)!;
      const numbers = Array.from({ length: points.shape[0] }, (_, i) => Array.from(points.row(i))).flat();
      assert.equal(numbers.length, values.length, site);
      // Keras fuses other operations: units in the last place of float32 sums of some 30 products.
      const worst = Math.max(
        ...numbers.map((x, i) => Math.abs(x - values[i]!) / Math.max(1, Math.abs(values[i]!))),
      );
      assert.ok(worst <= 1e-5, `${site}: ${worst}`);
      found++;
    }
    assert.equal(found, names.size);
    source.close();
    assert.equal(tf.memory().numTensors, before);
  });

  it('lists what it computes from its inputs, and not what it computes from weights', async () => {
    const { inputs, sites, close } = await openNetwork(SAVED);
    assert.deepEqual(
      inputs.map(({ name, type, shape }) => [name, type, ...shape]),
      [['pictures', 'float32', null, 8, 8, 3]],
    );
    const operators = sites.map(({ operator }) => operator);
    assert.ok(operators.includes('Conv2D') && operators.includes('MaxPool') && operators.includes('Softmax'));
    assert.ok(!operators.includes('ReadVariableOp') && !operators.includes('Rsqrt'));
    await close();
  });

  it('is refused when it is damaged, or named by one of its files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'saved-model-'));
    try {
      cpSync(SAVED, folder, { recursive: true });
      truncateSync(join(folder, 'saved_model.pb'), 5000);
      await assert.rejects(openNetwork(folder), /cannot read .*saved_model\.pb: /);
    } finally {
      rmSync(folder, { recursive: true });
    }
    await assert.rejects(openNetwork(join(SAVED, 'saved_model.pb')), /name its folder/);
  });
});
