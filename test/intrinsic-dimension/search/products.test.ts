import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PRODUCT_ROWS } from '../../../src/intrinsic-dimension/search/plan';
import { packRows, rowProducts } from '../../../src/intrinsic-dimension/search/products';
import { mulberry32, normals } from '../../../src/random';

describe('rowProducts', () => {
  it('are the products in float64 up to the rounding of float32, from any block of rows and columns', () => {
    const shapes = fc.record({
      n: fc.integer({ min: 1, max: PRODUCT_ROWS + 40 }),
      m: fc.integer({ min: 1, max: PRODUCT_ROWS + 40 }),
      d: fc.constantFrom(1, 3, 40, 1024, 1030),
      block: fc.integer({ min: 0, max: 1 }),
      seed: fc.integer({ min: 0, max: 1e6 }),
    });
    fc.assert(
      fc.property(shapes, ({ n, m, d, block, seed }) => {
        const normal = normals(mulberry32(seed));
        const [a, b] = [n, m].map((rows) => Float64Array.from({ length: rows * d }, normal)) as [
          Float64Array,
          Float64Array,
        ];
        const top = n > PRODUCT_ROWS ? block * PRODUCT_ROWS : 0;
        const left = m > PRODUCT_ROWS ? block * PRODUCT_ROWS : 0;
        const products = rowProducts(packRows({ data: a, n, d }), packRows({ data: b, n: m, d }), {
          top,
          bottom: n,
          left,
        });
        assert.equal(products.length, (n - top) * (m - left));
        for (const [i, j] of [
          [top, left],
          [n - 1, m - 1],
          [(top + n - 1) >> 1, (left + m - 1) >> 1],
        ] as const) {
          let [sum, size] = [0, 0];
          for (let c = 0; c < d; c++) {
            sum += a[i * d + c]! * b[j * d + c]!;
            size += Math.abs(a[i * d + c]! * b[j * d + c]!);
          }
          // Two factors are rounded, and each of d sums, by at most 2^-24 of what is rounded.
          const error = Math.abs(products[(i - top) * (m - left) + j - left]! - sum);
          assert.ok(error <= (d + 3) * 2 ** -24 * size, `${i}, ${j}: off by ${error}`);
        }
      }),
      { numRuns: 30 },
    );
  });
});
