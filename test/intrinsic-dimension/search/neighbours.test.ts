import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import fc from 'fast-check';
import { squaredDistance } from '../../../src/intrinsic-dimension/points/distances';
import { distinctPoints } from '../../../src/intrinsic-dimension/points/distinct-points';
import { type FlatRows, flatRows, type Rows } from '../../../src/intrinsic-dimension/points/points';
import { spreadColumns } from '../../../src/intrinsic-dimension/search/columns';
import { kernel } from '../../../src/intrinsic-dimension/search/kernel';
import { neighbours, type SearchOptions } from '../../../src/intrinsic-dimension/search/neighbours';
import { planSearch } from '../../../src/intrinsic-dimension/search/plan';
import { projectedSet } from '../../../src/intrinsic-dimension/search/projection';
import { largestComputed, searchSet } from '../../../src/intrinsic-dimension/search/search-set';
import { squaredDistancesFrom } from '../../../src/intrinsic-dimension/search/shortlist';
import { mulberry32, normals, shuffled } from '../../../src/random';
import { loadBackend } from '../../../src/runtime/backend';
import { gelu } from '../../../src/runtime/operations/fused-operations';

function normalRows(n: number, d: number, seed: number): FlatRows {
  return flatRows(Float64Array.from({ length: n * d }, normals(mulberry32(seed))), n, d);
}

/** Points that few directions nearly fill: Gaussian weights of random vectors that fall like c^-decay. */
function decaying(
  n: number,
  d: number,
  options: {
    seed: number;
    decay: number;
    offset: number;
    scale: number;
    clusters: number;
    spread: number;
    outlier: number;
  },
): FlatRows {
  const { seed, decay, offset, scale, clusters, spread, outlier } = options;
  const normal = normals(mulberry32(seed));
  const rank = 60;
  const directions = Float64Array.from({ length: rank * d }, normal);
  const centers = Float64Array.from({ length: clusters * rank }, normal);
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const weights = Float64Array.from(
      { length: rank },
      (_, c) => (c + 1) ** -decay * (centers[(i % clusters) * rank + c]! + spread * normal()),
    );
    for (let j = 0, p = i * d; j < d; j++, p++) {
      let sum = offset + 1e-2 * spread * normal();
      for (let c = 0; c < rank; c++) sum += weights[c]! * directions[c * d + j]!;
      data[p] = scale * sum * (i === 0 ? outlier : 1);
    }
  }
  return flatRows(data, n, d);
}

/** Activations [n, 14 * 14 * 16] of a random convolution on pictures of three soft spots each, as float32. */
function convolved(n: number): Rows {
  const uniform = mulberry32(1);
  const activations = tf.tidy(() => {
    const axis = tf.reshape(tf.range(0, 14), [1, 14]);
    const position = (): tf.Tensor =>
      tf.tensor2d(
        Float32Array.from({ length: n }, () => 14 * uniform()),
        [n, 1],
      );
    const spot = (): tf.Tensor => {
      const [row, column] = [position(), position()].map((at) =>
        tf.exp(tf.neg(tf.square(tf.div(tf.sub(axis, at), 2.5)))),
      );
      return tf.mul(tf.expandDims(row!, 2), tf.expandDims(column!, 1));
    };
    const pictures = tf.expandDims(tf.addN([spot(), spot(), spot()]), 3) as tf.Tensor4D;
    const kernel = tf.randomNormal([3, 3, 1, 16], 0, 1, 'float32', 5) as tf.Tensor4D;
    return tf.relu(tf.conv2d(pictures, kernel, 1, 'same'));
  });
  const data = activations.dataSync() as Float32Array;
  activations.dispose();
  return flatRows(data, n, data.length / n);
}

/** Both sides add up to 3,136 squares in float64, in different order: 2^-53 for each is 3.5e-13. */
const TOLERANCE = 1e-12;

/**
 * Some points against all others in float64 by direct differences; returns how many points were searched again.
 */
async function assertSameDistances(
  rows: Rows,
  k: number,
  through: NonNullable<SearchOptions['through']> = 'projection',
): Promise<number> {
  const table = await neighbours(rows, k, { through });
  for (let i = 0; i < rows.n; i += 29) {
    const others = Array.from({ length: rows.n }, (_, j) => j).filter((j) => j !== i);
    const nearest = Float64Array.from(others, (j) => squaredDistance(rows, i, j)).sort();
    for (let p = 0; p < k; p++)
      assert.ok(Math.abs(table.distances[i * k + p]! / Math.sqrt(nearest[p]!) - 1) < TOLERANCE, `point ${i}`);
  }
  return table.searchedAgain;
}

