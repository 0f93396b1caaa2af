import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ESTIMATORS } from '../../../src/intrinsic-dimension/estimators/registry';
import { readPoints } from '../../../src/intrinsic-dimension/files/points-file';

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
  const check = (path: string, expected: number[], shape: number[], tolerance = 0): void => {
    const read = readPoints(path, { flatten: true });
    assert.deepEqual(read.shape, shape);
    for (const [p, value] of expected.entries()) {
      assert.ok(Math.abs(read.data[p]! - value) <= tolerance * Math.abs(value), `${read.data}`);
    }
  };

  it('reads .npy of float32, float64, float16 and integers, in either byte order', () => {
    check(write('f4.npy', npy("'<f4'", '(3, 2)', singles)), SIX, [3, 2], 1e-7);
    check(write('f8.npy', npy("'<f8'", '(2, 3)', bytesOf(Float64Array.from(SIX)))), SIX, [2, 3]);
    check(write('big.npy', npy("'>f4'", '(3, 2)', Buffer.from(singles).swap32())), SIX, [3, 2], 1e-7);
    // numpy.float16: 1, 2.5, -3, 65504, 2**-24, 0
    const halves = Uint16Array.from([0x3c00, 0x4100, 0xc200, 0x7bff, 0x0001, 0x8000]);
    check(write('f2.npy', npy("'<f2'", '(3, 2)', bytesOf(halves))), [1, 2.5, -3, 65504, 2 ** -24, 0], [3, 2]);
    check(write('i4.npy', npy("'<i4'", '(3, 1)', bytesOf(Int32Array.of(1, -2, 3)))), [1, -2, 3], [3, 1]);
    check(write('i8.npy', npy("'<i8'", '(2, 1)', bytesOf(BigInt64Array.of(5n, -7n)))), [5, -7], [2, 1]);
  });

  it('reads Fortran order, and flattens the axes after the first', () => {
    check(
      write('fortran.npy', npy("'<f4'", '(3, 2)', singles, true)),
      [1, 4, 2.5, 5, -3, 6e-5],
      [3, 2],
      1e-7,
    );
    const eight = bytesOf(Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]));
    const path = write('cube.npy', npy("'<f4'", '(2, 2, 2)', eight, true));
    check(path, [0, 4, 2, 6, 1, 5, 3, 7], [2, 4]);
    assert.equal(readPoints(path, { flatten: true }).note, 'shape [2,2,2] is read as [2,4]');
    assert.throws(
      () => readPoints(path),
      /cube\.npy: its shape is \[2,2,2\], and points need .* npm run profile .* --flatten takes it for 2 points of 4/,
    );
  });

  it('reads .csv with and without names, and with other separators', () => {
    check(write('plain.csv', '1,2\n3,4.5\n'), [1, 2, 3, 4.5], [2, 2]);
    check(write('named.csv', '\uFEFFx,"y, up"\r\n1,2\r\n3,-4e2\r\n'), [1, 2, 3, -400], [2, 2]);
    check(write('semicolon.csv', '1;2\n3;4\n'), [1, 2, 3, 4], [2, 2]);
    check(write('savetxt.txt', '# made by numpy\n1.0e+00  2.0e+00\n3.0e+00 4.0e+00\n'), [1, 2, 3, 4], [2, 2]);
  });

  it('leaves out the names and labels that pandas and R write', () => {
    const numbers = [0.5, 2, 3, 4];
    for (const [name, text] of [
      ['index.csv', ',x,y\n0,.5,2\n1,3,4\n'],
      ['saved-twice.csv', 'Unnamed: 0,x,y\n0,.5,2\n1,3,4\n'],
      ['numbered-index.csv', ',0,1\n0,.5,2\n1,3,4\n'],
      ['write.table.txt', '"x" "y"\n"1" .5 2\n"2" 3 4\n'],
    ] as const) {
      const path = write(name, text);
      check(path, numbers, [2, 2]);
      assert.match(readPoints(path).note!, /first column has no name/);
    }
    check(write('numbered.csv', '0,1,2\n.5,2,3\n'), [0.5, 2, 3], [1, 3]);
    check(write('numbers.csv', '0,1\n.5,2\n'), [0, 1, 0.5, 2], [2, 2]);
  });

  it('reads decimal commas between semicolons and tabs, below a comment', () => {
    check(write('excel.csv', 'x;y\n0,5;2\n3;-4,25\n'), [0.5, 2, 3, -4.25], [2, 2]);
    check(write('excel.txt', '0,5\t2\n3\t-4,25\n'), [0.5, 2, 3, -4.25], [2, 2]);
    check(write('header.csv', '# x y, made by numpy\n1,2\n3,4\n'), [1, 2, 3, 4], [2, 2]);
  });

  it('reads .safetensors of every type by key', () => {
    const bfloats = Uint16Array.of(0x3f80, 0xc040);
    const data = Buffer.concat([singles, bytesOf(bfloats)]);
    const header = {
      __metadata__: { format: 'pt' },
      a: { dtype: 'F32', shape: [3, 2], data_offsets: [0, 24] },
      b: { dtype: 'BF16', shape: [2, 1], data_offsets: [24, 28] },
    };
    const path = write('two.safetensors', safetensors(header, data));
    assert.deepEqual(Array.from(readPoints(path, { key: 'b' }).data), [1, -3]);
    assert.equal(readPoints(path, { key: 'a' }).data[1], 2.5);
    assert.throws(() => readPoints(path), /holds several tensors: choose a key of a, b/);
    assert.throws(() => readPoints(path, { key: 'c' }), /has no tensor 'c': choose a key of a, b/);
  });

  const cases: [string, string | Uint8Array, RegExp][] = [
    ['empty.npy', '', /it is empty/],
    ['text.npy', '1,2\n3,4\n', /not an \.npy file/],
    ['short.npy', npy("'<f4'", '(3, 2)', singles).subarray(0, 40), /cut off in its header/],
    ['torn.npy', npy("'<f4'", '(3, 2)', singles.subarray(0, 20)), /needs 24 bytes of numbers, it has 20/],
    ['long.npy', npy("'<f4'", '(2, 2)', singles), /needs 16 bytes of numbers, it has 24/],
    ['objects.npy', npy("'|O'", '(3, 2)', singles), /Python objects: convert/],
    ['strings.npy', npy("'<U3'", '(1, 2)', singles), /type U3: convert/],
    ['complex.npy', npy("'<c8'", '(3, 1)', singles), /numbers are complex: save array\.real/],
    ['fields.npy', npy("[('x', '<f4')]", '(6,)', singles), /records with named fields/],
    ['flat.npy', npy("'<f4'", '(6,)', singles), /shape is \[6\]: points need the shape/],
    ['scalar.npy', npy("'<f4'", '()', singles.subarray(0, 4)), /shape is \[\]/],
    ['garbled.npy', npy("'<f4'", '(six)', singles), /header is malformed/],
    ['arrays.npz', 'PK', /\.npz holds several arrays/],
    ['ragged.csv', '1,2\n3\n', /row 2 has 1 columns, the first has 2/],
    ['words.csv', '1,2\n3,four\n', /row 2, column 2 is 'four'/],
    ['nan.csv', 'x,y\n1,nan\n', /row 1 below the names, column 2 is 'nan'/],
    ['names.csv', 'x,y\n', /no rows of numbers/],
    ['binary.csv', Uint8Array.of(0, 1, 2, 255), /it is not UTF-8 text/],
    ['gap.csv', ',2\n3,4\n', /row 1, column 1 is ''/],
    ['cut.safetensors', Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 123), /cut off in its header/],
    ['null.safetensors', safetensors(null as never, singles), /header names no tensors/],
    ['list.safetensors', safetensors([1, 2], singles), /header names no tensors/],
    ['none.safetensors', safetensors({ __metadata__: {} }, singles), /header names no tensors/],
    [
      'negative.safetensors',
      safetensors({ a: entry([-3, -2]) }, singles),
      /entry of tensor 'a' is malformed/,
    ],
    ['half.safetensors', safetensors({ a: entry([12, 0.5]) }, singles), /entry of tensor 'a' is malformed/],
    ['bad.safetensors', safetensors({ a: { dtype: 'F8' } }, singles), /entry of tensor 'a' is malformed/],
    [
      'torn.safetensors',
      safetensors({ a: { dtype: 'F32', shape: [3, 2], data_offsets: [0, 24] } }, singles.subarray(0, 8)),
      /needs 24 bytes of numbers, it has 8/,
    ],
    ['picture.png', 'x', /'\.png' is not one of/],
  ];
  for (const [name, content, message] of cases) {
    it(`refuses ${name} with one clear line`, () => {
      const path = write(name, content);
      assert.throws(
        () => readPoints(path),
        (error: Error) =>
          message.test(error.message) && error.message.includes(name) && !error.message.includes('\n'),
      );
    });
  }

  it('says when there is no file, a folder, or too much', () => {
    assert.throws(() => readPoints(join(folder, 'none.npy')), /none\.npy: there is no such file/);
    assert.throws(() => readPoints(folder), /it is a folder/);
    const huge = write('huge.npy', '');
    truncateSync(huge, 2 ** 43); // holes take no disk
    assert.throws(
      () => readPoints(huge),
      /huge\.npy: (it is larger than 4 GiB: give fewer points, or take Node 22|there is no memory for its 8,192 GiB)/,
    );
  });
});

