import assert from 'node:assert/strict';
import fc from 'fast-check';
import { eigen, eigenvalues } from '../../../src/intrinsic-dimension/estimators/eigen';
import { kernel, type MatrixLoops } from '../../../src/intrinsic-dimension/search/kernel';
import { MATRIX_LOOPS } from '../../../src/intrinsic-dimension/search/matrix-loops';
import { rowsAtOnce } from '../../../src/intrinsic-dimension/search/plan';
import { mulberry32, normals } from '../../../src/random';
import { threads } from '../../../src/threads';

function random(length: number, seed: number): Float64Array {
  return Float64Array.from({ length }, normals(mulberry32(seed)));
}

/** The covariance [size, size] of `points` random points, whose columns have the given scales. */
function covariance(size: number, points: number, scale: (c: number) => number, seed = 1): Float64Array {
  const data = random(points * size, seed).map((value, p) => value * scale(p % size));
  return Float64Array.from({ length: size * size }, (_, p) => {
    let sum = 0;
    for (let i = 0; i < points; i++)
      sum += (data[i * size + Math.floor(p / size)]! * data[i * size + (p % size)]!) / points;
    return sum;
  });
}

function diagonal(...values: number[]): Float64Array {
  const size = values.length;
  return Float64Array.from({ length: size ** 2 }, (_, p) => (p % (size + 1) === 0 ? values[p % size]! : 0));
}

/** The largest error of a decomposition, by definition: of A v = value v, of the vectors' products, and of the order. */
function errorOf(matrix: Float64Array, values: Float64Array, vectors: Float64Array): number {
  const size = values.length;
  const unit = values[0]! || 1;
  let error = 0;
  for (let m = 0; m < size; m++) {
    const vector = vectors.subarray(m * size, (m + 1) * size);
    for (let i = 0; i < size; i++) {
      let product = 0;
      for (let j = 0; j < size; j++) product += (matrix[i * size + j]! / unit) * vector[j]!;
      error = Math.max(error, Math.abs(product - (values[m]! / unit) * vector[i]!));
    }
    for (let other = 0; other <= m; other++) {
      let product = 0;
      for (let j = 0; j < size; j++) product += vector[j]! * vectors[other * size + j]!;
      error = Math.max(error, Math.abs(product - (m === other ? 1 : 0)));
    }
    if (m > 0) error = Math.max(error, (values[m]! - values[m - 1]!) / unit);
  }
  return error;
}

const MATRICES: Readonly<Record<string, Float64Array>> = {
  'one number': Float64Array.of(3),
  'two numbers': Float64Array.of(2, 1, 1, 2),
  zeros: new Float64Array(49),
  'equal values': diagonal(...Array.from({ length: 40 }, () => 1)),
  'a diagonal in disorder': diagonal(1, 5, 0, 5, 2),
  ones: new Float64Array(20 ** 2).fill(1),
  'many points': covariance(100, 300, () => 1),
  'few points': covariance(70, 9, () => 1),
  'values over 17 decades': covariance(60, 200, (c) => 10 ** (-c / 7)),
  'tiny numbers': covariance(17, 40, () => 1e-120),
  'huge numbers': covariance(33, 40, () => 1e120),
  // Relative to the largest entry, squares of these are 0 or have lost digits.
  'a large number and a block of tiny ones': Float64Array.of(1, 0, 0, 0, 2e-170, 1e-170, 0, 1e-170, 1e-170),
  'columns over 100 decades': covariance(60, 200, (c) => 10 ** (-c / 0.6)),
  ...Object.fromEntries(
    [155, 160, 162, 200].map((e) => [
      `equal values with 1e-${e} beside them`,
      Float64Array.of(1, 0, 10 ** -e, 0, 1, 0, 10 ** -e, 0, 1),
    ]),
  ),
};

