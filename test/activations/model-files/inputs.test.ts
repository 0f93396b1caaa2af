import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { InputSpec } from '../../../src/activations/model-files/file-network';
import { openInputs } from '../../../src/activations/model-files/input-files';
import type { PictureOptions } from '../../../src/activations/model-files/pictures';
import { typedNumbers } from '../../../src/activations/model-files/typed-numbers';
import { decodeNumbers } from '../../../src/intrinsic-dimension/files/numbers';

describe('numbers as the type of an input', () => {
  it('are every float16 number again', () => {
    const bits = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i).filter((b) => (b & 0x7c00) !== 0x7c00);
    const numbers = decodeNumbers(Buffer.from(bits.buffer), bits.length, 'f2', false);
    assert.deepEqual(typedNumbers(numbers, 'float16', 'x'), bits);
  });

  it('are the nearest float16 numbers, to even in the middle', () => {
    const given = Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 2 ** -25, 1.5 * 2 ** -25);
    const bits = typedNumbers(given, 'float16', 'x') as Uint16Array;
    assert.deepEqual([...bits], [0x3c00, 0x3c02, 0x7bff, 0x7c00, 0, 1]);
  });

  it('are refused where the type cannot hold them', () => {
    assert.deepEqual(
      typedNumbers(Float64Array.of(-3, 2 ** 40), 'int64', 'x'),
      BigInt64Array.of(-3n, 2n ** 40n),
    );
    assert.throws(
      () => typedNumbers(Float64Array.of(0.5), 'int64', 'ids'),
      /input 'ids' takes int64, and its file has 0.5/,
    );
    assert.throws(() => typedNumbers(Float32Array.of(300), 'uint8', 'x'), /has 300/);
    assert.throws(() => typedNumbers(Float32Array.of(2), 'bool', 'x'), /has 2/);
    assert.throws(() => typedNumbers(Float32Array.of(1), 'string', 'x'), /takes string/);
  });
});

describe('a folder of pictures as inputs', () => {
  let folder: string;
  /** Red, green, blue of the picture's two pixels, one above the other. */
  const PIXELS = [255, 0, 51, 102, 153, 204];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pictures-'));
    mkdirSync(join(folder, 'cat'));
    for (const name of ['cat/10.png', 'cat/9.png']) {
      const pixels = Uint8Array.from([...PIXELS, ...PIXELS], (p) => (name.includes('10') ? p : 0));
      await sharp(pixels, { raw: { width: 2, height: 2, channels: 3 } })
        .png()
        .toFile(join(folder, name));
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  const read = async (shape: InputSpec['shape'], options: PictureOptions = {}): Promise<number[][]> => {
    const feed = await openInputs(folder, [{ name: 'x', type: 'float32', shape }], options);
    const { data } = (await feed.batch(1, 1))['x']!;
    return [Array.from(data), (await feed.batch(0, 2))['x']!.shape as number[]];
  };

  it('are in natural order, with channels first or last', async () => {
    const [first, shape] = await read([null, 3, null, null], { pixels: 'bytes' });
    assert.deepEqual(shape, [2, 3, 2, 2]);
    assert.deepEqual(first!.slice(0, 8), [255, 102, 255, 102, 0, 153, 0, 153]);
    const [last, other] = await read([null, 2, 2, 3], { pixels: 'bytes' });
    assert.deepEqual(other, [2, 2, 2, 3]);
    assert.deepEqual(last!.slice(0, 6), PIXELS);
  });

  it('are scaled as the network takes them', async () => {
    const expected = {
      unit: [1, 0, 0.2],
      symmetric: [1, -1, -0.6],
      imagenet: [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225],
    };
    for (const [pixels, values] of Object.entries(expected)) {
      const [found] = await read([null, 2, 2, 3], { pixels: pixels as 'unit' });
      // Rounded to float32 once.
      assert.ok(
        values.every((value, i) => Math.abs(found![i]! - value) < 3e-7),
        `${pixels} ${found}`,
      );
    }
  });

  it('are resized to what the network takes, or refused', async () => {
    const [, shape] = await read([null, 4, 4, 3]);
    assert.deepEqual(shape, [2, 4, 4, 3]);
    await assert.rejects(
      read([null, 4, 4, 3], { imageSize: 5 }),
      /imageSize is 5, and the network takes pictures of 4 x 4/,
    );
    for (const imageSize of [0, -4, 2.5])
      await assert.rejects(
        read([null, null, null, 3], { imageSize }),
        /imageSize must be a whole number of at least 1, got/,
      );
    await assert.rejects(
      read([null, 2, 2, 3], { pixels: 'bits' as 'unit' }),
      /pixels must be one of unit, symmetric, bytes, imagenet, got 'bits'/,
    );
    await assert.rejects(read([null, 3]), /one input of four axes/);
    await assert.rejects(read([null, 3, null, 3]), /cannot be told/);
    await assert.rejects(read([null, 4, 6, 3]), /takes no squares/);
    await assert.rejects(read([null, 2, 2, 1], { pixels: 'imagenet' }), /three channels/);
  });
});