describe('npm run id', () => {
  const run = (args: string[], input?: string | Uint8Array): { code: number; out: string; err: string } => {
    const options = { input, encoding: 'utf8' as const, stdio: 'pipe' as const };
    const script = join(__dirname, '..', '..', '..', 'src', 'commands', 'id.ts');
    try {
      const out = execFileSync(process.execPath, ['--import', 'tsx', script, ...args], options);
      return { code: 0, out, err: '' };
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
      return { code: status, out: stdout, err: stderr };
    }
  };
  const golden = join(__dirname, '..', '..', 'fixtures', 'golden', 'cube_d5_D10.npy');

  it('gives the estimate of a file, all estimators, and the scale curve', () => {
    const { value } = JSON.parse(run([golden, '--json']).out);
    assert.ok(Math.abs(value - 4.592147444276079) < 1e-8, `${value}`);
    const all = JSON.parse(run([golden, '--all', '--json']).out);
    assert.equal(all.length, ESTIMATORS.length);
    const { curve } = JSON.parse(run([golden, '--scale', '--json']).out);
    assert.deepEqual([curve[0].n1, curve.at(-1).n2], [1, 128]);
  });

  it('reads standard input, and ends with one line and code 1 on an error', () => {
    const lines = Array.from({ length: 50 }, (_, i) => `${Math.sin(i)},${Math.cos(3 * i)}`).join('\n');
    const { out } = run(['-', '--estimator', 'mackay-ghahramani', '--k', '5'], lines);
    assert.match(out, /^mackay-ghahramani: \d\.\d\d \(95 % interval .*50 points\n$/);
    const { code, err } = run(['-', '--k', 'five', '--estimator', 'levina-bickel'], lines);
    assert.equal(code, 1);
    assert.match(err, /^error: --k must be a number, got 'five'\n$/);
    const none = run(['-', '--all', '--json'], '1,2\n1,2\n');
    assert.equal(none.code, 1);
    assert.match(none.err, /^error: need at least 3 distinct points, got 1/m);
    assert.match(run([golden, '--figure', 'a.png']).err, /^error: --figure draws the curve of --scale/);
    assert.match(
      run([golden, '--scale', '--figure', 'a.gif']).err,
      /^error: a figure ends in .svg, .pdf, .png, .html, got/,
    );
    assert.match(run([golden, '--all', '--scale']).err, /^error: choose one of --all and --scale/);
  });
});
