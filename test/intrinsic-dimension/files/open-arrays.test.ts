import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArrays } from '../../../src/intrinsic-dimension/files/open-arrays';
import { readBox, type StoredArray } from '../../../src/intrinsic-dimension/files/stored-array';

const FIXTURES = join(__dirname, '..', '..', 'fixtures', 'arrays');
const LAYER = 80 * 3 * 6;
const SUMS = [-1215.8125, 2262.375, -3917.75];
const ROW = [-10.9375, -2.125, 6.9375, 13.125, -8.5625, 6.5];

const whole = (array: StoredArray): number[] => {
  const { shape } = array;
  const box = { from: shape.map(() => 0), count: shape };
  return Array.from(
    readBox(
      array,
      box,
      shape.map((_, axis) => axis),
    ),
  );
};

describe('openArrays', () => {
  /** The numbers of the three layers, as NumPy wrote them in float32. */
  let layers: number[][];
  before(async () => {
    const file = await openArrays(join(FIXTURES, 'stack.npy'));
    const numbers = whole(file.arrays[0]!);
    file.close();
    layers = [0, 1, 2].map((i) => numbers.slice(i * LAYER, (i + 1) * LAYER));
    // stack.sum((1, 2, 3)) and stack[1, 17, 2], as PyTorch gives them
    assert.deepEqual(
      SUMS,
      layers.map((layer) => layer.reduce((sum, value) => sum + value, 0)),
    );
    assert.deepEqual(numbers.slice(LAYER + (17 * 3 + 2) * 6).slice(0, 6), ROW);
  });

  const check = async (name: string, names: readonly string[]): Promise<void> => {
    const file = await openArrays(join(FIXTURES, name));
    assert.deepEqual(
      file.arrays.map((array) => array.name),
      names,
    );
    file.arrays.forEach((array, i) => {
      const expected = array.shape.length === 4 ? layers.flat() : layers[i]!;
      assert.deepEqual(whole(array), expected, `${name}: ${array.name}`);
    });
    file.close();
  };

  it('reads the same numbers from float16, float64 in Fortran order, and both kinds of .npz', async () => {
    await check('stack-f16.npy', ['']);
    await check('stack-fortran.npy', ['']);
    await check('layers.npz', ['block.0', 'block.1', 'block.2']);
    await check('layers-compressed.npz', ['block.0', 'block.1', 'block.2']);
  });

  it('reads what torch.save writes: a tensor, a tuple in bfloat16, parameters, and views in dictionaries', async () => {
    await check('stack.pt', ['']);
    await check('tuple.pt', ['0', '1', '2']);
    await check('parameters.pth', ['0', '1', '2']);
    await check('views.pt', ['hidden.first', 'hidden.second', 'hidden.third']);
    const { notes, close } = await openArrays(join(FIXTURES, 'views.pt'));
    assert.deepEqual(notes, ['epoch is not a tensor and is left out']);
    close();
  });

  it('reads a box in any order of its axes', async () => {
    const file = await openArrays(join(FIXTURES, 'views.pt'));
    const first = file.arrays[0]!;
    const part = readBox(first, { from: [10, 1, 2], count: [5, 1, 3] }, [2, 0]);
    const expected = [2, 3, 4].flatMap((d) =>
      [10, 11, 12, 13, 14].map((n) => layers[0]![(n * 3 + 1) * 6 + d]!),
    );
    assert.deepEqual(Array.from(part), expected);
    file.close();
  });

  const tensorsOnly =
    /: save tensors only, such as torch\.save\(\[h\.cpu\(\) for h in hidden_states\], path\)$/;
  const cases: readonly [string, RegExp, RegExp?][] = [
    ['command.pt', /asks for posix\.system, which is not a part of tensors \(byte \d+\)/, tensorsOnly],
    ['eval.pt', /asks for builtins\.eval, .*\(byte \d+\)/, tensorsOnly],
    ['module.pt', /asks for torch\.nn\.modules\.linear\.Linear, /, tensorsOnly],
    ['numpy.pt', /asks for numpy\._core\.multiarray\._reconstruct, /, tensorsOnly],
    ['sparse.pt', /asks for torch\._utils\._rebuild_sparse_tensor, /, tensorsOnly],
    [
      'complex.pt',
      /its tensor is left out: .* of type ComplexFloat: save torch\.view_as_real\(x\)\.flatten\(1\)$/,
    ],
    ['float8.pt', /its tensor is left out: its numbers are of type \w*loat8_e4m3fn: save x\.float\(\)$/],
    ['script.pt', /is a TorchScript program/, tensorsOnly],
    ['itself.pt', /nests more values than are read/, tensorsOnly],
    ['doubling.pt', /nests more values than are read/, tensorsOnly],
    ['cut.pt', /its pickle is cut off \(byte \d+\)/, tensorsOnly],
    ['underflow.pt', /takes more objects than it made \(byte 2\)/, tensorsOnly],
    ['build.pt', /asks for builtins\.object/, tensorsOnly],
    ['negative.pt', /has a damaged tensor/, tensorsOnly],
    ['outside.pt', /shape \[4,4\] of its array needs 64 bytes of numbers, but it has 32/],
    ['offset.pt', /needs 4398046511136 bytes of numbers, but it has 32/],
    ['torn.pt', /without a table of contents at its end: it is cut off, save it again/],
    ['legacy.pt', /not in PyTorch's zip format: save it with torch\.save of PyTorch 1\.6 or newer/],
    [
      'flipped.npz',
      /in 'block\.0\.npy': its entry 'block\.0\.npy' does not unpack to what was packed: it is damaged, save/,
    ],
  ];
  for (const [name, what, cure] of cases) {
    it(`refuses ${name} with its name, the place and the cure`, async () => {
      await assert.rejects(openArrays(join(FIXTURES, 'refused', name)), (error: Error) => {
        assert.match(error.message, what);
        if (cure) assert.match(error.message, cure);
        assert.ok(
          error.message.startsWith(`cannot read ${join(FIXTURES, 'refused', name)}: `),
          error.message,
        );
        return !error.message.includes('\n');
      });
      assert.ok(!existsSync('executed'));
    });
  }

  it('notices one wrong byte of what an archive stores, unless it was saved without checksums', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'checksums-'));
    try {
      for (const [name, entry] of [
        ['stack.pt', /data\/0' does not match its checksum: it is damaged, save it again/],
        ['layers.npz', /in 'block\.0\.npy': its entry 'block\.0\.npy' does not match its checksum/],
      ] as const) {
        const bytes = readFileSync(join(FIXTURES, name));
        const at = name === 'stack.pt' ? bytes.indexOf('data/0') + 200 : bytes.indexOf('block.0.npy') + 300;
        bytes[at]! ^= 1;
        const path = join(folder, name);
        writeFileSync(path, bytes);
        await assert.rejects(openArrays(path), entry);
      }
      const bytes = readFileSync(join(FIXTURES, 'stack.pt'));
      const record = Buffer.from([0x50, 0x4b, 1, 2]);
      for (let at = bytes.indexOf(record); at >= 0; at = bytes.indexOf(record, at + 1))
        bytes.writeUInt32LE(0, at + 16);
      const path = join(folder, 'unchecked.pt');
      writeFileSync(path, bytes);
      const { notes, arrays, close } = await openArrays(path);
      assert.deepEqual(notes, ['it was saved without checksums, so damage would go unnoticed']);
      assert.deepEqual(whole(arrays[0]!), layers.flat());
      close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
