import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../../src/runtime/backend';
import { compile } from '../../../src/runtime/compile/program';

const value = (tensor: tf.Tensor): number => tensor.dataSync()[0]!;
const counter = (w: tf.Variable, by = 1) =>
  compile({
    variables: { w },
    entries: {
      add: () => {
        w.assign(tf.add(w, by));
        return tf.clone(w);
      },
      show: () => tf.clone(w),
    },
  });

describe('variables of programs', () => {
  before(loadBackend);

  it('show what the graph wrote, and give it what is assigned from outside', async () => {
    const w = tf.variable(tf.scalar(0));
    const program = counter(w);
    program.runSync('add');
    assert.equal(value(w), 1);
    assert.equal(value(tf.mul(w, 10)), 10);
    w.assign(tf.scalar(5));
    assert.equal(value(program.runSync('show')), 5);
    program.runSync('add');
    assert.deepEqual(Array.from(await w.data()), [6]);
    assert.equal(value(program.runSync('add')), 7);
    program.dispose();
    assert.equal(value(w), 7);
    w.assign(tf.scalar(1));
    assert.equal(value(w), 1);
  });

  it('are one thing for several programs', () => {
    const w = tf.variable(tf.scalar(0));
    const [a, b] = [counter(w), counter(w, 10)];
    for (const program of [a, b, b, a, a, b]) program.runSync('add').dispose();
    assert.equal(value(a.runSync('show')), 33);
    assert.equal(value(b.runSync('show')), 33);
    a.dispose();
    assert.equal(value(b.runSync('add')), 43);
    b.dispose();
    assert.equal(value(w), 43);
  });

  it('of programs that share none do not disturb each other', () => {
    const [v, w] = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
    const [a, b] = [counter(v), counter(w)];
    for (let i = 0; i < 4; i++) a.runSync('add').dispose();
    b.runSync('add').dispose();
    assert.deepEqual([value(v), value(w)], [4, 1]);
    a.dispose();
    assert.equal(value(b.runSync('add')), 2);
    b.dispose();
  });

  it('say so when they were disposed', () => {
    const w = tf.variable(tf.scalar(0));
    const program = counter(w);
    program.runSync('add');
    w.dispose();
    assert.throws(() => program.runSync('add'), /variable 'w' of this program was disposed/);
    program.dispose();
  });
});
