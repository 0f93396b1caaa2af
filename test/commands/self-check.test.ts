import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { knownAnswers, selfCheck } from '../../src/commands/self-check';

describe('the self-check', () => {
  it('finds this machine right, and says with which instructions', async () => {
    const { wrong, checked, instructions } = await selfCheck();
    assert.deepEqual(wrong, []);
    assert.ok(checked >= 20);
    assert.match(instructions, /, kernels \w+/);
  });

  it('names what is wrong', async () => {
    const before = tf.memory().numTensors;
    const answers = knownAnswers().map((known) => ({
      ...known,
      compute: async () => {
        if (known.name === 'dropout') throw new Error('no such kernel\nand more');
        const found = Array.from(await known.compute());
        // As a faulty kernel would have it: one number is another, or NaN, or one is missing, or there is none.
        if (known.name === 'GELU') found[7] = Number.NaN;
        if (known.name === 'step of Adam') found.pop();
        if (known.name.includes('9 x 9 x 3 ') && known.name.includes('compiled')) found[2]! += 0.01;
        return found;
      },
    }));
    const { wrong } = await selfCheck(answers);
    assert.deepEqual(wrong, [
      '1 x 1 convolution of 9 x 9 x 3 with stride 2, compiled',
      '3 x 3 convolution of 9 x 9 x 3 with stride 2, compiled',
      'step of Adam',
      'GELU',
      'dropout (no such kernel)',
    ]);
    assert.equal(tf.memory().numTensors, before);
  });
});
