import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { squaredDistances } from '../../../src/intrinsic-dimension/points/distances';
import { kernel, sourceOf } from '../../../src/intrinsic-dimension/search/kernel';
import {
  multiply,
  noLengths,
  type PackedPoints,
  type Precision,
  pack,
  packedPoints,
} from '../../../src/intrinsic-dimension/search/packed-points';
import { NearestLists } from '../../../src/intrinsic-dimension/search/shortlist';
import { wholes } from '../../../src/intrinsic-dimension/search/wholes';
import { mulberry32, normals } from '../../../src/random';
import { threads } from '../../../src/threads';

/** Sets of instructions, of which a processor has the first ones; WebAssembly takes the place of all. */
const SETS = ['sse2', 'avx2', 'avx512', 'bfloat16'];
const KERNELS = [...SETS, 'wasm'];

const { panel: PANEL, group: GROUP, bfloat16, instructions } = kernel();

const PRECISIONS: readonly Precision[] = bfloat16 ? ['float32', 'bfloat16'] : ['float32'];

function random(length: number, seed: number): Float64Array {
  return Float64Array.from({ length }, normals(mulberry32(seed)));
}

/** As the kernel rounds. */
function rounded(value: number, precision: Precision): number {
  const single = Math.fround(value);
  if (precision === 'float32') return single;
  const bits = new Uint32Array(Float32Array.of(single).buffer)[0]!;
  return new Float32Array(
    Uint32Array.of(((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000) >>> 0).buffer,
  )[0]!;
}

function packed(data: Float64Array, n: number, d: number, precision: Precision): PackedPoints {
  const points = packedPoints(n, d, precision);
  const frame = { center: new Float64Array(d), scale: 1 };
  pack({ data, n, d }, { from: 0, count: n, to: 0 }, points, frame, Int32Array.of(0, d), noLengths(n));
  return points;
}

describe('the search kernel', () => {
  for (const precision of PRECISIONS) {
    it(`multiplies ${precision} points as float64 does, any shape, part and run`, () => {
      const shapes = fc.record({
        rows: fc.integer({ min: 1, max: 70 }),
        columns: fc.integer({ min: 1, max: 100 }),
        d: fc.integer({ min: 1, max: 600 }),
        top: fc.constantFrom(0, GROUP, 5 * GROUP),
        left: fc.constantFrom(0, PANEL),
        run: fc.constantFrom(1, 7, 256),
        halved: fc.boolean(),
        seed: fc.integer({ min: 0, max: 1e6 }),
      });
      fc.assert(
        fc.property(shapes, ({ rows, columns, d, top, left, run, halved, seed }) => {
          const [n, m] = [top + rows, left + columns];
          const [a, b] = [random(n * d, seed), random(m * d, seed + 1)];
          const [x, y] = [packed(a, n, d, precision), packed(b, m, d, precision)];
          const stride = wholes(columns, PANEL);
          const values = new Float32Array(wholes(rows, GROUP) * stride).fill(1);
          const halves = [
            Float32Array.from(random(wholes(n, PANEL), 2)),
            Float32Array.from(random(wholes(m, PANEL), 3)),
          ] as const;
          const tile = { values, stride, top, bottom: n, left, right: m };
          multiply(x, y, tile, true, halved ? halves : undefined, run);
          const [ours, theirs] = [a, b].map((numbers) => numbers.map((value) => rounded(value, precision)));
          for (let i = top; i < n; i++) {
            for (let j = left; j < m; j++) {
              let [sum, size] = [1, 1];
              for (let c = 0; c < d; c++) {
                const product = ours![i * d + c]! * theirs![j * d + c]!;
                sum += product;
                size += Math.abs(product);
              }
              if (halved) sum -= halves[0][i]! + halves[1][j]!;
              const error = Math.abs(values[(i - top) * stride + j - left]! - sum);
              assert.ok(error <= (d + 6) * 2 ** -24 * (size + 6), `${i}, ${j}: off by ${error}`);
            }
          }
        }),
        { numRuns: 40 },
      );
    });

    it(`leaves of a tile of ${precision} products only blocks alone that lie below the diagonal`, () => {
      const [n, d] = [700, 5];
      const points = packed(random(n * d, 7), n, d, precision);
      const stride = wholes(n, PANEL);
      const products = (above: boolean): Float32Array => {
        const values = new Float32Array(wholes(n, GROUP) * stride);
        multiply(
          points,
          points,
          { values, stride, top: 0, bottom: n, left: 0, right: n },
          false,
          undefined,
          256,
          above,
        );
        return values;
      };
      const [some, all] = [products(true), products(false)];
      let left = 0;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          if (j >= i) assert.equal(some[i * stride + j], all[i * stride + j]);
          else if (some[i * stride + j] === 0) left++;
        }
      }
      assert.ok(left > 0);
    });

    it(`packs ${precision} points centred, scaled, and chosen by columns, and says how far they moved`, () => {
      const [n, d] = [40, 9];
      const data = random(n * d, 4);
      const frame = { center: random(d, 5), scale: 0.25 };
      const ranges = Int32Array.of(6, 9, 0, 2);
      const columns = [6, 7, 8, 0, 1];
      const kept = Int32Array.from({ length: 30 }, (_, i) => n - 1 - i);
      const points = packedPoints(12, columns.length, precision);
      const lengths = noLengths(12);
      pack({ data, n: 30, d, kept }, { from: 3, count: 10, to: 2 }, points, frame, ranges, lengths);
      // Products with unit vectors tell the coordinates.
      const units = Float64Array.from({ length: 25 }, (_, p) => (p % 6 === 0 ? 1 : 0));
      const values = new Float32Array(wholes(12, GROUP) * PANEL);
      const tile = { values, stride: PANEL, top: 0, bottom: 12, left: 0, right: 5 };
      multiply(points, packed(units, 5, 5, precision), tile, false);
      for (let i = 0; i < 10; i++) {
        const exact = columns.map((c) => (data[kept[3 + i]! * d + c]! - frame.center[c]!) * frame.scale);
        const kernel = [...values.subarray((2 + i) * PANEL, (2 + i) * PANEL + 5)];
        assert.deepEqual(
          kernel,
          exact.map((value) => rounded(value, precision)),
        );
        const square = kernel.reduce((sum, value) => sum + value ** 2, 0);
        const error = kernel.reduce((sum, value, c) => sum + (value - exact[c]!) ** 2, 0);
        assert.ok(Math.abs(lengths.squares[2 + i]! - square) < 1e-14);
        assert.ok(Math.abs(lengths.errors[2 + i]! - error) < 1e-3 * error);
      }
    });
  }

  it('keeps of each point the nearest that were offered, equal ones and tiles of any shape included', () => {
    const sizes = fc.record({
      n: fc.integer({ min: 2, max: 90 }),
      size: fc.integer({ min: 1, max: 20 }),
      height: fc.integer({ min: 1, max: 90 }),
      width: fc.integer({ min: 1, max: 90 }),
    });
    const nearness = fc.array(fc.integer({ min: -40, max: 0 }), { minLength: 8100, maxLength: 8100 });
    fc.assert(
      fc.property(sizes, nearness, ({ n, size, height, width }, pool) => {
        const lists = new NearestLists(n, size);
        for (let top = 0; top < n; top += height) {
          for (let left = 0; left < n; left += width) {
            const [bottom, right] = [Math.min(n, top + height), Math.min(n, left + width)];
            const stride = wholes(width, PANEL);
            const values = new Float32Array(height * stride).fill(1);
            for (let i = top; i < bottom; i++)
              for (let j = left; j < right; j++) values[(i - top) * stride + j - left] = pool[i * n + j]!;
            lists.offer({ values, stride, top, bottom, left, right });
          }
        }
        for (let i = 0; i < n; i++) {
          const of = (j: number): number => pool[Math.min(i, j) * n + Math.max(i, j)]!;
          const others = Array.from({ length: n }, (_, j) => j).filter((j) => j !== i);
          const expected = others.map(of).sort((a, b) => b - a);
          const held = Math.min(size, n - 1);
          const values = lists.nearness.slice(i * size, (i + 1) * size);
          assert.deepEqual([...values.slice(0, held)], expected.slice(0, held));
          assert.ok(values.slice(held).every((value) => value === Number.NEGATIVE_INFINITY));
          const points = [...lists.indices.slice(i * size, i * size + held)];
          assert.equal(new Set(points).size, held);
          for (const [p, j] of points.entries()) assert.equal(of(j), values[p]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('measures squared distances in float64, and gives up beyond a limit', () => {
    for (const Numbers of [Float32Array, Float64Array]) {
      const [n, d] = [7, 301];
      const data = Numbers.from(random(n * d, 6));
      const kept = Int32Array.of(6, 2, 0, 5);
      const ranges = Int32Array.of(100, 301, 0, 100);
      const [i, j] = [Int32Array.of(0, 1, 3, 2), Int32Array.of(1, 2, 0, 2)];
      const exact = Array.from(i, (_, p) => {
        const [x, y] = [kept[i[p]!]! * d, kept[j[p]!]! * d];
        let sum = 0;
        for (let c = 0; c < d; c++) sum += (data[x + c]! - data[y + c]!) ** 2;
        return sum;
      });
      const limits = Float64Array.of(exact[0]! + 1, exact[1]! - 1, 1, 0);
      const row = (p: number): Float32Array | Float64Array => data.subarray(kept[p]! * d, (kept[p]! + 1) * d);
      const pairs = { i, j, limits };
      const squared = squaredDistances({ n: 4, d, row, flat: { data, n: 4, d, kept } }, ranges, pairs);
      // The kernel adds in another order: at most 2^-53 for each column.
      assert.ok(Math.abs(squared[0]! / exact[0]! - 1) < d * 2 ** -53);
      assert.deepEqual([...squared.slice(1)], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0]);
      // The same for points that are read one by one, and for two of which one is in the other precision.
      assert.deepEqual(squaredDistances({ n: 4, d, row }, ranges, pairs), squared);
      const mixed = (p: number): Float32Array | Float64Array =>
        p === 0 ? Float64Array.from(row(p)) : row(p);
      assert.deepEqual(squaredDistances({ n: 4, d, row: mixed }, ranges, pairs), squared);
    }
  });

  it('sees every value that is not finite, and hashes equal points alike, 0 and -0 included', () => {
    for (const Numbers of [Float32Array, Float64Array]) {
      for (const d of [1, 5, 64, 200]) {
        const data = Numbers.from(random(6 * d, 7));
        data.copyWithin(4 * d, 0, d);
        data[d - 1] = 0;
        data[5 * d - 1] = -0;
        data[2 * d - 1] = Number.NaN;
        data[2 * d] = Number.NEGATIVE_INFINITY;
        data[6 * d - 1] = Number.POSITIVE_INFINITY;
        const [finite, hashes] = [new Uint8Array(7), new Int32Array(7)];
        kernel().look(...sourceOf({ data, n: 6, d }), finite, hashes, 1, threads());
        assert.deepEqual([...finite], [0, 1, 0, 0, 1, 1, 0]);
        assert.equal(hashes[1], hashes[5]);
        assert.notEqual(hashes[1], hashes[4]);
      }
    }
  });

  it('refuses what would lie outside of its arrays', function () {
    // WebAssembly reaches nothing outside of its own memory.
    if (instructions === 'wasm') this.skip();
    const points = packedPoints(8, 4, 'float32');
    const values = new Float32Array(8 * PANEL);
    const tile = { values, stride: PANEL, top: 0, bottom: 8, left: 0, right: 32 };
    const others = packedPoints(32, 4, 'float32');
    multiply(points, others, tile, false);
    assert.throws(
      () => multiply(points, others, { ...tile, bottom: 33 }, false),
      /an array of \d+ where \d+/,
    );
    assert.throws(() => multiply(points, others, { ...tile, right: 33 }, false), RangeError);
    assert.throws(() => multiply(points, others, { ...tile, top: 3 }, false), RangeError);
    const data = new Float64Array(4);
    const measure = (n: number): void =>
      kernel().measure(
        ...sourceOf({ data, n, d: 2 }),
        Int32Array.of(0, 2),
        Int32Array.of(0),
        Int32Array.of(2),
        Float64Array.of(1),
        new Float64Array(1),
        threads(),
      );
    assert.throws(() => measure(2), /point/);
    assert.throws(() => measure(3), /fewer/);
    assert.throws(
      () => kernel().distance(data, data, Int32Array.of(0, 5), 1, new Float64Array(1)),
      /columns/,
    );
  });

  it('gives the same neighbours and eigenvalues with every set of instructions and number of threads', () => {
    const estimate = `
      const { flatRows } = require('./src/intrinsic-dimension/points/points');
      const { neighbours } = require('./src/intrinsic-dimension/search/neighbours');
      const { secondMoments } = require('./src/intrinsic-dimension/estimators/spectrum');
      const { eigen } = require('./src/intrinsic-dimension/estimators/eigen');
      const { mulberry32, normals } = require('./src/random');
      const rows = flatRows(Float64Array.from({ length: 2000 * 90 }, normals(mulberry32(1))), 2000, 90);
      const tables = ['float32', 'bfloat16', 'projection'].map((through) => neighbours(rows, 5, { through }));
      const spectrum = secondMoments(rows, {}).then(({ matrix }) => eigen(matrix, 90));
      Promise.all([...tables, spectrum]).then((found) => {
        const numbers = (_, value) => ArrayBuffer.isView(value) ? [...value] : value;
        console.log(JSON.stringify({ tables: found.slice(0, 3), spectrum: found[3] }, numbers));
      });`;
    interface Table {
      readonly indices: number[];
      readonly distances: number[];
    }
    interface Found {
      readonly tables: readonly Table[];
      readonly spectrum: Record<'values' | 'vectors', number[]>;
    }
    const run = (wanted: string, i: number): Found => {
      const { stdout, stderr } = spawnSync(process.execPath, ['--import=tsx', '-e', estimate], {
        cwd: join(__dirname, '..', '..', '..'),
        encoding: 'utf8',
        env: {
          ...process.env,
          ...(wanted === 'wasm' ? { ID_KERNEL: 'wasm' } : { ID_INSTRUCTIONS: wanted }),
          TF_NUM_INTRAOP_THREADS: String(1 + (i % 3)),
        },
      });
      // What this processor does not have is replaced, and a warning says so.
      const isMissing = stderr.startsWith(`ID_INSTRUCTIONS=${wanted} is ignored`);
      assert.ok(stderr === '' || (isMissing && i > SETS.indexOf(instructions)), stderr);
      return JSON.parse(stdout) as Found;
    };
    const found = KERNELS.map(run);
    const [first, ...others] = found.flatMap(({ tables }) => tables);
    for (const { indices, distances } of others) {
      assert.deepEqual(indices, first!.indices);
      // To the last bit: all sum float64 squares in the same order, and none joins a product and a sum.
      assert.deepEqual(distances, first!.distances);
    }
    const [plain, ...native] = found.map(({ spectrum }) => spectrum).reverse();
    for (const spectrum of native) assert.deepEqual(spectrum, native[0]);
    // WebAssembly leaves matrices to JavaScript, which adds in another order.
    for (const [m, value] of plain!.values.entries())
      assert.ok(Math.abs(value / native[0]!.values[m]! - 1) < 1e-12);
  }).timeout(240_000);
});
