import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../src/runtime/backend';
import { loadCheckpoint, saveCheckpoint } from '../../src/training/checkpoint';

describe('checkpoints', () => {
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
    await loadBackend();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('survive a full disk: the previous one is whole, no part of the new one stays, and the cure is named', () => {
    const path = join(folder, 'last.safetensors');
    const weights = tf.tensor1d([1, 2, 3]);
    saveCheckpoint(path, { weights }, { step: 7, config: {} });
    weights.dispose();
    // A limit of 64 KiB to files stands for the disk; the new checkpoint has 400 kB.
    const source = `
      const tf = require('@tensorflow/tfjs');
      const { saveCheckpoint } = require(${JSON.stringify(join(__dirname, '../../src/training/checkpoint'))});
      process.on('SIGXFSZ', () => {});
      saveCheckpoint(${JSON.stringify(path)}, { weights: tf.zeros([100000]) }, { step: 8, config: {} });`;
    const { stderr, status } = spawnSync(
      'bash',
      ['-c', 'ulimit -f 64; exec "$@"', 'bash', process.execPath, '--import', 'tsx', '-e', source],
      { encoding: 'utf8', cwd: join(__dirname, '..', '..'), env: { ...process.env, TSX_DISABLE_CACHE: '1' } },
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      /last\.safetensors could not be written \(the disk is full: free some space\); the previous one is intact/,
    );
    assert.deepEqual(readdirSync(folder), ['last.safetensors']);
    const { tensors, state } = loadCheckpoint(path);
    assert.equal(state.step, 7);
    assert.deepEqual([...tensors['weights']!.dataSync()], [1, 2, 3]);
    tf.dispose(tensors);
  });
});
