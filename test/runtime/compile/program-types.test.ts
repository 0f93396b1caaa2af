import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../../src/runtime/backend';
import { compile } from '../../../src/runtime/compile/program';

/** True if the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(_: T): void => {};

describe("a program's types", () => {
  before(loadBackend);

  it('are those of the functions and variables given (checked by the compiler)', async () => {
    const w = tf.variable(tf.ones([2, 2]) as tf.Tensor2D);
    const program = compile({
      variables: { w },
      entries: {
        loss: (x: tf.Tensor2D): tf.Scalar => tf.sum(tf.matMul(x, w as tf.Tensor2D)),
        both: (a: tf.Tensor, b: tf.Tensor1D) => ({ sum: tf.add(a, b), b }),
      },
    });
    const x = tf.ones([2, 2]) as tf.Tensor2D;

    const loss = program.runSync('loss', x);
    same<Same<typeof loss, tf.Scalar>>(true);
    const later = await program.run('loss', x);
    same<Same<typeof later, tf.Scalar>>(true);
    const both = program.runSync('both', tf.scalar(1), tf.ones([1]));
    same<Same<typeof both, { sum: tf.Tensor; b: tf.Tensor1D }>>(true);
    const read = program.read();
    same<Same<typeof read.w, tf.Tensor<tf.Rank.R2>>>(true);
    program.load(read);
    program.load({ w: x });
    assert.equal(loss.dataSync()[0], 8);

    // @ts-expect-error: no such entry
    assert.throws(() => program.runSync('lost', x), /no entry 'lost'; this program has loss, both/);
    // @ts-expect-error: an input is missing
    assert.throws(() => program.runSync('loss'));
    // @ts-expect-error: an input is a number
    assert.throws(() => program.runSync('loss', 3), /input 0 of 'loss' must be a tensor, got number/);
    // @ts-expect-error: an input is of another rank
    program.prepare('loss', tf.ones([2, 2]) as tf.Tensor3D);
    // @ts-expect-error: no such variable
    assert.throws(() => program.load({ v: x }), /no variable 'v'/);
    // @ts-expect-error: a value is a number
    assert.throws(() => program.load({ w: 3 }));
    // @ts-expect-error: the output has no such field
    assert.equal(both.mean, undefined);
    // @ts-expect-error: an entry returns no tensors
    compile({ variables: {}, entries: { f: () => 3 } }).dispose();
    // @ts-expect-error: a variable is a tensor
    assert.throws(() => compile({ variables: { x }, entries: {} }), /'x' must be a variable/);
    program.dispose();
    await assert.rejects(program.run('loss', x), /this program was disposed/);
  });
});
