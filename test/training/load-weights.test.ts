import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { resnet } from '../../src/models/resnet';
import { loadBackend } from '../../src/runtime/backend';
import { saveCheckpoint } from '../../src/training/checkpoint';
import { loadWeights } from '../../src/training/load-weights';

const model = (seed: number, width = 2) =>
  resnet({ classes: 3, channels: 1, width, numBlocks: [1, 1, 1, 1], seed });

describe('loadWeights', () => {
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'weights-'));
    await loadBackend();
  });
  after(() => rmSync(folder, { recursive: true }));

  it('gives a model the weights of a checkpoint, and leaves no tensors', () => {
    const [trained, fresh, wide] = [model(1), model(2), model(1, 4)];
    const path = join(folder, 'last.safetensors');
    const before = tf.memory().numTensors;
    saveCheckpoint(path, trained.variables, { step: 7, config: {} });
    assert.equal(loadWeights(fresh, path), 7);
    for (const [name, variable] of Object.entries(trained.variables))
      assert.deepEqual(fresh.variables[name]!.dataSync(), variable.dataSync(), name);
    assert.throws(
      () => loadWeights(wide, path),
      /last\.safetensors is of another network than .*: 'conv1\.0\.weight' has shape \[3,3,1,2\] where the model has \[3,3,1,4\]/,
    );
    const { 'conv1.0.weight': _, ...others } = trained.variables;
    saveCheckpoint(path, others, { step: 7, config: {} });
    assert.throws(() => loadWeights(fresh, path), /'conv1\.0\.weight' is missing/);
    saveCheckpoint(
      path,
      { ...trained.variables, 'conv9.weight': trained.variables['fc.bias']! },
      { step: 7, config: {} },
    );
    assert.throws(() => loadWeights(fresh, path), /it has 'conv9\.weight', which the model does not have/);
    const state = {
      'fc.bias.exp_avg': trained.variables['fc.bias']!,
      'conv1.bottleneck.0.bias': trained.variables['fc.bias']!,
    };
    saveCheckpoint(path, { ...trained.variables, ...state }, { step: 8, config: {} });
    assert.equal(loadWeights(fresh, path), 8);
    assert.equal(tf.memory().numTensors, before);
    for (const each of [trained, fresh, wide]) each.dispose();
  });
});
