import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { idxFolder, parseIdx } from '../../src/data/idx';

/** An IDX file with the given axes, whatever its numbers are. */
function idx(shape: number[], numbers: ArrayLike<number>, type = 0x08): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = type;
  header[3] = shape.length;
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([header, Uint8Array.from(numbers)]);
}

const bytes = (count: number): number[] => Array.from({ length: count }, (_, i) => i % 251);

describe('IDX files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'idx-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const put = (name: string, content: Buffer): void => writeFileSync(join(folder, name), content);

  it('are read as they are and packed, padded to 32 x 32', () => {
    put('train-images-idx3-ubyte', idx([3, 28, 28], bytes(3 * 784)));
    put('train-labels-idx1-ubyte.gz', gzipSync(idx([3], [2, 0, 1])));
    put('t10k-images-idx3-ubyte.gz', gzipSync(idx([2, 28, 28], bytes(2 * 784))));
    put('t10k-labels-idx1-ubyte', idx([2], [1, 2]));
    const { train, validation, classes } = idxFolder(folder);
    assert.equal(classes, 3);
    assert.deepEqual([...validation.labels], [1, 2]);
    assert.deepEqual(train.inputShape, [32, 32, 1]);
    // every pixel of the second test picture, at its place
    const picture = validation.inputs.subarray(1024);
    picture.forEach((byte, i) => {
      const [row, column] = [(i >> 5) - 2, (i & 31) - 2];
      const inside = row >= 0 && row < 28 && column >= 0 && column < 28;
      assert.equal(byte, inside ? (784 + row * 28 + column) % 251 : 0);
    });
  });

  it('may have colours, other sizes, and no test set', () => {
    put('train-images-idx3-ubyte', idx([10, 40, 36, 3], bytes(10 * 40 * 36 * 3)));
    put('train-labels-idx1-ubyte', idx([10], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]));
    const { train, validation } = idxFolder(folder);
    assert.deepEqual(train.inputShape, [40, 36, 3]);
    assert.deepEqual([train.size, validation.size], [8, 2]);
  });

  it('have the names of Fashion-MNIST in a folder that is called so', () => {
    const fashion = join(folder, 'fashion-mnist');
    mkdirSync(fashion);
    writeFileSync(join(fashion, 'train-images-idx3-ubyte'), idx([10, 2, 2], bytes(40)));
    writeFileSync(join(fashion, 'train-labels-idx1-ubyte'), idx([10], bytes(10)));
    const data = idxFolder(fashion, { trainFraction: 0.9 });
    assert.equal(data.describe!(data.train.labels.indexOf(9)), 'ankle boot');
  });

  it('say what is missing', () => {
    assert.throws(() => idxFolder(folder), /no pictures in .*: put train-images-idx3-ubyte and train-labels/);
    put('train-images-idx3-ubyte', idx([1, 2, 2], bytes(4)));
    assert.throws(() => idxFolder(folder), /train-labels-idx1-ubyte is missing/);
    put('train-labels-idx1-ubyte', idx([2], [0, 1]));
    assert.throws(() => idxFolder(folder), /1 train pictures, and labels of shape \[2\]/);
    put('train-labels-idx1-ubyte', idx([1], [7]));
    assert.throws(() => idxFolder(folder, { classNames: ['a'] }), /label 7 of picture 0 has no name: give 8/);
  });

  for (const [what, content, message] of [
    ['an empty file', Buffer.alloc(0), /not an IDX file/],
    ['text', Buffer.from('<!doctype html>'), /does not begin with two zeros/],
    ['floats', idx([1], [0, 0, 0, 0], 0x0d), /type 0x0d: unsigned bytes/],
    ['a cut header', idx([5, 5, 5], []).subarray(0, 9), /cut off in its header of 3 axes/],
    ['too few numbers', idx([5], [1, 2, 3, 4]), /shape \[5\] needs 13 bytes, but it has 12/],
    ['too many numbers', idx([5], [1, 2, 3, 4, 5, 6]), /needs 13 bytes, but it has 14/],
    ['a header that lies', idx([4294967295, 28, 28], [1]), /asks for 3367254/],
    [
      'a bomb',
      gzipSync(Buffer.concat([idx([5], []), Buffer.alloc(50_000_000)])),
      /more comes out|it has more/,
    ],
    ['a cut packing', gzipSync(idx([5000], bytes(5000))).subarray(0, 200), /packing is damaged|cut off/],
    ['a broken packing', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]), /packing is damaged/],
  ] as [string, Buffer, RegExp][]) {
    it(`refuse ${what}, naming the file`, () => {
      assert.throws(() => parseIdx(content), message);
      put('train-images-idx3-ubyte', content);
      assert.throws(() => idxFolder(folder), /cannot read .*train-images-idx3-ubyte: /);
    });
  }
});
