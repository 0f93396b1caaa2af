import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pythonShuffle } from '../../src/data/python-shuffle';

describe('pythonShuffle', () => {
  it('orders as Python 3.11 does, for seeds of one and two words', () => {
    // python3 -c "import random; x=list(range(10)); random.Random(SEED).shuffle(x); print(x)"
    assert.deepEqual([...pythonShuffle(10, 9)], [9, 8, 3, 2, 0, 6, 1, 4, 5, 7]);
    assert.deepEqual([...pythonShuffle(10, 0)], [7, 8, 1, 5, 3, 4, 2, 0, 9, 6]);
    assert.deepEqual([...pythonShuffle(10, 2 ** 40 + 3)], [8, 5, 6, 7, 9, 2, 4, 1, 0, 3]);
  });

  it('orders 9312 numbers as Python does, past the generator’s first state of 624 numbers', () => {
    const order = pythonShuffle(9312, 9);
    // ... sum(i * v for i, v in enumerate(x)) % 1000003
    assert.equal(order.reduce((sum, value, i) => sum + i * value, 0) % 1_000_003, 376_893);
  });

  it('is a permutation for every size and seed', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.maxSafeNat(), (size, seed) => {
        const order = [...pythonShuffle(size, seed)].sort((a, b) => a - b);
        assert.deepEqual(
          order,
          Array.from({ length: size }, (_, i) => i),
        );
      }),
    );
  });

  it('refuses seeds that Python would read otherwise', () => {
    assert.throws(() => pythonShuffle(5, -1), /seed -1/);
    assert.throws(() => pythonShuffle(5, 1.5), /seed 1.5/);
  });
});