/** All distances in float64, sorted. */
function sortedDistances(rows: Rows, i: number): number[] {
  const { n, d } = rows;
  const x = rows.row(i);
  const squared = Array.from({ length: n }, (_, j) => {
    let sum = 0;
    const y = rows.row(j);
    for (let c = 0; c < d; c++) sum += (x[c]! - y[c]!) ** 2;
    return j === i ? Number.POSITIVE_INFINITY : sum;
  });
  return squared.sort((a, b) => a - b).map(Math.sqrt);
}

async function assertExact(rows: Rows, k: number, memory?: number): Promise<number> {
  const table = await neighbours(rows, k, memory === undefined ? {} : { memory });
  for (let i = 0; i < rows.n; i++) {
    const exact = sortedDistances(rows, i);
    const found = new Set<number>();
    for (let p = 0; p < k; p++) {
      const distance = table.distances[i * k + p]!;
      const j = table.indices[i * k + p]!;
      assert.ok(Math.abs(distance / exact[p]! - 1) < TOLERANCE, `point ${i}: ${distance}, not ${exact[p]}`);
      assert.ok(j !== i && !found.has(j), `point ${i} lists ${j} twice, or itself`);
      found.add(j);
    }
  }
  return table.searchedAgain;
}

describe('neighbours', () => {
  let tensors = 0;
  before(async () => {
    await loadBackend();
    await neighbours(normalRows(10, 2, 1), 2);
    tensors = tf.memory().numTensors;
  });
  afterEach(() => {
    assert.equal(tf.memory().numTensors, tensors);
  });

  it('equal brute force in float64 on random, clustered, offset, duplicated, sparse and float32 sets', async () => {
    const set = fc.record({
      n: fc.integer({ min: 8, max: 120 }),
      d: fc.integer({ min: 1, max: 60 }),
      seed: fc.integer({ min: 0, max: 1e6 }),
      spread: fc.constantFrom(1, 1e-3, 1e-6, 1e-9),
      scale: fc.constantFrom(1, 1e-30, 1e30, 1e-140, 1e140),
      offset: fc.constantFrom(0, 1, 1e4),
      copies: fc.constantFrom(1, 3),
      zeros: fc.constantFrom(0, 0.7),
      single: fc.boolean(),
      // The smallest budget for 360 points; there the copy of more than 16 columns is made in parts.
      memory: fc.constantFrom(2 ** 28, 2 * 16 * 4 * 384),
    });
    await fc.assert(
      fc.asyncProperty(set, async ({ n, d, seed, spread, scale, offset, copies, zeros, single, memory }) => {
        const uniform = mulberry32(seed);
        const centers = Float64Array.from({ length: 3 * d }, uniform);
        const rows = Array.from({ length: n }, (_, i) =>
          Array.from({ length: d }, (_, c) =>
            uniform() < zeros ? 0 : scale * (offset + centers[(i % 3) * d + c]! + spread * uniform()),
          ),
        );
        const flat = Array.from({ length: copies }, () => rows).flat(2);
        const data = single ? Float32Array.from(flat) : Float64Array.from(flat);
        if (!data.every(Number.isFinite) || new Set(rows.map(String)).size < 7) return;
        let distinct: Rows;
        try {
          distinct = distinctPoints(flatRows(data, n * copies, d));
        } catch {
          return; // in float32 the points may coincide
        }
        if (distinct.n > 6) await assertExact(distinct, 5, memory);
      }),
      { numRuns: 150 },
    );
  });

  it('come in the order of their numbers where they are equally far, however they are searched', async () => {
    const side = 7;
    const n = side ** 3;
    const order = shuffled(n, 1); // so that a number says nothing of the place
    const lattice = flatRows(
      Float64Array.from(
        { length: 3 * n },
        (_, p) => Math.floor(order[Math.floor(p / 3)]! / side ** (p % 3)) % side,
      ),
      n,
      3,
    );
    const oneByOne: Rows = { n, d: 3, row: lattice.row };
    for (const k of [6, 40]) {
      const expected = Array.from({ length: n }, (_, i) => {
        const others = Array.from({ length: n }, (_, j) => j).filter((j) => j !== i);
        const squared = Float64Array.from({ length: n }, (_, j) => squaredDistance(lattice, i, j));
        return others.sort((a, b) => squared[a]! - squared[b]! || a - b).slice(0, k);
      }).flat();
      for (const through of ['float32', 'bfloat16', 'projection'] as const)
        assert.deepEqual(
          [...(await neighbours(lattice, k, { through })).indices],
          expected,
          `${through}, ${k}`,
        );
      assert.deepEqual([...(await neighbours(oneByOne, k)).indices], expected, `row by row, ${k}`);
    }
  });

  it('searches again where one far point hides a cluster from float32, and only there', async () => {
    const cluster = normalRows(300, 5, 2);
    cluster.data.fill(1e7, 0, 5);
    assert.ok((await assertExact(cluster, 6)) >= 299);
    assert.equal(await assertExact(normalRows(300, 5, 3), 6), 0);
  });

  it('are exact over several column chunks, 5,000 columns', async () => {
    assert.equal(await assertExact(normalRows(60, 5000, 4), 4), 0);
  });

  describe('of wide points, through a projection', () => {
    it('are those of the full product on activations of a convolution, most of them proven by the projection', async () => {
      const rows = convolved(800);
      const again = await assertSameDistances(rows, 3);
      assert.ok(again < 0.1 * rows.n, `${again} of ${rows.n} searched again`);
    });

    it('rest on distances that are never too long, and on a convolution seldom shorter than 80 %', async () => {
      const rows = convolved(300);
      const { projection } = planSearch({ n: rows.n, d: rows.d, k: 1, inMemory: true });
      const set = await projectedSet(rows, spreadColumns(rows), projection, async () => {});
      assert.ok(set);
      const chosen = Int32Array.of(0, 99, 299);
      const computed = squaredDistancesFrom(set, chosen);
      let near = 0;
      for (const [row, i] of chosen.entries()) {
        for (let j = 0; j < rows.n; j++) {
          const r = Math.sqrt(squaredDistance(rows, i, j)) * set.scale;
          assert.ok(computed[row]![j]! <= largestComputed(set, i, r), `points ${i} and ${j}`);
          if (j !== i && computed[row]![j]! >= (0.8 * r) ** 2) near++;
        }
      }
      assert.ok(near > 0.9 * 3 * 299, `${near}`);
    });

    it('and through bfloat16 are exact for any decay, offset, scale, clusters, outliers and duplicates', async () => {
      const set = fc.record({
        seed: fc.integer({ min: 0, max: 1e6 }),
        decay: fc.constantFrom(0, 0.5, 1, 2),
        offset: fc.constantFrom(0, 1e3),
        scale: fc.constantFrom(1, 1e-20, 1e20),
        clusters: fc.constantFrom(1, 40),
        spread: fc.constantFrom(1, 1e-4),
        outlier: fc.constantFrom(1, 1e6),
        copies: fc.constantFrom(0, 30),
      });
      await fc.assert(
        fc.asyncProperty(set, async ({ copies, ...shape }) => {
          const rows = decaying(400, 300, shape);
          rows.data.copyWithin(0, 300 * 200, 300 * (200 + copies));
          await assertSameDistances(distinctPoints(rows), 4);
          await assertSameDistances(distinctPoints(rows), 4, 'bfloat16');
        }),
        { numRuns: 8, seed: 1 },
      );
    });
  });

  for (const precision of ['float32', 'bfloat16'] as const) {
    it(`rest on ${precision} distances that are never longer than their bound`, function () {
      if (precision === 'bfloat16' && !kernel().bfloat16) this.skip();
      const shapes = fc.record({
        seed: fc.integer({ min: 0, max: 1e6 }),
        decay: fc.constantFrom(0, 1, 2),
        offset: fc.constantFrom(0, 1, 1e3),
        scale: fc.constantFrom(1, 1e-30, 1e20),
        clusters: fc.constantFrom(1, 7),
        spread: fc.constantFrom(1, 1e-4),
        outlier: fc.constantFrom(1, 1e6),
        d: fc.integer({ min: 1, max: 300 }),
      });
      fc.assert(
        fc.property(shapes, ({ d, ...shape }) => {
          const rows = decaying(60, d, shape);
          const set = searchSet(rows, 2 ** 30, precision);
          const chosen = Int32Array.of(0, 1, 31, 59);
          for (const [row, computed] of squaredDistancesFrom(set, chosen).entries()) {
            const i = chosen[row]!;
            for (let j = 0; j < rows.n; j++) {
              const r = Math.sqrt(squaredDistance(rows, i, j)) * set.scale;
              assert.ok(computed[j]! <= largestComputed(set, i, r), `points ${i} and ${j}`);
            }
          }
        }),
        { numRuns: 40 },
      );
    });
  }

  it('in bfloat16 are proven at once for a set that spreads evenly, and left to float32 for tight clusters', async function () {
    if (!kernel().bfloat16) this.skip();
    const even = normalRows(1500, 12, 12);
    assert.ok((await assertSameDistances(even, 3, 'bfloat16')) < 0.2 * even.n);
    const shape = { decay: 0, offset: 0, scale: 1, clusters: 40, spread: 1e-4, outlier: 1 };
    await assertSameDistances(decaying(1500, 60, { seed: 3, ...shape }), 3, 'bfloat16');
  });

  for (const backend of ['wasm', 'cpu']) {
    it(`are exact on the ${backend} backend, in a projection, too`, async () => {
      const before = tf.getBackend();
      try {
        assert.ok(await tf.setBackend(backend));
        await assertExact(normalRows(80, 7, 9), 5);
        const shape = { seed: 1, decay: 1, offset: 0, scale: 1, clusters: 1, spread: 1, outlier: 1 };
        await assertSameDistances(decaying(200, 150, shape), 4);
      } finally {
        await tf.setBackend(before);
      }
    });
  }

  for (const [name, size] of [
    ['far', 1e20],
    ['so far that float32 ends there', 1e40],
  ] as const) {
    it(`are exact where a few of many points lie ${name} outside of those that the set is scaled by`, async () => {
      const rows = normalRows(700, 6, 10);
      for (let c = 0; c < 6; c++) for (const i of [1, 401]) rows.data[i * 6 + c]! *= size;
      await assertExact(rows, 4);
    });
  }

  it('are exact where the points that the set is scaled by lie close together', async () => {
    const rows = normalRows(700, 6, 11);
    for (let i = 0; i < 700; i += 3) for (let c = 0; c < 6; c++) rows.data[i * 6 + c]! *= 1e-140;
    await assertExact(rows, 4);
  });

  it('keep no float32 copy where the memory for it is not there', async () => {
    const rows = normalRows(200, 3000, 8);
    const small = await neighbours(rows, 5, { memory: 2 ** 18 });
    const { words } = searchSet(rows, 2 ** 17).chunk(0);
    assert.ok(words.byteLength <= 2 ** 17, `${words.byteLength}`);
    const large = await neighbours(rows, 5);
    assert.deepEqual(small.distances, large.distances);
  });

  it('are exact for as many neighbours as there are points, of which hardly a point needs more than two', async function () {
    if (!kernel().bfloat16) this.skip();
    const rows = normalRows(400, 5, 13);
    const depth = (i: number): number => (i === 0 ? 399 : 2);
    const table = await neighbours(rows, 399, { through: 'bfloat16' }, depth);
    const exact = sortedDistances(rows, 0);
    for (const p of [0, 1, 200, 398])
      assert.ok(Math.abs(table.distances[p]! / exact[p]! - 1) < TOLERANCE, `neighbour ${p}`);
  });

  it('and duplicates are found alike on every thread, also of numbers that TensorFlow takes for 0', () => {
    const x = tf.randomNormal([500, 500]) as tf.Tensor2D;
    tf.dispose([gelu(x), x]); // wakes threads that compute as TensorFlow does
    const data = Float32Array.from(normalRows(2000, 64, 14).data);
    for (let i = 0; i < 2000; i++) data[i * 64 + 7] = 1e-40 * (i % 1000);
    data.copyWithin(1000 * 64, 0, 1000 * 64);
    for (let repeat = 0; repeat < 5; repeat++)
      assert.equal(distinctPoints(flatRows(data, 2000, 64)).duplicates, 1000);
  });

  it('report progress, let others run, and stop in the middle', async () => {
    const rows = normalRows(10000, 64, 5);
    const stop = new AbortController();
    const seen: number[] = [];
    setTimeout(() => stop.abort(new Error('enough')), 1); // runs only if the search lets it
    const search = neighbours(rows, 12, { onProgress: (done) => seen.push(done), signal: stop.signal });
    await assert.rejects(search, /enough/);
    assert.ok(seen.length >= 1 && seen.every((done, i) => done > (seen[i - 1] ?? 0) && done < 1), `${seen}`);
  });

  it('refuse a memory budget that is too small, saying how much is needed', async () => {
    await assert.rejects(
      neighbours(normalRows(30000, 1, 6), 2, { memory: 2 ** 20 }),
      /1 MiB is too small for 30000 points: give at least 4 MiB/,
    );
  });

  it('refuse k neighbours of k points', async () => {
    await assert.rejects(
      neighbours(normalRows(5, 2, 7), 5),
      /5 neighbours need at least 6 distinct points, got 5/,
    );
  });

  it('refuse distinct points at distance 0 in float64', async () => {
    const data = Float64Array.from([0, 1e-200, 1, 2, 4]);
    await assert.rejects(neighbours(flatRows(data, 5, 1), 2), /points 0 and 1 are so close/);
  });
});
