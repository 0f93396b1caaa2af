import assert from 'node:assert/strict';
import { permutationGroup } from '../../src/data/permutation-group';

/** label[a][b] of the whole table. */
function composition(degree: number): number[][] {
  const { train, validation, classes } = permutationGroup({ degree, trainFraction: 0.5 });
  const table = Array.from({ length: classes }, () => new Array<number>(classes).fill(-1));
  for (const { inputs, labels, size } of [train, validation]) {
    for (let i = 0; i < size; i++) table[inputs[4 * i]!]![inputs[4 * i + 2]!] = labels[i]!;
  }
  return table;
}

describe('permutationGroup', () => {
  it('has 120 elements and 14,400 pairs for degree 5, with tokens a, 120, b, 121', () => {
    const { train, validation, classes, vocabularySize } = permutationGroup({ trainFraction: 0.3 });
    assert.equal(classes, 120);
    assert.equal(train.size, 4320);
    assert.equal(train.size + validation.size, 14_400);
    assert.equal(vocabularySize, 122);
    assert.deepEqual([train.inputs[1], train.inputs[3]], [120, 121]);
  });

  it('composes S3 as a table made by hand does', () => {
    // In lexicographic order: 012, 021, 102, 120, 201, 210; (a ∘ b)(i) = a(b(i)).
    const byHand = [
      [0, 1, 2, 3, 4, 5],
      [1, 0, 4, 5, 2, 3],
      [2, 3, 0, 1, 5, 4],
      [3, 2, 5, 4, 0, 1],
      [4, 5, 1, 0, 3, 2],
      [5, 4, 3, 2, 1, 0],
    ];
    assert.deepEqual(composition(3), byHand);
  });

  it('is a group: closed, with identity 0, inverses, associative, and not commutative', () => {
    const table = composition(4);
    const all = table.map((_, i) => i);
    assert.deepEqual(table[0], all);
    for (const a of all) {
      assert.equal(table[a]![0], a);
      assert.deepEqual(
        [...table[a]!].sort((x, y) => x - y),
        all,
      );
      for (const b of all) {
        for (const c of [1, 5, 11, 23]) assert.equal(table[table[a]![b]!]![c], table[a]![table[b]![c]!]);
      }
    }
    assert.ok(all.some((a) => all.some((b) => table[a]![b] !== table[b]![a])));
  });

  it('says an example in words', () => {
    const data = permutationGroup({ degree: 3, trainFraction: 0.5 });
    assert.match(
      data.describe!(0),
      /^\([123] [123] [123]\) ∘ \([123] [123] [123]\) = \([123] [123] [123]\)$/,
    );
  });

  it('refuses a degree without a group worth learning', () => {
    for (const degree of [1, 7, 2.5, Number.NaN]) {
      assert.throws(() => permutationGroup({ degree }), /degree .* is not a whole number from 2 to 6/);
    }
  });
});
