import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../../src/runtime/backend';
import { compile } from '../../../src/runtime/compile/program';

const value = (tensor: tf.Tensor): number => tensor.dataSync()[0]!;

/** Entries that depend on something that is neither an input nor a variable, and how it changes. */
function frozen(): Record<
  string,
  { entry: (x: tf.Tensor) => tf.Tensor; change: () => void; message: RegExp }
> {
  let rate = 0.5;
  let step = 0;
  let captured = tf.scalar(1);
  let power = 2;
  return {
    'a number': {
      entry: (x) => tf.mul(x, rate),
      change: () => {
        rate = 0.25;
      },
      message: /another constant in Mul than when it was compiled \(0\.5 then, 0\.25 now\)/,
    },
    'a count of its own calls': {
      entry: (x) => tf.add(x, ++step),
      change: () => {},
      message: /another constant in Add/,
    },
    'a captured tensor': {
      entry: (x) => tf.sub(x, captured),
      change: () => {
        captured = tf.scalar(2);
      },
      message: /another constant in Sub/,
    },
    'a branch': {
      entry: (x) => (power > 2 ? tf.square(tf.square(x)) : tf.square(x)),
      change: () => {
        power = 4;
      },
      message: /more operations|other operations/,
    },
  };
}

describe('what is frozen in a graph', () => {
  before(loadBackend);

  for (const name of ['a number', 'a count of its own calls', 'a captured tensor', 'a branch'])
    it(`${name} that changes is found by the audit, and by the check at once`, () => {
      const audited = frozen()[name]!;
      const program = compile({ variables: {}, entries: { f: audited.entry } });
      program.runSync('f', tf.scalar(2));
      audited.change();
      assert.throws(() => program.runSync('f', tf.scalar(2)), audited.message);
      program.dispose();

      const checked = frozen()[name]!;
      const slow = compile({ variables: {}, entries: { f: checked.entry }, audit: false, check: true });
      const run = () => slow.runSync('f', tf.scalar(2));
      if (name !== 'a count of its own calls') run();
      checked.change();
      assert.throws(run, /'f' gives different values compiled and eagerly: its result differs by up to/);
      slow.dispose();
    });

  it('a number that changes late is found before the number of runs doubles', () => {
    let rate = 1;
    const program = compile({ variables: {}, entries: { f: (x: tf.Tensor) => tf.mul(x, rate) } });
    const runs = (): number => {
      for (let n = 1; n <= 64; n++) {
        if (n === 20) rate = 0.5;
        try {
          program.runSync('f', tf.scalar(1)).dispose();
        } catch {
          return n;
        }
      }
      return Number.POSITIVE_INFINITY;
    };
    assert.equal(runs(), 32);
    program.dispose();
  });

  it('the check names the variable that differs', () => {
    const [a, b] = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
    let times = 1;
    const f = (): tf.Tensor => {
      a.assign(tf.add(a, 1));
      b.assign(tf.add(b, times));
      return tf.scalar(0).add(a.mul(0));
    };
    const program = compile({ variables: { a, b }, entries: { f }, check: true, audit: false });
    program.runSync('f');
    assert.deepEqual([value(a), value(b)], [1, 1], 'the eager run leaves no traces');
    times = 1.01;
    assert.throws(() => program.runSync('f'), /the change of variable 'b' differs by up to 0\.0100/);
    program.dispose();
    const lax = compile({ variables: { a, b }, entries: { f }, check: { tolerance: 0.1 }, audit: false });
    lax.runSync('f');
    times = 1.05;
    lax.runSync('f');
    lax.dispose();
  });
});
