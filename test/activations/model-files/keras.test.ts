import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as tf from '@tensorflow/tfjs';
import type { FileNetwork, Numbers } from '../../../src/activations/model-files/file-network';
import { buildModel } from '../../../src/activations/model-files/keras/build-model';
import { layerConfig } from '../../../src/activations/model-files/keras/configuration';
import { TRANSLATED } from '../../../src/activations/model-files/keras/layers';
import { openNetwork } from '../../../src/activations/model-files/open-network';
import { bufferBytes } from '../../../src/intrinsic-dimension/files/byte-source';
import { openArrays } from '../../../src/intrinsic-dimension/files/open-arrays';
import { readBox } from '../../../src/intrinsic-dimension/files/stored-array';
import { unpacked as unpackedEntry, zipEntries } from '../../../src/intrinsic-dimension/files/zip';
import { loadBackend } from '../../../src/runtime/backend';

const FIXTURES = join(__dirname, '..', '..', 'fixtures', 'keras');

async function arraysOf(name: string): Promise<Record<string, Numbers>> {
  const content = await openArrays(join(FIXTURES, name));
  const arrays = content.arrays.map((array): [string, Numbers] => {
    const { name: key, shape } = array;
    const box = { from: shape.map(() => 0), count: shape };
    const order = shape.map((_, axis) => axis);
    return [key, { data: readBox(array, box, order) as Float32Array, shape }];
  });
  content.close();
  return Object.fromEntries(arrays);
}

