import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { loadBackend } from '../../src/runtime/backend';
import { DamagedCheckpointError, loadCheckpoint, saveCheckpoint } from '../../src/training/checkpoint';

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

  it('speaks of no previous one where there is none', () => {
    const path = join(folder, 'full', 'last.safetensors');
    mkdirSync(dirname(path));
    const source = `
      const tf = require('@tensorflow/tfjs');
      const { saveCheckpoint } = require(${JSON.stringify(join(__dirname, '../../src/training/checkpoint'))});
      process.on('SIGXFSZ', () => {});
      saveCheckpoint(${JSON.stringify(path)}, { weights: tf.zeros([100000]) }, { step: 8, config: {} });`;
    const { stderr } = spawnSync(
      'bash',
      ['-c', 'ulimit -f 64; exec "$@"', 'bash', process.execPath, '--import', 'tsx', '-e', source],
      { encoding: 'utf8', cwd: join(__dirname, '..', '..'), env: { ...process.env, TSX_DISABLE_CACHE: '1' } },
    );
    assert.match(stderr, /last\.safetensors could not be written \(the disk is full: free some space\)\n/);
    assert.deepEqual(readdirSync(dirname(path)), []);
  });

  /** A checkpoint like those of runs: several tensors of all types, a config, a best measurement. */
  function whole(): Buffer {
    const path = join(folder, 'whole.safetensors');
    const tensors = {
      'h.0.weight': tf.tensor2d([1.5, -2, 3, 4], [2, 2]),
      'h.0.bias': tf.tensor1d([0.1, 0.2]),
      step: tf.scalar(7, 'int32'),
      mask: tf.tensor1d([true, false], 'bool'),
    };
    const best = { step: 5, accuracy: 0.5, loss: 1 };
    saveCheckpoint(path, tensors, { step: 7, config: { seed: 1, dataset: 'mnist' }, best });
    tf.dispose(tensors);
    return readFileSync(path);
  }

  function refusal(bytes: Uint8Array): string {
    const path = join(folder, 'damaged.safetensors');
    writeFileSync(path, bytes);
    const before = tf.memory().numTensors;
    try {
      const { tensors } = loadCheckpoint(path);
      tf.dispose(tensors);
      return 'none';
    } catch (error) {
      assert.ok(error instanceof DamagedCheckpointError, String(error));
      assert.equal(tf.memory().numTensors, before);
      return error.message;
    }
  }
  const named = /^checkpoint .*damaged\.safetensors cannot be used: .*; restore a good copy/s;

  it('are refused when a single bit of them has changed, with the name of the file', () => {
    const good = whole();
    const places = fc.record({ at: fc.nat(good.length - 1), bit: fc.nat(7) });
    fc.assert(
      fc.property(places, ({ at, bit }) => {
        const bytes = Buffer.from(good);
        bytes[at]! ^= 1 << bit;
        assert.match(refusal(bytes), named);
      }),
      { numRuns: 400 },
    );
  });

  it('are refused when they are cut off, longer, or have zeros in the middle', () => {
    const good = whole();
    const ranges = fc.record({ from: fc.nat(good.length - 1), length: fc.integer({ min: 1, max: 64 }) });
    fc.assert(
      fc.property(ranges, ({ from, length }) => {
        assert.match(refusal(good.subarray(0, from)), named);
        assert.match(refusal(Buffer.concat([good, Buffer.alloc(length)])), named);
        const holed = Buffer.from(good).fill(0, from, Math.min(good.length, from + length));
        if (!holed.equals(good)) assert.match(refusal(holed), named);
      }),
      { numRuns: 100 },
    );
  });

  it('are refused with any header that is not theirs', () => {
    const file = (header: unknown, data = Buffer.alloc(8)): Buffer => {
      const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(text.length));
      return Buffer.concat([length, text, data]);
    };
    const metadata = { format: 'pt', state: JSON.stringify({ step: 1, config: {} }) };
    const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
    assert.equal(refusal(file({ __metadata__: metadata, a: entry })), 'none'); // as written without a checksum
    const wrong: unknown[] = [
      'null',
      '[]',
      '7',
      '{"a":',
      {},
      { __metadata__: null },
      { __metadata__: [metadata], a: entry },
      { __metadata__: { ...metadata, state: 'null' }, a: entry },
      { __metadata__: { ...metadata, state: '{"step":-1,"config":{}}' }, a: entry },
      { __metadata__: { ...metadata, state: '{"step":1}' }, a: entry },
      { __metadata__: { ...metadata, chacksum: '' }, a: entry },
      { __metadata__: metadata, a: null },
      { __metadata__: metadata, a: { ...entry, dtype: 'F99' } },
      { __metadata__: metadata, a: { ...entry, shape: [3] } },
      { __metadata__: metadata, a: { ...entry, shape: [-2] } },
      { __metadata__: metadata, a: { ...entry, shape: '2' } },
      { __metadata__: metadata, a: { ...entry, data_offsets: [8, 0] } },
      { __metadata__: metadata, a: { ...entry, data_offsets: [-4, 4] } },
      { __metadata__: metadata, a: { ...entry, data_offsets: [0.5, 8] } },
      { __metadata__: metadata, a: { ...entry, data_offsets: [0, 16] } },
      { __metadata__: metadata, a: { ...entry, data_offsets: [0] } },
      { __metadata__: metadata, a: entry, b: { ...entry, shape: [1], data_offsets: [4, 8] } },
      { __metadata__: metadata, a: { dtype: 'F32' } },
    ];
    for (const header of wrong) assert.match(refusal(file(header)), named, JSON.stringify(header));
    assert.match(refusal(Buffer.alloc(3)), named);
    assert.match(refusal(Buffer.alloc(8, 0xff)), named);
  });

  it('with NaN are refused, and the error names the tensor', () => {
    const path = join(folder, 'nan.safetensors');
    const weights = tf.tensor1d([1, Number.NaN]);
    saveCheckpoint(path, { weights }, { step: 7, config: {} });
    weights.dispose();
    assert.throws(() => loadCheckpoint(path), /nan\.safetensors cannot be used: it holds NaN in 'weights'/);
  });
});
