import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Dataset } from '../../src/data/dataset';
import { isPrime, modularArithmetic, nearestPrimes } from '../../src/data/modular-arithmetic';

interface Row {
  tokens: number[];
  label: number;
  split: 'train' | 'validation';
}

function rows(data: Dataset): Row[] {
  return (['train', 'validation'] as const).flatMap((split) => {
    const { inputs, labels, size } = data[split];
    return Array.from({ length: size }, (_, i) => ({
      tokens: [...inputs.subarray(4 * i, 4 * i + 4)],
      label: labels[i]!,
      split,
    }));
  });
}

/** result[a][b], for b from `first`. */
function tableOf(data: Dataset, prime: number): number[][] {
  const result = Array.from({ length: prime }, () => [] as number[]);
  for (const { tokens, label } of rows(data)) result[tokens[0]!]![tokens[2]!] = label;
  return result.map((row) => Object.values(row));
}

const PRIMES = [2, 3, 5, 7, 11, 13, 31];
const FRACTION = fc.double({ min: 0.05, max: 0.95, noNaN: true });

describe('modularArithmetic', () => {
  it('divides modulo 5 as a table made by hand does', () => {
    // 1/1 = 1, 1/2 = 3, 1/3 = 2, 1/4 = 4
    const byHand = [
      [0, 0, 0, 0],
      [1, 3, 2, 4],
      [2, 1, 4, 3],
      [3, 4, 1, 2],
      [4, 2, 3, 1],
    ];
    assert.deepEqual(tableOf(modularArithmetic({ operation: 'division', prime: 5 }), 5), byHand);
  });

  it('subtracts and adds modulo 3 as tables made by hand do', () => {
    const subtraction = [
      [0, 2, 1],
      [1, 0, 2],
      [2, 1, 0],
    ];
    const sum = [
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
    ];
    assert.deepEqual(tableOf(modularArithmetic({ operation: 'subtraction', prime: 3 }), 3), subtraction);
    assert.deepEqual(tableOf(modularArithmetic({ operation: 'sum', prime: 3 }), 3), sum);
  });

  it('gives a quotient that, times the divisor, is the dividend, for every pair of every small prime', () => {
    for (const prime of [...PRIMES.slice(1), 97]) {
      for (const { tokens, label } of rows(modularArithmetic({ prime }))) {
        assert.equal((label * tokens[2]!) % prime, tokens[0]!);
      }
    }
  });

  it('lays tokens out as a, operator, b, equals', () => {
    for (const { tokens } of rows(modularArithmetic({ prime: 97 })).slice(0, 100)) {
      assert.equal(tokens[1], 97);
      assert.equal(tokens[3], 98);
    }
    assert.equal(modularArithmetic({ prime: 97 }).vocabularySize, 99);
  });

  it('has every pair exactly once, in training or in validation', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('division', 'subtraction', 'sum'),
        fc.constantFrom(7, 11, 13),
        FRACTION,
        (operation, prime, trainFraction) => {
          const data = modularArithmetic({ operation, prime, trainFraction });
          const first = operation === 'division' ? 1 : 0;
          const pairs = new Set(rows(data).map(({ tokens }) => `${tokens[0]},${tokens[2]}`));
          assert.equal(pairs.size, prime * (prime - first));
          assert.equal(data.train.size + data.validation.size, pairs.size);
          assert.equal(data.train.size, Math.floor(pairs.size * trainFraction));
          assert.ok(rows(data).every(({ tokens }) => tokens[2]! >= first));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('takes the split that the paper took: Python 3.11, random.Random(9).shuffle of the 9312 pairs', () => {
    const { train, validation } = modularArithmetic();
    // python3 -c "import random; x=list(range(9312)); random.Random(9).shuffle(x); print(x[:8], x[-4:])"
    const first = [8360, 8818, 7909, 9044, 24, 5787, 6789, 9084];
    const last = [2269, 4376, 6116, 7585];
    const number = (inputs: ArrayLike<number>, row: number): number =>
      inputs[4 * row]! * 96 + inputs[4 * row + 2]! - 1;
    assert.deepEqual(
      first.map((_, i) => number(train.inputs, i)),
      first,
    );
    assert.deepEqual(
      last.map((_, i) => number(validation.inputs, validation.size - 4 + i)),
      last,
    );
    assert.equal(train.size, 2793);
    assert.equal(validation.size, 6519);
  });

  it('splits alike for the same seed, and otherwise for another', () => {
    const split = (seed: number): number[] => [...modularArithmetic({ prime: 31, seed }).train.inputs];
    assert.deepEqual(split(9), split(9));
    assert.notDeepEqual(split(9), split(10));
  });

  it('keeps a fixed validation share the same for every trainFraction, apart from training', () => {
    const make = (trainFraction: number): Dataset =>
      modularArithmetic({ prime: 31, trainFraction, validationFraction: 0.4 });
    const reference = make(0.15);
    for (const trainFraction of [0.15, 0.3, 0.6]) {
      const data = make(trainFraction);
      assert.deepEqual(data.validation, reference.validation);
      assert.equal(data.validation.size, Math.floor(930 * 0.4));
      const trained = new Set(
        rows(data)
          .filter(({ split }) => split === 'train')
          .map(({ tokens }) => tokens.join()),
      );
      assert.ok(rows(data).every(({ split, tokens }) => split === 'train' || !trained.has(tokens.join())));
    }
  });

  it('grows training with trainFraction, so that a larger share contains the smaller', () => {
    const small = modularArithmetic({ prime: 31, trainFraction: 0.2 }).train;
    const large = modularArithmetic({ prime: 31, trainFraction: 0.5 }).train;
    assert.deepEqual(large.inputs.slice(0, small.inputs.length), small.inputs);
  });

  it('says an example in words', () => {
    const data = modularArithmetic({ prime: 97 });
    const [a, , b] = data.train.inputs;
    assert.equal(data.describe!(0), `${a} / ${b} = ${data.train.labels[0]} (mod 97)`);
    assert.match(data.describe!(3, 'validation'), /^\d+ \/ \d+ = \d+ \(mod 97\)$/);
    assert.throws(() => data.describe!(2793), /no train example 2793: there are 2793/);
  });

  it('refuses a modulus that is not prime, and names the nearest primes', () => {
    assert.throws(() => modularArithmetic({ prime: 96 }), /prime 96 is not prime: the nearest are 89 or 97/);
    assert.throws(() => modularArithmetic({ prime: 1 }), /prime 1 is not prime: the nearest are 2/);
    assert.throws(() => modularArithmetic({ prime: 7.5 }), /7.5 is not prime: the nearest are 7 or 11/);
    assert.throws(() => modularArithmetic({ prime: Number.NaN }), /prime NaN/);
    assert.throws(() => modularArithmetic({ prime: 1e9 + 7 }), /prime 1000000007 makes too many pairs/);
  });

  it('refuses fractions outside (0, 1), and splits without examples', () => {
    for (const trainFraction of [0, 1, -0.1, 1.5, Number.NaN]) {
      assert.throws(() => modularArithmetic({ trainFraction }), /trainFraction .* is outside \(0, 1\)/);
    }
    assert.throws(
      () => modularArithmetic({ prime: 3, trainFraction: 0.1 }),
      /trainFraction 0.1 of 6 pairs selects no example/,
    );
    assert.throws(
      () => modularArithmetic({ trainFraction: 0.7, validationFraction: 0.4 }),
      /validationFraction 0.4/,
    );
    assert.throws(() => modularArithmetic({ validationFraction: 0 }), /validationFraction 0 is outside/);
  });
});

describe('isPrime and nearestPrimes', () => {
  it('find the 25 primes below 100', () => {
    const primes = Array.from({ length: 100 }, (_, n) => n).filter(isPrime);
    assert.equal(primes.length, 25);
    assert.equal(
      primes.reduce((sum, p) => sum + p, 0),
      1060,
    );
  });

  it('name the primes on both sides', () => {
    assert.equal(nearestPrimes(90), '89 or 97');
    assert.equal(nearestPrimes(-5), '2');
    assert.equal(nearestPrimes(4), '3 or 5');
  });
});
