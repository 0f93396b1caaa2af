import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../src/runtime/backend';
import { type BottleneckOptions, bottleneck } from '../../src/training/regularizers';

const SHARED: BottleneckOptions = { site: 'avg_pool', inputs: 3, hidden: [4, 2, 5], weight: 0.5 };
const X = [
  [1, 2, 3],
  [-1, 0.5, 2],
  [0, 1, -2],
  [2, 2, 0.25],
];
const LABELS = [1, 0, 1, 2];

describe('autoencoder bottleneck', () => {
  before(loadBackend);

  for (const perClass of [undefined, 3]) {
    for (const normLoss of [true, false]) {
      it(`is what its formula says, layer by layer (${perClass ?? 'no'} classes, normLoss ${normLoss})`, () => {
        const regularizer = bottleneck({ ...SHARED, normLoss, ...(perClass ? { perClass } : {}) });
        const numbers = (name: string): number[] =>
          Array.from(regularizer.variables[`avg_pool.bottleneck.${name}`]!.dataSync());
        const widths = [3, 4, 2, 5, 3];
        let [error, unit] = [0, 0];
        for (const [row, x] of X.entries()) {
          let y = x;
          for (let i = 0; i < 4; i++) {
            const [from, to] = [widths[i]!, widths[i + 1]!];
            const own = perClass && i === 2 ? LABELS[row]! : 0; // the layer behind the width 2
            const weight = numbers(`${i}.weight`).slice(own * from * to);
            const bias = numbers(`${i}.bias`).slice(own * to);
            const next = Array.from({ length: to }, (_, k) =>
              y.reduce((sum, value, j) => sum + value * weight[j * to + k]!, bias[k]!),
            );
            y = i === 3 ? next : next.map((value) => Math.max(0, value));
          }
          error += x.reduce((sum, value, j) => sum + (y[j]! - value) ** 2, 0);
          unit += x.reduce((sum, value) => sum + (normLoss ? value ** 2 : 1), 0);
        }
        tf.tidy(() => {
          const loss = regularizer.loss(tf.tensor(X, [4, 3, 1]), tf.tensor1d(LABELS, 'int32'));
          const expected = (0.5 * error) / unit;
          // Four layers with sums of at most 5 products, and a sum over 12 numbers: some 30 roundings of 2^-24; 100 are 6e-6.
          assert.ok(Math.abs(loss.dataSync()[0]! - expected) < 100 * 2 ** -24 * Math.max(1, expected));
        });
        regularizer.dispose();
      });
    }
  }

  it('has gradients for the activation and for every variable; a class without examples has none', () => {
    const regularizer = bottleneck({ ...SHARED, perClass: 4 });
    tf.tidy(() => {
      const x = tf.variable(tf.tensor(X));
      const variables = [x, ...Object.values(regularizer.variables)];
      const { grads } = tf.variableGrads(() => regularizer.loss(x, tf.tensor1d(LABELS, 'int32')), variables);
      for (const variable of variables)
        assert.ok(grads[variable.name]!.abs().sum().dataSync()[0]! > 0, variable.name);
      const own = grads[regularizer.variables['avg_pool.bottleneck.2.weight']!.name]!;
      assert.deepEqual(own.shape, [4, 10]);
      assert.deepEqual([...tf.slice(own, 3, 1).dataSync()], Array(10).fill(0));
      x.dispose();
    });
    regularizer.dispose();
  });

  it('refuses widths and weights that make no sense', () => {
    assert.throws(() => bottleneck({ ...SHARED, hidden: [] }), /bottleneck of widths \[\] at 'avg_pool'/);
    assert.throws(
      () => bottleneck({ ...SHARED, weight: 0 }),
      /weight 0 at 'avg_pool': give a number above 0/,
    );
  });
});