describe('eigen', () => {
  for (const [name, matrix] of Object.entries(MATRICES)) {
    it(`decomposes a matrix of ${name}, and finds its values alone`, async () => {
      const size = Math.sqrt(matrix.length);
      const { values, vectors } = await eigen(matrix.slice(), size);
      assert.ok(errorOf(matrix, values, vectors) < 1e-13);
      const alone = await eigenvalues(matrix.slice(), size);
      for (const [m, value] of alone.entries()) assert.ok(Math.abs(value - values[m]!) <= 1e-13 * values[0]!);
    });
  }

  it('returns the vectors in the memory of the matrix', async () => {
    const matrix = covariance(5, 9, () => 1);
    assert.equal((await eigen(matrix, 5)).vectors, matrix);
  });

  it('has no negative values, which rounding causes', async () => {
    const { values } = await eigen(Float64Array.of(0, 1, 1, 0), 2);
    assert.deepEqual(
      [...values].map((value) => value.toFixed(12)),
      ['1.000000000000', '0.000000000000'],
    );
    assert.equal(values[1], 0);
  });

  it('refuses a matrix with which it would not end', async () => {
    await assert.rejects(eigen(Float64Array.of(1, Number.NaN, Number.NaN, 1), 2), /an entry that is NaN/);
    const infinite = Float64Array.of(1, 0, 0, Number.POSITIVE_INFINITY);
    await assert.rejects(eigenvalues(infinite, 2), /an entry that is Infinity/);
  });

  it('reports progress, lets others run, and stops when it is asked to', async () => {
    const matrix = covariance(400, 10, () => 1);
    for (const decompose of [eigen, eigenvalues]) {
      const reports: number[] = [];
      const { now } = performance;
      let seconds = 0;
      // Every step takes long, so that each is reported.
      performance.now = () => 1000 * seconds++;
      try {
        await decompose(matrix.slice(), 400, { onProgress: (done) => reports.push(done) });
      } finally {
        performance.now = now;
      }
      assert.ok(reports.length > 800);
      assert.ok(reports.every((done, r) => done >= 0 && done <= 1 && (r === 0 || done >= reports[r - 1]!)));
    }
    const stop = new AbortController();
    setImmediate(() => stop.abort(new Error('enough')));
    const repeatedly = async (): Promise<void> => {
      for (;;) await eigen(matrix.slice(), 400, { signal: stop.signal });
    };
    await assert.rejects(repeatedly(), /enough/);
  });
});

describe('the loops over matrices', () => {
  const shapes = fc.record({
    n: fc.integer({ min: 1, max: 60 }),
    d: fc.integer({ min: 1, max: 90 }),
    first: fc.nat(59),
    seed: fc.nat(1e6),
  });
  const loops: readonly [MatrixLoops, MatrixLoops] = [kernel(), MATRIX_LOOPS];

  function assertAlike([native, plain]: readonly Float64Array[]): void {
    for (const [p, value] of native!.entries())
      assert.ok(Math.abs(value - plain![p]!) < 1e-11, `${p}: ${value}, ${plain![p]}`);
  }

  it('compute the same natively as in JavaScript, any shape and part', () => {
    fc.assert(
      fc.property(shapes, ({ n, d, first, seed }) => {
        const from = first % n;
        const square = random(n * n, seed);
        const vector = (s: number): Float64Array => random(n, seed + s);
        const count = n === 1 ? 0 : 50;
        const upper = Int32Array.from(
          random(count, seed),
          (value) => Math.floor(Math.abs(value) * 1e3) % (n - 1),
        );
        const angles = random(count, seed);
        assertAlike(
          loops.map((each) => {
            const out = new Float64Array(n * n);
            each.innerProducts(random(n * d, seed), n, d, from, n, out, 2);
            return out;
          }),
        );
        assertAlike(
          loops.map((each) => {
            const [matrix, products] = [square.slice(), new Float64Array(n)];
            each.reduce(matrix, n, from, vector(1), vector(2), vector(3), products, 2);
            return Float64Array.of(...matrix, ...products);
          }),
        );
        assertAlike(
          loops.map((each) => {
            const rows = square.slice();
            // Reflections, which do not make rows longer: the scale is 2 / |v|^2.
            const scales = Float64Array.from({ length: n }, (_, k) => {
              const v = square.subarray(k * n + k + 1, (k + 1) * n);
              return 2 / (v.reduce((sum, value) => sum + value ** 2, 0) || 1);
            });
            each.reflect(square, scales, rows, n, from, n, 2);
            return rows;
          }),
        );
        assertAlike(
          loops.map((each) => {
            const rows = square.slice();
            each.rotate(rows, n, upper, angles.map(Math.cos), angles.map(Math.sin), count, 2);
            return rows;
          }),
        );
      }),
    );
  });

  it('take fewer rows of a larger matrix at a time, but some for each thread', () => {
    assert.ok(rowsAtOnce(1e4) > rowsAtOnce(1e5));
    assert.equal(rowsAtOnce(1e9), kernel().instructions === 'wasm' ? 1 : 16 * threads());
  });

  it('refuse what would lie outside of their arrays', function () {
    // JavaScript reaches nothing outside of an array.
    if (kernel().instructions === 'wasm') this.skip();
    const [matrix, vector] = [new Float64Array(9), new Float64Array(3)];
    const { innerProducts, reduce, reflect, rotate } = kernel();
    assert.throws(() => innerProducts(matrix, 4, 3, 0, 4, matrix, 1), /an array of 9 where 12/);
    assert.throws(() => innerProducts(matrix, 3, 3, 0, 4, matrix, 1), /rows/);
    assert.throws(() => reduce(matrix, 3, 4, vector, vector, vector, vector, 1), /row/);
    assert.throws(() => reduce(matrix, 4, 0, vector, vector, vector, vector, 1), /an array of 9 where 16/);
    assert.throws(() => reflect(matrix, vector, matrix, 3, 0, 4, 1), /rows/);
    assert.throws(() => rotate(matrix, 3, Int32Array.of(2), vector, vector, 1, 1), /rows/);
  });
});
