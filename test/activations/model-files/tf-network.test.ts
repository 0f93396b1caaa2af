import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { profile } from '../../../src/activations/file-profile';
import { openNetwork } from '../../../src/activations/model-files/open-network';
import { layerProfile } from '../../../src/activations/profile';
import { loadBackend } from '../../../src/runtime/backend';

/** Float32 numbers as a .npy file. */
function writeNpy(path: string, tensor: tf.Tensor): void {
  const fields = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tensor.shape}), }`;
  const head = Buffer.from(`\x93NUMPY\x01\x00v\x00${fields.padEnd(117)}\n`, 'latin1');
  writeFileSync(path, Buffer.concat([head, new Uint8Array(tensor.dataSync().slice().buffer)]));
}

describe('a model.json of tfjs', () => {
  let folder: string;
  before(async () => {
    await loadBackend();
    folder = mkdtempSync(join(tmpdir(), 'tf-network-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Writes the files that tfjs writes, the weights in two parts. */
  const save = async (model: tf.LayersModel): Promise<string> => {
    await model.save(
      tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
        const bytes = new Uint8Array(weightData as ArrayBuffer);
        writeFileSync(join(folder, 'part1.bin'), bytes.subarray(0, 100));
        writeFileSync(join(folder, 'part2.bin'), bytes.subarray(100));
        const weightsManifest = [{ paths: ['part1.bin', 'part2.bin'], weights: weightSpecs }];
        writeFileSync(join(folder, 'model.json'), JSON.stringify({ modelTopology, weightsManifest }));
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    return join(folder, 'model.json');
  };

  it('has the profile of the model that was saved, batch after batch', async () => {
    const start = (seed: number) => ({ kernelInitializer: tf.initializers.heNormal({ seed }) });
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({
          name: 'conv',
          inputShape: [5, 5, 2],
          filters: 3,
          kernelSize: 3,
          activation: 'relu',
          ...start(1),
        }),
        tf.layers.flatten({ name: 'flat' }),
        tf.layers.dense({ name: 'hidden', units: 9, activation: 'tanh', ...start(2) }),
        tf.layers.dense({ name: 'classifier', units: 4, ...start(3) }),
      ],
    });
    const inputs = tf.randomNormal([150, 5, 5, 2], 0, 1, 'float32', 4);
    writeNpy(join(folder, 'x.npy'), inputs);
    const before = tf.memory().numTensors;
    const path = await save(model);
    const found = await profile(path, { inputs: join(folder, 'x.npy'), batchSize: 40 });
    const expected = await layerProfile(model, inputs);
    assert.deepEqual(found.order, expected.order);
    assert.equal(found.lastSite, 'hidden');
    for (const site of found.order) {
      assert.deepEqual(found.sites[site]!.shape, expected.sites[site]!.shape);
      // Batches of other sizes are summed in another order, by units in the last place of float32 activations.
      assert.ok(Math.abs(found.sites[site]!.value / expected.sites[site]!.value - 1) < 1e-4, site);
    }
    assert.equal(tf.memory().numTensors, before);
    const network = await openNetwork(path);
    assert.deepEqual(network.sites[0], { name: 'conv', operator: 'Conv2D', shape: [null, 3, 3, 3] });
    await network.close();
    tf.dispose([inputs]);
    model.dispose();
  });

  it('runs batches of the size that it fixes, and refuses another', async () => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ name: 'hidden', units: 60, batchInputShape: [10, 3] })],
    });
    const x = tf.randomNormal([30, 3], 0, 1, 'float32', 4);
    const inputs = join(folder, 'fixed.npy');
    writeNpy(inputs, x);
    const path = await save(model);
    assert.deepEqual(await profile(path, { inputs, batchSize: 10 }), await profile(path, { inputs }));
    await assert.rejects(
      profile(path, { inputs, batchSize: 15 }),
      /model\.json takes 10 examples at once, and batchSize is 15: leave it out/,
    );
    x.dispose();
    model.dispose();
  });

  it('is refused when it is none, and when its weights are missing', async () => {
    const path = join(folder, 'other.json');
    writeFileSync(path, '{"a": 1}');
    await assert.rejects(
      openNetwork(path),
      /a model\.json of tfjs has modelTopology and weightsManifest, and this file has a/,
    );
    writeFileSync(path, '{');
    await assert.rejects(openNetwork(path), /it is no JSON/);
    const weightsManifest = [{ paths: ['none.bin'], weights: [] }];
    writeFileSync(path, JSON.stringify({ modelTopology: {}, weightsManifest }));
    await assert.rejects(openNetwork(path), /cannot load .*none\.bin: there is no such file/);
  });
});
