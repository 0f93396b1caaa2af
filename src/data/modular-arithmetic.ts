/** Arithmetic modulo a prime, with every pair of operands once: the task on which small transformers grok. */
import { assertGiven, type Kinds, NUMBER, word } from '../given';
import { type Setting, wholeNumber } from '../setting';
import { binaryOperation, SPLIT_KINDS, type SplitOptions, type Task } from './binary-operation';
import type { Dataset } from './dataset';

export type ModularOperation = 'division' | 'subtraction' | 'sum';

export interface ModularArithmeticOptions extends SplitOptions {
  /** @default 'division' */
  readonly operation?: ModularOperation;
  /** The modulus. @default that of the setting `prime` */
  readonly prime?: number;
}

const MODULAR_KINDS: Kinds<ModularArithmeticOptions> = {
  ...SPLIT_KINDS,
  operation: word(['division', 'subtraction', 'sum']),
  prime: NUMBER,
};

const SETTINGS: { readonly prime: Setting<number>; readonly unusedTokens: Setting<number> } = {
  prime: wholeNumber({
    default: 97,
    min: 3,
    max: 997,
    description: 'prime modulus of the tasks division, subtraction and sum',
  }),
  // All recorded runs have two unused tokens.
  unusedTokens: wholeNumber({
    default: 2,
    min: 0,
    max: 1000,
    description:
      'number of tokens that have an embedding but never occur in the tasks division, subtraction and sum; they have no influence',
  }),
};

function task<O extends ModularOperation>(operation: O, summary: string): Task<O, typeof SETTINGS> {
  return {
    name: operation,
    summary,
    settings: SETTINGS,
    check: ({ prime }, refuse) => {
      if (!isPrime(prime)) refuse('prime', `is not prime: the nearest are ${nearestPrimes(prime)}`);
    },
    title: ({ prime }) => `Modular ${operation}${prime === undefined ? '' : ` mod ${prime}`}`,
    unusedTokens: ({ unusedTokens }) => unusedTokens,
    load: ({ prime }, split) => modularArithmetic({ operation, prime, ...split }),
  };
}

export const DIVISION: Task<'division', typeof SETTINGS> = task('division', 'a / b modulo a prime');
export const SUBTRACTION: Task<'subtraction', typeof SETTINGS> = task('subtraction', 'a - b modulo a prime');
export const SUM: Task<'sum', typeof SETTINGS> = task('sum', 'a + b modulo a prime');

/** The largest prime: 4093 x 4093 pairs are a table of about 330 MB. */
const LARGEST_PRIME = 4093;

const SYMBOLS: Readonly<Record<ModularOperation, string>> = { division: '/', subtraction: '-', sum: '+' };

/**
 * a ∘ b modulo a prime as token sequences [a, prime, b, prime + 1], where the label is the result.
 * Division uses every a with every b from 1 on, and its label is a times the inverse of b; subtraction and sum use all
 * prime x prime pairs. With the defaults, the split is that of the paper's public code, pair by pair
 * (act_id/data/math_equations.py: `random.Random(9).shuffle`).
 * @throws RangeError when prime is not a prime number, a fraction is outside (0, 1), or an option is not read
 */
export function modularArithmetic(options: ModularArithmeticOptions = {}): Dataset {
  assertGiven('modularArithmetic', options, MODULAR_KINDS);
  const { operation = 'division', prime = SETTINGS.prime.default, ...split } = options;
  checkPrime(prime);
  const symbol = SYMBOLS[operation];
  if (symbol === undefined) {
    throw new RangeError(`no operation '${operation}': choose ${Object.keys(SYMBOLS).join(', ')}`);
  }
  return binaryOperation({
    name: `modular-${operation}-${prime}`,
    title: `a ${symbol} b modulo ${prime}`,
    elements: prime,
    firstRight: operation === 'division' ? 1 : 0,
    operate: operator(operation, prime),
    text: (a, b, result) => `${a} ${symbol} ${b} = ${result} (mod ${prime})`,
    ...split,
  });
}

export function isPrime(n: number): boolean {
  if (!Number.isSafeInteger(n) || n < 2) return false;
  for (let divisor = 2; divisor * divisor <= n; divisor++) {
    if (n % divisor === 0) return false;
  }
  return true;
}

/** The primes next to a number that is not prime, in words: `89 or 97`. */
export function nearestPrimes(n: number): string {
  let below = Math.ceil(n) - 1;
  while (below >= 2 && !isPrime(below)) below--;
  let above = Math.max(2, Math.floor(n) + 1);
  while (!isPrime(above)) above++;
  return below < 2 ? `${above}` : `${below} or ${above}`;
}

function checkPrime(prime: number): void {
  if (!(prime <= LARGEST_PRIME)) {
    throw new RangeError(`prime ${prime} makes too many pairs: give a prime up to ${LARGEST_PRIME}`);
  }
  if (!isPrime(prime)) {
    throw new RangeError(`prime ${prime} is not prime: the nearest are ${nearestPrimes(prime)}`);
  }
}

function operator(operation: ModularOperation, prime: number): (a: number, b: number) => number {
  if (operation === 'sum') return (a, b) => (a + b) % prime;
  if (operation === 'subtraction') return (a, b) => (a - b + prime) % prime;
  const inverse = inverses(prime);
  return (a, b) => (a * inverse[b]!) % prime;
}

/** inverse[b] times b is 1 modulo the prime, for b = 1 .. prime - 1, from prime = q b + r: 1/b = -q / r. */
function inverses(prime: number): Int32Array {
  const inverse = new Int32Array(prime);
  inverse[1] = 1;
  for (let b = 2; b < prime; b++) {
    const quotient = Math.floor(prime / b);
    inverse[b] = ((prime - quotient) * inverse[prime % b]!) % prime;
  }
  return inverse;
}
