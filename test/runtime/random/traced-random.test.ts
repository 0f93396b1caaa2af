import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../../src/runtime/backend';
import { compile } from '../../../src/runtime/compile/program';

const SHAPE: [number, number] = [40, 500];
const N = 20_000;

interface Law {
  draw: () => tf.Tensor;
  mean: number;
  variance: number;
  /** All values lie in here. */
  range?: [number, number];
}

const UNIFORM = 1 / 12;
const LAWS: Record<string, Law> = {
  'randomUniform(2, 5)': {
    draw: () => tf.randomUniform(SHAPE, 2, 5),
    mean: 3.5,
    variance: 9 * UNIFORM,
    range: [2, 5],
  },
  'randomUniform of integers': {
    draw: () => tf.randomUniform(SHAPE, 0, 4, 'int32'),
    mean: 1.5,
    variance: 1.25,
    range: [0, 3],
  },
  randomUniformInt: {
    draw: () => tf.randomUniformInt(SHAPE, 0, 4),
    mean: 1.5,
    variance: 1.25,
    range: [0, 3],
  },
  'randomNormal(1, 2)': { draw: () => tf.randomNormal(SHAPE, 1, 2), mean: 1, variance: 4 },
  randomStandardNormal: { draw: () => tf.randomStandardNormal(SHAPE), mean: 0, variance: 1 },
  // the variance of a normal cut at 2 sigma: 1 - 4 phi(2) / (2 Phi(2) - 1)
  truncatedNormal: { draw: () => tf.truncatedNormal(SHAPE), mean: 0, variance: 0.7737, range: [-2, 2] },
  'randomGamma(3, 2)': { draw: () => tf.randomGamma(SHAPE, 3, 2), mean: 1.5, variance: 0.75, range: [0, 99] },
  multinomial: {
    draw: () => tf.multinomial(tf.tile(tf.log(tf.tensor2d([[0.2, 0.3, 0.5]])), [40, 1]) as tf.Tensor2D, 500),
    mean: 1.3,
    variance: 0.61,
    range: [0, 2],
  },
  dropout: { draw: () => tf.dropout(tf.ones(SHAPE), 0.2), mean: 1, variance: 0.25, range: [0, 1.25] },
};

describe("tfjs's random functions inside entries", () => {
  before(loadBackend);

  for (const [name, { draw, mean, variance, range }] of Object.entries(LAWS))
    it(`${name} has its law, differs from step to step and call to call, and repeats with the seed`, () => {
      const run = (seed: number, steps = 3): string[] => {
        const program = compile({
          variables: {},
          entries: { draw: () => [draw(), draw()] },
          seed,
          check: true,
        });
        const drawn = Array.from({ length: steps }, () => program.runSync('draw')).flat();
        program.dispose();
        const texts = drawn.map((tensor) => {
          const values = Array.from(tensor.dataSync());
          const m = values.reduce((a, b) => a + b, 0) / N;
          const v = values.reduce((a, b) => a + (b - m) ** 2, 0) / N;
          assert.deepEqual(tensor.shape, SHAPE);
          assert.ok(Math.abs(m - mean) < 4.5 * Math.sqrt(variance / N), `mean ${m}`);
          assert.ok(Math.abs(v - variance) < 0.06 * variance, `variance ${v}`);
          if (range) assert.ok(values.every((x) => x >= range[0] && x <= range[1]));
          return values.slice(0, 200).join();
        });
        tf.dispose(drawn);
        return texts;
      };
      const drawn = run(1);
      assert.equal(new Set([...drawn, ...run(2)]).size, 12);
      assert.deepEqual(run(1), drawn);
    });

  it('a seed of the call keeps two calls apart, and does not freeze either', () => {
    const draw = () => tf.randomUniform([8], 0, 1, 'float32', 'seven');
    const program = compile({ variables: {}, entries: { draw: () => [draw(), draw()] } });
    const drawn = [program.runSync('draw'), program.runSync('draw')].flat();
    assert.equal(new Set(drawn.map((tensor) => tensor.dataSync().join())).size, 4);
    program.dispose();
  });

  it('dropout gives the gradient its own mask, also with a noise shape', () => {
    const program = compile({
      variables: {},
      entries: {
        both: (x: tf.Tensor) => {
          let y: tf.Tensor | undefined;
          const gradient = tf.grad((z) => {
            y = tf.keep(tf.dropout(z, 0.5, [x.shape[0]!, 1]));
            return y;
          })(x);
          return { y: y!, gradient };
        },
      },
    });
    const { y, gradient } = program.runSync('both', tf.ones([50, 3]));
    assert.deepEqual(y.dataSync(), gradient.dataSync());
    const rows = y.arraySync() as number[][];
    assert.ok(rows.every((row) => row.every((value) => value === row[0])));
    assert.equal(new Set(rows.map((row) => row[0])).size, 2);
    program.dispose();
  });

  it('the state is read and loaded with the variables: a run resumes exactly', () => {
    const make = () => compile({ variables: {}, entries: { draw: () => tf.randomNormal([4]) }, seed: 5 });
    const first = make();
    first.runSync('draw');
    const state = first.read();
    assert.deepEqual(Array.from(state['random']!.dataSync()), [5, 1]);
    const second = make();
    second.load(state);
    assert.deepEqual(second.runSync('draw').dataSync(), first.runSync('draw').dataSync());
    for (const program of [first, second]) program.dispose();
  });

  it('on the cpu backend they repeat with the seed too', async () => {
    await tf.setBackend('cpu');
    try {
      const run = (seed: number): string[] => {
        const entries = { draw: () => tf.dropout(tf.randomNormal([20]), 0.5) };
        const program = compile({ variables: {}, entries, seed });
        const texts = [0, 1].map(() => program.runSync('draw').dataSync().join());
        program.dispose();
        return texts;
      };
      assert.equal(new Set([...run(1), ...run(2)]).size, 4);
      assert.deepEqual(run(1), run(1));
    } finally {
      await tf.setBackend('tensorflow');
    }
  });

  const { randomUniform, dropout } = tf;
  const refused: Record<string, { entry: (x: tf.Tensor) => tf.Tensor; message: RegExp }> = {
    'Math.random': { entry: (x) => tf.mul(x, Math.random()), message: /calls Math.random/ },
    'tf.rand': {
      entry: (x) =>
        tf.add(
          x,
          tf.rand([2], () => 4),
        ),
      message: /tf.rand fills a tensor/,
    },
    'a reference of one’s own': {
      entry: (x) => tf.add(x, randomUniform([2])),
      message: /calls tf.randomUniform by a reference of its own/,
    },
    'a reference to dropout': { entry: (x) => dropout(x, 0.5), message: /calls tf.dropout by a reference/ },
  };
  for (const [name, { entry, message }] of Object.entries(refused))
    it(`refuses ${name}`, () => {
      const program = compile({ variables: {}, entries: { entry } });
      assert.throws(() => program.runSync('entry', tf.ones([2])), message);
      assert.equal(typeof Math.random(), 'number');
      assert.equal(tf.rand([1], () => 4).dataSync()[0], 4);
      program.dispose();
    });
});
