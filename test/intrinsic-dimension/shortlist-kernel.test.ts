import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import wabt from 'wabt';
import { NearestLists } from '../../src/intrinsic-dimension/shortlist-kernel';

const FOLDER = join(__dirname, '..', '..', 'src', 'intrinsic-dimension');

describe('the kernel of the shortlist', () => {
  it('is what its source is assembled to: else run `npm run assemble`', async () => {
    const { parseWat } = await wabt();
    const source = readFileSync(join(FOLDER, 'shortlist.wat'), 'utf8');
    const { buffer } = parseWat('shortlist.wat', source, { simd: true }).toBinary({});
    const embedded = Buffer.from(buffer).toString('base64');
    assert.ok(readFileSync(join(FOLDER, 'shortlist-kernel.ts'), 'utf8').includes(`'${embedded}'`));
  });

  it('says what does not fit into its memory', () => {
    assert.throws(
      () => new NearestLists(2 ** 21, 300, 64),
      /300 candidates for each of 2097152 points take more than 4 GiB/,
    );
  });

  it('keeps of each point the nearest that were offered, equal ones and lines of any length included', () => {
    const sizes = fc.record({ n: fc.integer({ min: 2, max: 90 }), size: fc.integer({ min: 1, max: 20 }) });
    const nearness = fc.array(fc.integer({ min: -40, max: 0 }), { minLength: 4005, maxLength: 4005 });
    fc.assert(
      fc.property(sizes, nearness, ({ n, size }, pool) => {
        const lists = new NearestLists(n, size, n);
        const offered: { j: number; value: number }[][] = Array.from({ length: n }, () => []);
        for (let row = 0, at = 0; row < n; row++) {
          const line = Float32Array.from(pool.slice(at, at + n - row - 1));
          at += line.length;
          lists.offer(row, row + 1, line);
          for (const [c, value] of line.entries()) {
            offered[row]!.push({ j: row + 1 + c, value });
            offered[row + 1 + c]!.push({ j: row, value });
          }
        }
        for (const [i, all] of offered.entries()) {
          const held = Math.min(size, n - 1);
          const expected = all.map(({ value }) => value).sort((a, b) => b - a);
          const values = lists.nearness.slice(i * size, (i + 1) * size);
          assert.deepEqual([...values.slice(0, held)], expected.slice(0, held));
          assert.ok(values.slice(held).every((value) => value === Number.NEGATIVE_INFINITY));
          const points = [...lists.indices.slice(i * size, i * size + held)];
          assert.equal(new Set(points).size, held);
          for (const [p, j] of points.entries()) {
            assert.equal(all.find((one) => one.j === j)!.value, values[p]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
