import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { mulberry32, normals, shuffled, streamSeed } from '../src/random';
import { loadBackend } from '../src/runtime/backend';
import { compile } from '../src/runtime/compile/program';
import { statelessRandom } from '../src/runtime/random/stateless-random';

const draw = (seed: number, step: number, n = 0, shape = [1000]): Float32Array =>
  tf.tidy(() => {
    const random = statelessRandom(tf.tensor1d([seed, step], 'int32'));
    for (let i = 0; i < n; i++) random.uniform([1]);
    return random.uniform(shape).dataSync() as Float32Array;
  });

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** Pearson's r. */
function correlation(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const [mx, my] = [mean(x), mean(y)];
  const products = (a: ArrayLike<number>, ma: number, b: ArrayLike<number>, mb: number) =>
    mean(Array.from(a, (v, i) => (v - ma) * (b[i]! - mb)));
  return products(x, mx, y, my) / Math.sqrt(products(x, mx, x, mx) * products(y, my, y, my));
}

describe('random', () => {
  it('mulberry32 gives its published sequence', () => {
    // computed from the C source of the author with the seed 1
    const uniform = mulberry32(1);
    const expected = [2693262067, 11749833, 2265367787, 4213581821, 4159151403];
    assert.deepEqual(
      expected.map(() => uniform() * 2 ** 32),
      expected,
    );
  });

  it('normals have mean 0, variance 1 and a 1.96-sigma tail of 5 %', () => {
    const normal = normals(mulberry32(7));
    const values = Array.from({ length: 100_000 }, normal);
    assert.ok(Math.abs(mean(values)) < 0.01); // 3 standard errors
    assert.ok(Math.abs(mean(values.map((v) => v * v)) - 1) < 0.014);
    assert.ok(Math.abs(mean(values.map((v) => +(Math.abs(v) > 1.96))) - 0.05) < 0.0021);
  });

  it('shuffled is a permutation, repeats with its seed, and differs by stream', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.integer(), fc.nat(1000), (n, seed, stream) => {
        const order = shuffled(n, seed, stream);
        assert.deepEqual(
          [...order].sort((a, b) => a - b),
          [...Array(n).keys()],
        );
        assert.deepEqual(order, shuffled(n, seed, stream));
      }),
    );
    for (const other of [shuffled(1000, 3, 1), shuffled(1000, 4, 0)])
      assert.ok(Math.abs(correlation(shuffled(1000, 3, 0), other)) < 0.1);
  });

  it('shuffled is fair: each of the 6 orders of 3 comes up one time in six', () => {
    const counts = new Map<string, number>();
    for (let stream = 0; stream < 6000; stream++) {
      const order = shuffled(3, 5, stream).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    assert.equal(counts.size, 6);
    for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 120, `${count}`); // 4 sigma
  });

  it('neighbouring seeds and streams give unrelated, distinct seeds', () => {
    const seeds = new Set<number>();
    for (let seed = 0; seed < 100; seed++)
      for (let stream = 0; stream < 100; stream++) seeds.add(streamSeed(seed, stream));
    assert.equal(seeds.size, 10_000);
  });

  for (const backend of ['tensorflow', 'cpu'])
    describe(`statelessRandom on ${backend}`, () => {
      before(async () => {
        await loadBackend();
        await tf.setBackend(backend);
      });
      after(() => tf.setBackend('tensorflow'));

      it('is a pure function of seed, step and call number', () => {
        assert.deepEqual(draw(1, 2, 3), draw(1, 2, 3));
        for (const other of [draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4), draw(2, 1, 3), draw(-1, 2, 3)])
          assert.ok(Math.abs(correlation(draw(1, 2, 3), other)) < 0.13); // 4 sigma
      });

      it('is uniform in [0, 1)', () => {
        const values = draw(9, 1, 0, [300, 400]);
        assert.ok(values.every((v) => v >= 0 && v < 1));
        assert.ok(Math.abs(mean(values) - 1 / 2) < 0.0034); // 4 sigma
        assert.ok(Math.abs(mean(values.map((v) => v * v)) - 1 / 3) < 0.0035);
      });

      it('leaves no tensors behind', () => {
        const before = tf.memory().numTensors;
        draw(0, 0, 3);
        assert.equal(tf.memory().numTensors, before);
      });
    });

  it('draws new numbers at each step of a compiled program, and again the same with the same seed', async () => {
    await loadBackend();
    const seedAndStep = tf.variable(tf.tensor1d([5, 0], 'int32'));
    const program = compile({
      variables: { seedAndStep },
      entries: {
        step: () => {
          seedAndStep.assign(tf.add(seedAndStep, tf.tensor1d([0, 1], 'int32')));
          const random = statelessRandom(seedAndStep as unknown as tf.Tensor1D);
          return [random.uniform([50]), random.uniform([50])];
        },
      },
    });
    const draws: string[] = [];
    for (let step = 1; step <= 3; step++) {
      const outputs = program.runSync('step');
      draws.push(...outputs.map((t) => t.dataSync().join()));
      tf.dispose(outputs);
      assert.equal(draws.at(-1), draw(5, step, 1, [50]).join());
    }
    assert.equal(new Set(draws).size, 6);
    program.dispose();
    seedAndStep.dispose();
  });

  it('refuses a seed of another kind', () => {
    assert.throws(() => statelessRandom(tf.tensor1d([1, 2])), /int32 tensor \[seed, step\], got float32/);
  });
});
