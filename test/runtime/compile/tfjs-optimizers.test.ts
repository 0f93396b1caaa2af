import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../../src/runtime/backend';
import { compile } from '../../../src/runtime/compile/program';

const value = (tensor: tf.Tensor): number => tensor.dataSync()[0]!;

/** One weight with the loss (w - 1)^2 / 2, whose gradient is w - 1. */
function problem(optimizer: tf.Optimizer, options: { audit?: boolean } = {}) {
  const w = tf.variable(tf.scalar(0));
  const entries = {
    step: (): tf.Tensor =>
      optimizer.minimize(() => tf.mul(tf.square(tf.sub(w, 1)), 0.5) as tf.Scalar, true, [w])!,
  };
  return { w, program: compile({ variables: { w }, entries, ...options }) };
}

describe("tfjs's optimisers inside entries", () => {
  before(loadBackend);

  it('take a learning rate that changes from step to step', () => {
    const optimizer = tf.train.sgd(0.5);
    const { w, program } = problem(optimizer);
    program.runSync('step');
    assert.equal(value(w), 0.5);
    optimizer.setLearningRate(0.25);
    program.runSync('step');
    assert.equal(value(w), 0.625);
    Object.assign(optimizer, { learningRate: 1 }); // eager tfjs ignores this; here it counts
    program.runSync('step');
    assert.equal(value(w), 1);
    assert.equal(optimizer.iterations, 3);
    program.dispose();
  });

  it('keep their own rate and iterations while being traced', () => {
    const optimizer = tf.train.adam(0.125);
    const { w, program } = problem(optimizer);
    program.prepare('step');
    assert.equal((optimizer as unknown as { learningRate: number }).learningRate, 0.125);
    assert.equal(optimizer.iterations, 0);
    assert.equal(value(w), 0);
    program.runSync('step');
    assert.ok(Math.abs(value(w) - 0.125) < 1e-6, "Adam's first step is the learning rate");
    program.dispose();
  });

  it('go on from where eager steps left them, and eager steps from where the graph did', () => {
    const losses = [false, true].map((compiled) => {
      const optimizer = tf.train.adam(0.1);
      const w = tf.variable(tf.scalar(0));
      const step = (): tf.Tensor =>
        optimizer.minimize(() => tf.square(tf.sub(w, 1)) as tf.Scalar, true, [w])!;
      const program = compile({ variables: { w }, entries: { step } });
      const run = (): tf.Tensor => (compiled ? program.runSync('step') : step());
      const all = [step, step, run, run, run, step, run, step, step].map((f) => value(f()));
      program.dispose();
      return [...all, value(step())];
    });
    losses[0]!.forEach((loss, i) => {
      assert.ok(Math.abs(loss - losses[1]![i]!) < 1e-6, `${losses}`);
    });
  });

  it('give their state to read and load, so that a run resumes exactly', () => {
    const first = problem(tf.train.adam(0.1));
    for (let i = 0; i < 5; i++) first.program.runSync('step');
    const state = first.program.read();
    assert.deepEqual(Object.keys(state), [
      'w',
      'Adam/accBeta1',
      'Adam/accBeta2',
      'Adam/accumulatedFirstMoment/0',
      'Adam/accumulatedSecondMoment/0',
    ]);
    const second = problem(tf.train.adam(0.1));
    assert.throws(() => second.program.load(state), /no variable 'Adam\/accBeta1'.*prepared/);
    second.program.prepare('step');
    second.program.load(state);
    for (let i = 0; i < 5; i++)
      assert.equal(value(second.program.runSync('step')), value(first.program.runSync('step')));
    for (const { program } of [first, second]) program.dispose();
  });

  it('refuse changes of numbers that are frozen', () => {
    const optimizer = tf.train.adam(0.1, 0.9);
    const { program } = problem(optimizer);
    program.runSync('step');
    Object.assign(optimizer, { beta1: 0.5 });
    assert.throws(
      () => program.runSync('step'),
      /beta1 of the optimiser Adam was 0.9 when 'step' was compiled and is 0.5/,
    );
    program.dispose();
  });

  it('refuse optimisers that are none of tfjs', () => {
    class Plain extends tf.Optimizer {
      static className = 'Plain';
      applyGradients(): void {
        (this as unknown as { incrementIterations(): void }).incrementIterations();
      }
      getConfig(): tf.serialization.ConfigDict {
        return {};
      }
    }
    const { program } = problem(new Plain());
    assert.throws(() => program.runSync('step'), /the optimiser Plain is not one of tfjs's own/);
    assert.equal(value(tf.add(1, 1)), 2);
  });

  it('work two at a time, each with its own rate', () => {
    const [a, b] = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
    const [slow, fast] = [tf.train.sgd(0.25), tf.train.sgd(0.5)];
    const step = (): tf.Tensor => {
      slow.minimize(() => tf.sub(1, a) as tf.Scalar, false, [a]);
      return fast.minimize(() => tf.sub(1, b) as tf.Scalar, true, [b])!;
    };
    const program = compile({ variables: { a, b }, entries: { step } });
    for (let i = 0; i < 4; i++) program.runSync('step');
    assert.deepEqual([value(a), value(b)], [1, 2]);
    program.dispose();
  });
});