describe('a file of Keras', () => {
  let folder: string;
  before(async () => {
    await loadBackend();
    folder = mkdtempSync(join(tmpdir(), 'keras-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const unpacked = (name: string): string => {
    const path = join(folder, name);
    writeFileSync(path, gunzipSync(readFileSync(join(FIXTURES, `${name}.gz`))));
    return path;
  };

  const seen = new Set<string>();
  for (const network of ['pictures', 'graph', 'tokens', 'plain'])
    for (const keras of [2, 3])
      for (const ending of ['h5', 'keras'])
        it(`gives what Keras ${keras} gives, layer by layer: ${network}.${ending}`, async () => {
          const before = tf.memory().numTensors;
          const expected = await arraysOf(`${network}-${keras}-expected.npz`);
          const inputs = await arraysOf(`${network}-inputs.npz`);
          const opened: FileNetwork = await openNetwork(unpacked(`${network}-${keras}.${ending}`));
          const own =
            opened.inputs.length === 1 ? { [opened.inputs[0]!.name]: Object.values(inputs)[0]! } : inputs;
          const sites = opened.sites.map(({ name }) => name);
          // Operators of Python are no layers, whose values Keras would tell.
          const layers = Object.keys(expected);
          assert.deepEqual(new Set(sites.filter((site) => site !== 'add')), new Set(layers));
          const found = await opened.run(own, sites);
          for (const site of layers) {
            const { data, shape } = found.get(site)!;
            const values = expected[site]!;
            assert.deepEqual([...shape], [...values.shape], site);
            // Activations of a few units, each of float32 sums of at most a hundred products in another order.
            const worst = Math.max(...Array.from(data, (value, i) => Math.abs(value - values.data[i]!)));
            assert.ok(worst < 1e-5, `${site}: ${worst}`);
          }
          for (const { operator } of opened.sites) seen.add(operator);
          await opened.close();
          assert.equal(tf.memory().numTensors, before);
        }).timeout(20_000);

  it('has every layer that is translated in one of these networks', () => {
    assert.deepEqual(
      TRANSLATED.filter((type) => !seen.has(type)),
      [],
    );
  });

  it('is refused where it is damaged, or something else', async () => {
    const whole = readFileSync(unpacked('graph-3.h5'));
    const zip = readFileSync(unpacked('graph-3.keras'));
    const archive = bufferBytes(zip);
    const weights = await unpackedEntry(archive, zipEntries(archive).get('model.weights.h5')!);
    const files: [string, Uint8Array, RegExp][] = [
      ['half.h5', whole.subarray(0, whole.length / 2), /half\.h5: it is cut off/],
      [
        'half.keras',
        zip.subarray(0, zip.length / 2),
        /half\.keras: it is a zip archive without a table of contents/,
      ],
      ['empty.h5', new Uint8Array(), /empty\.h5: it is no HDF5 file/],
      ['text.keras', Buffer.from('no model'), /text\.keras: it is no HDF5 file/],
      [
        'arrays.keras',
        readFileSync(join(FIXTURES, 'graph-inputs.npz')),
        /none of Keras.* it has a\.npy, b\.npy/,
      ],
      ['weights.h5', weights.read(0, weights.size), /no model_config: save the whole model/],
    ];
    for (const [name, bytes, message] of files) {
      writeFileSync(join(folder, name), bytes);
      await assert.rejects(openNetwork(join(folder, name)), message);
    }
  });

  it('is refused by the name of the layer and the cure, where tfjs would compute something else', async () => {
    const layer = (class_name: string, options: object, more: object = {}): object => ({
      class_name,
      config: { name: 'it', ...options },
      ...more,
    });
    const dense = { units: 2, activation: 'relu', use_bias: true };
    const conv = {
      filters: 2,
      kernel_size: [1],
      strides: [1],
      padding: 'valid',
      dilation_rate: [1],
      use_bias: true,
    };
    const refused: [object, string][] = [
      [layer('MultiHeadAttention', { num_heads: 2 }), 'none of the layers that are translated'],
      [layer('Lambda', { function: {} }), 'none of the layers that are translated'],
      [layer('Dense', dense, { module: 'mine.layers' }), 'a class of its own'],
      [layer('Dense', dense, { registered_name: 'mine>Dense' }), 'a class of its own'],
      [layer('Dense', { ...dense, activation: 'hard_sigmoid' }), 'activation is "hard_sigmoid"'],
      [layer('Dense', { ...dense, lora_rank: 4 }), 'lora_rank is 4'],
      [layer('Dense', { activation: 'relu' }), 'units is missing'],
      [layer('Conv1D', { ...conv, groups: 2 }), 'groups is 2'],
      [layer('Conv1D', { ...conv, data_format: 'channels_first' }), 'data_format is "channels_first"'],
      [layer('ReLU', { max_value: null, negative_slope: 0.1, threshold: 0 }), 'negative_slope is 0.1'],
      [layer('UpSampling2D', { size: [2, 2], interpolation: 'bilinear' }), 'interpolation is "bilinear"'],
    ];
    for (const [part, reason] of refused) {
      const input = { class_name: 'InputLayer', config: { name: 'in', batch_shape: [null, 4, 4] } };
      const config = layerConfig({
        class_name: 'Sequential',
        config: { name: 'model', layers: [input, part] },
      });
      const { message } = assertThrown(() => buildModel(config, 3));
      assert.ok(message.startsWith("layer 'it' (") && message.includes(reason), message);
    }
    const masked = [
      { class_name: 'InputLayer', config: { name: 'in', batch_shape: [null, 4] } },
      layer('Embedding', { name: 'words', input_dim: 5, output_dim: 2, mask_zero: true }),
      layer('GlobalAveragePooling1D', {}),
    ];
    const config = layerConfig({ class_name: 'Sequential', config: { name: 'model', layers: masked } });
    assert.match(
      assertThrown(() => buildModel(config, 3)).message,
      /'it' .*: it takes the mask of an embedding/,
    );
    const path = join(folder, 'custom.h5');
    const h5 = await import('h5wasm');
    const { FS } = await h5.ready;
    const file = new h5.File('/custom.h5', 'w');
    file.create_attribute('model_config', JSON.stringify({ class_name: 'mine>Net', config: {} }));
    file.close();
    writeFileSync(path, FS.readFile('/custom.h5'));
    await assert.rejects(
      openNetwork(path),
      /custom\.h5 .* class of its own, mine>Net: in Python, keras\.saving\.load_model/,
    );
  });
});

function assertThrown(run: () => void): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
