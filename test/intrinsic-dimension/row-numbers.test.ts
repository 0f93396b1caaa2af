import assert from 'node:assert/strict';
import { rowNumbers } from '../../src/intrinsic-dimension/points/row-numbers';

const of = (...values: readonly number[]) => rowNumbers(values.length, (i) => values[i]!);

describe('row numbers', () => {
  it('are consecutive in order, or in any order of at least five', () => {
    assert.deepEqual(of(3, 4, 5), { least: 3, most: 5, consecutive: true, ordered: true });
    assert.deepEqual(of(2, 0, 4, 1, 3), { least: 0, most: 4, consecutive: true, ordered: false });
    assert.deepEqual(of(2, 0, 3, 1), { least: 0, most: 3, consecutive: false, ordered: false });
    assert.deepEqual(of(5, 4, 3), { least: 3, most: 5, consecutive: false, ordered: true });
    assert.deepEqual(of(5, 4, 3, 2, 1), { least: 1, most: 5, consecutive: true, ordered: true });
  });

  it('may have gaps, and are whole and different', () => {
    assert.deepEqual(of(0, 7, 9, 30, 31), { least: 0, most: 31, consecutive: false, ordered: true });
    assert.deepEqual(of(7, 0, 9, 30, 31), { least: 0, most: 31, consecutive: false, ordered: false });
    assert.equal(of(0, 1, 2.5, 3, 4), undefined);
    assert.equal(of(0, 1, 1, 2, 3), undefined);
    assert.equal(of(0, 1, Number.NaN), undefined);
  });
});
