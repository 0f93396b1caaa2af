import { strict as assert } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onCommandLine } from '../../../src/intrinsic-dimension/files/option-words';
import {
  type ReadPointsOptions,
  readDistances,
  readPoints,
} from '../../../src/intrinsic-dimension/files/points-file';

/** A .npy file of format version 1. */
function npy(descr: string, shape: string, data: Uint8Array, fortran = false): Buffer {
  const fields = `{'descr': ${descr}, 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`;
  const header = `${fields.padEnd(117)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(header), data]);
}

function safetensors(header: object, data: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

const entry = (shape: number[]): object => ({ dtype: 'F32', shape, data_offsets: [0, 24] });

const bytesOf = (array: Float32Array | Float64Array | Int32Array | Uint16Array | BigInt64Array): Uint8Array =>
  new Uint8Array(array.buffer);

const SIX = [1, 2.5, -3, 4, 5, 6e-5];
const singles = bytesOf(Float32Array.from(SIX));

describe('readPoints', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'points-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const check = async (
    path: string,
    expected: number[],
    shape: number[],
    tolerance = 0,
    options: ReadPointsOptions = { flatten: true },
  ): Promise<void> => {
    const read = await readPoints(path, options);
    assert.deepEqual(read.shape, shape);
    for (const [p, value] of expected.entries()) {
      assert.ok(Math.abs(read.data[p]! - value) <= tolerance * Math.abs(value), `${read.data}`);
    }
  };

  it('reads .npy of float32, float64, float16 and integers, in either byte order', async () => {
    await check(write('f4.npy', npy("'<f4'", '(3, 2)', singles)), SIX, [3, 2], 1e-7);
    await check(write('f8.npy', npy("'<f8'", '(2, 3)', bytesOf(Float64Array.from(SIX)))), SIX, [2, 3]);
    await check(write('big.npy', npy("'>f4'", '(3, 2)', Buffer.from(singles).swap32())), SIX, [3, 2], 1e-7);
    // numpy.float16: 1, 2.5, -3, 65504, 2**-24, 0
    const halves = Uint16Array.from([0x3c00, 0x4100, 0xc200, 0x7bff, 0x0001, 0x8000]);
    await check(
      write('f2.npy', npy("'<f2'", '(3, 2)', bytesOf(halves))),
      [1, 2.5, -3, 65504, 2 ** -24, 0],
      [3, 2],
    );
    await check(
      write('i4.npy', npy("'<i4'", '(3, 1)', bytesOf(Int32Array.of(1, -2, 3)))),
      [1, -2, 3],
      [3, 1],
    );
    await check(write('i8.npy', npy("'<i8'", '(2, 1)', bytesOf(BigInt64Array.of(5n, -7n)))), [5, -7], [2, 1]);
  });

  it('reads Fortran order, and flattens the axes after the first', async () => {
    await check(
      write('fortran.npy', npy("'<f4'", '(3, 2)', singles, true)),
      [1, 4, 2.5, 5, -3, 6e-5],
      [3, 2],
      1e-7,
    );
    const eight = bytesOf(Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]));
    const path = write('cube.npy', npy("'<f4'", '(2, 2, 2)', eight, true));
    await check(path, [0, 4, 2, 6, 1, 5, 3, 7], [2, 4]);
    assert.deepEqual((await readPoints(path, { flatten: true })).notes, ['shape [2,2,2] is read as [2,4]']);
    await assert.rejects(
      readPoints(path),
      /cube\.npy: its shape is \[2,2,2\], but points need .* npm run profile .* flatten: true reads it as 2 points of 4/,
    );
  });

  it('reads .safetensors of every type by key', async () => {
    const bfloats = Uint16Array.of(0x3f80, 0xc040);
    const data = Buffer.concat([singles, bytesOf(bfloats)]);
    const header = {
      __metadata__: { format: 'pt' },
      a: { dtype: 'F32', shape: [3, 2], data_offsets: [0, 24] },
      b: { dtype: 'BF16', shape: [2, 1], data_offsets: [24, 28] },
    };
    const path = write('two.safetensors', safetensors(header, data));
    assert.deepEqual(Array.from((await readPoints(path, { key: 'b' })).data), [1, -3]);
    assert.equal((await readPoints(path, { key: 'a' })).data[1], 2.5);
    await assert.rejects(readPoints(path), /several arrays: choose one with key: a \[3,2\], b \[2,1\]/);
    await assert.rejects(readPoints(path, { key: 'c' }), /no array 'c': key chooses one of a \[3,2\], b/);
  });

  const cases: [string, string | Uint8Array, RegExp][] = [
    ['empty.npy', '', /it is empty/],
    ['text.npy', '1,2\n3,4\n', /not an \.npy file/],
    ['short.npy', npy("'<f4'", '(3, 2)', singles).subarray(0, 40), /cut off in its header/],
    ['torn.npy', npy("'<f4'", '(3, 2)', singles.subarray(0, 20)), /needs 24 bytes of numbers, but it has 20/],
    ['long.npy', npy("'<f4'", '(2, 2)', singles), /needs 16 bytes of numbers, but it has 24/],
    ['objects.npy', npy("'|O'", '(3, 2)', singles), /Python objects: convert/],
    ['strings.npy', npy("'<U3'", '(1, 2)', singles), /type U3: convert/],
    ['complex.npy', npy("'<c8'", '(3, 1)', singles), /numbers are complex: save array\.real/],
    ['fields.npy', npy("[('x', '<f4')]", '(6,)', singles), /records with named fields/],
    ['flat.npy', npy("'<f4'", '(6,)', singles), /shape is \[6\], but points need .* x\.reshape\(-1, 1\)/],
    ['scalar.npy', npy("'<f4'", '()', singles.subarray(0, 4)), /shape is \[\], a single number/],
    [
      'double.npy',
      npy("'<f16'", '(1, 1)', singles.subarray(0, 16)),
      /type f16: convert with array\.astype\(float\)/,
    ],
    ['version.npy', Buffer.from('\x93NUMPY\x04\x00\x00\x00\x00\x00', 'latin1'), /version 4 is unknown/],
    ['code.npy', npy('None', "__import__('os')", singles), /header is malformed/],
    ['packed.csv', gzipSync('1,2\n'), /compressed by gzip: unpack it with gunzip/],
    ['garbled.npy', npy("'<f4'", '(six)', singles), /header is malformed/],
    ['arrays.npz', 'PK', /it is not an \.npz file: save it with numpy\.savez/],
    ['torn.npz', 'PK\x03\x04', /without a table of contents at its end: it is cut off/],
    ['cut.safetensors', Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 123), /cut off in its header/],
    ['null.safetensors', safetensors(null as never, singles), /header names no tensors/],
    ['list.safetensors', safetensors([1, 2], singles), /header names no tensors/],
    ['none.safetensors', safetensors({ __metadata__: {} }, singles), /it holds no arrays/],
    [
      'negative.safetensors',
      safetensors({ a: entry([-3, -2]) }, singles),
      /entry of its tensor 'a' is malformed: save it again/,
    ],
    [
      'twice.safetensors',
      safetensors({ a: entry([3, 2]), '"dtype":': entry([3, 2]) }, singles),
      /overlap|names a tensor twice/,
    ],
    [
      'shared.safetensors',
      safetensors({ a: entry([3, 2]), b: entry([6, 1]) }, singles),
      /'a' and 'b' overlap/,
    ],
    [
      'half.safetensors',
      safetensors({ a: entry([12, 0.5]) }, singles),
      /entry of its tensor 'a' is malformed: save it again/,
    ],
    [
      'bad.safetensors',
      safetensors({ a: { dtype: 'F8' } }, singles),
      /entry of its tensor 'a' is malformed: save it again/,
    ],
    [
      'torn.safetensors',
      safetensors({ a: { dtype: 'F32', shape: [3, 2], data_offsets: [0, 24] } }, singles.subarray(0, 8)),
      /a part of it should end at byte \d+: it is cut off/,
    ],
    [
      'hole.safetensors',
      safetensors({ a: { dtype: 'F32', shape: [2, 2], data_offsets: [8, 24] } }, singles),
      /8 of its 24 bytes of numbers belong to no tensor: it is damaged, save it again/,
    ],
    [
      'more.safetensors',
      safetensors({ a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] } }, singles),
      /8 of its 24 bytes of numbers belong to no tensor/,
    ],
    [
      'inherited.safetensors',
      safetensors({ a: { ...entry([3, 2]), dtype: 'toString' } }, singles),
      /'a' is left out: its numbers are of type toString: convert it/,
    ],
    [
      'names.safetensors',
      safetensors(
        {
          'x\u001b[31m\n': entry([3, 2]),
          b: { dtype: 'F32', shape: [1], data_offsets: [24, 28] },
        },
        Buffer.concat([singles, singles.subarray(0, 4)]),
      ),
      /choose one with key: x·\[31m· \[3,2\], b \[1\]$/,
    ],
    ['twice.npy', npy("'<f8', 'descr': '<f4'", '(3, 2)', singles), /header is malformed, .*: save it again/],
    [
      'table.parquet',
      'PAR1',
      /'\.parquet' is not one of .* numpy\.save\('points\.npy', pandas\.read_parquet/,
    ],
    ['picture.png', 'x', /'\.png' is not one of .* or name its format/],
  ];
  for (const [name, content, message] of cases) {
    it(`refuses ${name} with one clear line`, async () => {
      const path = write(name, content);
      await assert.rejects(
        readPoints(path),
        (error: Error) =>
          message.test(error.message) && error.message.includes(name) && !error.message.includes('\n'),
      );
    });
  }

  it('says when a header is longer than its format allows', async () => {
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(2e8));
    const path = write('long.safetensors', size);
    truncateSync(path, 8 + 2e8);
    await assert.rejects(readPoints(path), /its header has 200 MB, and the format allows 100: save fewer/);
  });

  it('says when the format that was named is not that of the file', async () => {
    const path = write('named.csv', '1,2\n3,4\n');
    for (const format of ['npz', 'pt'] as const)
      await assert.rejects(readPoints(path, { format }), /it is not a zip archive, .*: leave its format out/);
    await assert.rejects(readPoints(path, { format: 'npy' }), /it does not begin with/);
  });

  it('says when there is no file, a folder, a device, a socket, a pipe that nobody fills, or too much', async () => {
    await assert.rejects(readPoints(join(folder, 'none.npy')), /none\.npy: there is no such file$/);
    await assert.rejects(
      readPoints('no\nfile.npy'),
      /^Error: cannot read no·file\.npy: there is no such file$/,
    );
    await assert.rejects(
      readPoints(join(folder, 'f4.npy', 'x')),
      /there is no such file, since a part of its path/,
    );
    await assert.rejects(readPoints(folder), /it is a folder: give a file/);
    await assert.rejects(readPoints('/dev/zero'), /zero: it is a device: give a file/);
    const socket = createServer().listen(join(folder, 'socket'));
    await once(socket, 'listening');
    await assert.rejects(readPoints(join(folder, 'socket')), /it is a socket: give a file/);
    socket.close();
    const huge = write('huge.csv', '');
    truncateSync(huge, 2 ** 43); // holes take no disk
    await assert.rejects(
      readPoints(huge),
      /huge\.csv: (it is larger than 4 GiB: give fewer points, or use Node 22|there is not enough memory for its 8,192 GiB)/,
    );
  });

  it('reads a pipe to its end', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('sh', ['-c', `mkfifo "${pipe}"`]);
    const writer = spawn('sh', ['-c', `sleep 0.1; cat "${join(folder, 'f4.npy')}" > "${pipe}"`]);
    await check(pipe, SIX, [3, 2], 1e-7);
    writer.kill();
  });

  it('reads headers as Python 2 writes them, with double quotes, and of all versions', async () => {
    for (const [i, [version, header]] of [
      [1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 2L), }"],
      [1, "{u'shape': (3L, 2L), u'fortran_order': False, u'descr': u'<f4'}"],
      [1, '{"descr": "<f4", "fortran_order": False, "shape": (3, 2)}\n'],
      [2, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }   \n"],
      [3, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }   \n"],
    ].entries() as Iterable<[number, [number, string]]>) {
      const length = Buffer.alloc(version === 1 ? 2 : 4);
      length.writeUInt16LE(header.length);
      const magic = Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.of(version, 0)]);
      const path = write(`header-${i}.npy`, Buffer.concat([magic, length, Buffer.from(header), singles]));
      await check(path, SIX, [3, 2], 1e-7);
    }
  });

  it('reads booleans as 0 and 1, and whole numbers whose digits a float64 holds', async () => {
    await check(write('b1.npy', npy("'|b1'", '(2, 2)', Uint8Array.of(0, 1, 2, 0))), [0, 1, 1, 0], [2, 2]);
    const large = BigInt64Array.of(2n ** 60n, -(2n ** 53n), 3n, 2n ** 62n);
    await check(write('even.npy', npy("'<i8'", '(2, 2)', bytesOf(large))), [2 ** 60, -(2 ** 53), 3], [2, 2]);
    const lost = bytesOf(BigInt64Array.of(1n, 2n ** 53n + 1n));
    for (const [type, name] of [
      ['<i8', 'lost.npy'],
      ['<u8', 'lost-u8.npy'],
    ])
      await assert.rejects(
        readPoints(write(name!, npy(`'${type}'`, '(2, 1)', lost))),
        /whole number 9007199254740993, whose last digits a float64 cannot hold: subtract .* x\.min\(axis=0\)/,
      );
  });

  it('takes the bytes of NumPy for what they are, whatever the name, and braces in text for text', async () => {
    const path = write('numpy.csv', npy("'<f4'", '(3, 2)', singles));
    await check(path, SIX, [3, 2], 1e-7);
    assert.deepEqual((await readPoints(path)).notes, ['its name ends in .csv, but it is .npy']);
    await assert.rejects(
      readPoints(write('brace.csv', '1.234567{,2\n3,4\n')),
      /line 1, column 1 is '1\.234567\{', which is not a finite number/,
    );
    await check(write('PK.csv', 'PK,x\n1,2\n3,5\n'), [1, 2, 3, 5], [2, 2], 0, {});
  });

  it('reads what npm run profile reads: .npz and .pt, by key', async () => {
    const fixtures = join(__dirname, '..', '..', 'fixtures', 'arrays');
    for (const name of ['layers.npz', 'layers-compressed.npz']) {
      const shares: number[] = [];
      const onProgress = (share: number): number => shares.push(share);
      const { shape } = await readPoints(join(fixtures, name), { key: 'block.1', flatten: true, onProgress });
      assert.deepEqual(shape, [80, 18]);
      assert.equal(shares.length, 2); // for unpacking the chosen array, which is small, and for reading it
      assert.equal(shares.at(-1), 1);
    }
    for (const name of ['float8-beside.pt', 'float8-beside.safetensors']) {
      const path = join(fixtures, name);
      const { shape, notes } = await readPoints(path);
      assert.deepEqual(shape, [4, 2]);
      assert.match(notes.join(), /^'eighths' is left out: its numbers are of type \w+E4M3\w*: /i);
      await assert.rejects(readPoints(path, { key: 'eighths' }), /'eighths' is left out/);
    }
    const [fromNpz, fromPt] = [
      await readPoints(join(fixtures, 'layers.npz'), { key: 'block.2', flatten: true }),
      await readPoints(join(fixtures, 'tuple.pt'), { key: '2', flatten: true }),
    ];
    assert.deepEqual(fromNpz.data, fromPt.data);
  });

  it('says when a column that is named as a class is read as a coordinate', async () => {
    const path = write('classes.csv', 'label,x,target\n1,2.5,.5\n1,3,1.5\n0,7,2.5\n');
    // The targets are fractions, which classes are not.
    const note = "its column 1 ('label') is read as a coordinate: dropColumn: '1' leaves it out";
    assert.deepEqual((await readPoints(path)).notes, [note]);
    for (const chosen of [{ columns: 'all' }, { dropColumn: '1' }])
      assert.deepEqual((await readPoints(path, chosen)).notes, []);
  });

  it('refuses a column that numbers the rows, unless it is asked for', async () => {
    // Column 0 counts, from 0, from 1, down, or in any order; the others do not.
    const rest = [0.5, 2.25, -1, 7, 7.5, 3];
    const withColumn = (column: number[], name: string): string =>
      write(
        name,
        npy("'<f8'", '(6, 2)', bytesOf(Float64Array.from(rest.flatMap((x, i) => [column[i]!, x])))),
      );
    for (const [i, column] of [
      [0, 1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5, 6],
      [5, 4, 3, 2, 1, 0],
      [12, 10, 14, 13, 15, 11],
    ].entries()) {
      const path = withColumn(column, `rows-${i}.npy`);
      await assert.rejects(
        readPoints(path),
        /its column 1 numbers the rows, from \d+ to \d+, .* dropColumn: '1', or keep it with columns: 'all'/,
      );
      await check(path, rest, [6, 1], 0, { dropColumn: '1' });
      await check(path, rest, [6, 1], 0, { columns: '2' });
      await check(path, [column[0]!, rest[0]!], [6, 2], 0, { columns: 'all' });
    }
    await check(withColumn([0, 1, 2, 3, 4, 4], 'twice.npy'), [0, 0.5], [6, 2], 0, {});
    await check(withColumn([0, 2, 4, 6, 8, 10], 'even-rows.npy'), [0, 0.5], [6, 2], 0, {});
    // Where all columns are like that, they are ranks.
    const ranks = Float64Array.of(1, 3, 2, 2, 3, 5, 4, 1, 5, 4);
    await check(write('ranks.npy', npy("'<f8'", '(5, 2)', bytesOf(ranks))), [...ranks], [5, 2], 0, {});
  });

  it('refuses options that it does not read, and names options in the words of the caller', async () => {
    const path = write('options.csv', 'a,b\n0.5,1\n2.25,7\n');
    const cases: readonly [object, RegExp][] = [
      [{ dropColumns: '1' }, /has no option dropColumns: did you mean dropColumn\?/],
      [{ columns: 2 }, /columns must be a text with names or numbers, such as '1,3-5', got 2/],
      [{ format: 'text' }, /format must be one of npy, npz, csv, safetensors, pt, got 'text'/],
      [{ flatten: 'no' }, /flatten must be true or false, got 'no'/],
    ];
    for (const [options, message] of cases) {
      await assert.rejects(readPoints(path, options), message);
      await assert.rejects(readDistances(path, options), message);
    }
    const all = { dropColumn: 'a,b' };
    await assert.rejects(readPoints(path, all), /: dropColumn: 'a,b' leaves none of its columns$/);
    await assert.rejects(
      readPoints(path, all, onCommandLine),
      /: --drop-column a,b leaves none of its columns$/,
    );
    await assert.rejects(
      readDistances(path, { key: 'x' }, (option, value) => `the box ${option} (${value})`),
      /: the box key \(undefined\) is for arrays, but this is text: leave it out$/,
    );
    const doubtful = write('doubtful.csv', '2019,2020,2021\n.5,2,3\n');
    await assert.rejects(readPoints(doubtful, {}, onCommandLine), /add --header or --no-header$/);
  });

  it('reads distances as a square and as a list, and refuses other shapes', async () => {
    const list = Float64Array.of(1, 2, 3, 4, 5, 6);
    const square = [0, 1, 2, 3, 1, 0, 4, 5, 2, 4, 0, 6, 3, 5, 6, 0];
    const paths = [
      write('condensed.npy', npy("'<f8'", '(6,)', bytesOf(list))),
      write('condensed.txt', [...list].join('\n')),
      write('square.npy', npy("'<f8'", '(4, 4)', bytesOf(Float64Array.from(square)))),
      write('square.csv', ',a,b,c,d\na,0,1,2,3\nb,1,0,4,5\nc,2,4,0,6\nd,3,5,6,0\n'),
    ];
    for (const path of paths) assert.deepEqual([...(await readDistances(path)).distances], square, path);
    const seven = write('seven.npy', npy("'<f8'", '(7,)', bytesOf(Float64Array.from({ length: 7 }))));
    await assert.rejects(readDistances(seven), /7 numbers, but a list of distances .* such as 6 for 4/);
    await assert.rejects(
      readDistances(join(folder, 'f4.npy')),
      /shape is \[3,2\]: distances must be a square matrix/,
    );
  });
});
