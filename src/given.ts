/** Checks the options that a caller gives: unknown names and values of the wrong kind are rejected, so that none is ignored. */
import { distance } from 'fastest-levenshtein';

/** The kind of values that an option accepts; their range is checked where they are used. */
export interface Kind {
  /** In words, as the end of the sentence "it must be ...". */
  readonly allowed: string;
  accepts(value: unknown): boolean;
}

/** A kind for every option of an interface. */
export type Kinds<T> = { readonly [K in keyof Required<T>]: Kind };

/** Any number; its range is checked where it is used. */
export const NUMBER: Kind = { allowed: 'a number', accepts: (value) => typeof value === 'number' };
export const BYTES: Kind = {
  allowed: 'a number of bytes',
  accepts: (value) => typeof value === 'number' && value >= 0,
};
export const SEED: Kind = {
  allowed: 'a whole number of at least 0',
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};
export const TEXT: Kind = { allowed: 'a text', accepts: (value) => typeof value === 'string' };
export const FLAG: Kind = { allowed: 'true or false', accepts: (value) => typeof value === 'boolean' };
export const CALLBACK: Kind = { allowed: 'a function', accepts: (value) => typeof value === 'function' };
export const SIGNAL: Kind = {
  allowed: 'the signal of an AbortController',
  // instanceof would fail in notebooks, which have an AbortSignal class of their own.
  accepts: (value) => typeof (value as Partial<AbortSignal> | null)?.throwIfAborted === 'function',
};
export const NAMES: Kind = {
  allowed: 'a list of names',
  accepts: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
};
/** Any value, for options that are checked elsewhere, such as nested ones. */
export const ANYTHING: Kind = { allowed: 'anything', accepts: () => true };

/** A word, whose meaning is checked where it is used. */
export function word(words: readonly string[]): Kind {
  return { allowed: `one of ${words.join(', ')}`, accepts: (value) => typeof value === 'string' };
}

/** One of some words. */
export function oneOf(words: readonly string[]): Kind {
  return { allowed: `one of ${words.join(', ')}`, accepts: (value) => words.includes(value as string) };
}

/**
 * Rejects options that are not read. Options that are undefined count as not given.
 *
 * @param reader the name of the function that reads them
 * @throws TypeError if the options are not an object; RangeError for an unknown option, with the nearest known one and a list of
 *   all, and for a value of the wrong kind
 */
export function assertGiven(reader: string, given: unknown, kinds: Readonly<Record<string, Kind>>): void {
  for (const [name, value] of givenEntries(reader, given)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (!kind) {
      const names = Object.keys(kinds);
      const meant = nearest(name, names);
      const reads = isLike(name, meant) ? `did you mean ${meant}? It reads` : 'it reads';
      throw new RangeError(`${reader} has no option ${name}: ${reads} ${names.join(', ')}`);
    }
    if (!kind.accepts(value)) throw new RangeError(`${name} must be ${kind.allowed}, got ${inWords(value)}`);
  }
}

/**
 * Rejects arguments after the last parameter of a function, which JavaScript would ignore.
 *
 * @param reader the name of the function
 * @param takes the names of its parameters
 * @throws RangeError that names the first option if the argument is an object, and otherwise its value
 */
export function assertNoMore(reader: string, takes: readonly string[], more: readonly unknown[]): void {
  if (more.length === 0) return;
  const [first] = more;
  const names = typeof first === 'object' && first !== null ? Object.keys(first) : [];
  const what = names.length > 0 ? `has no option ${names[0]}` : `does not read ${inWords(first)}`;
  throw new RangeError(`${reader} ${what}: it takes ${takes.length > 0 ? takes.join(', ') : 'nothing'}`);
}

/** Names and values of the options that were given. */
export function givenEntries(reader: string, given: unknown): [string, unknown][] {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new TypeError(`the options of ${reader} must be an object, as in { k: 5 }, got ${inWords(given)}`);
  return Object.entries(given).filter(([, value]) => value !== undefined);
}

/** A value as it is written in an error. */
export function inWords(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value}]`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** The largest share of letters that a misspelt word may have wrong. */
const FAR = 0.6;

function isLike(misspelt: string, word: string): boolean {
  const length = Math.max(misspelt.length, word.length);
  return distance(misspelt.toLowerCase(), word.toLowerCase()) <= FAR * length;
}

/** The word that a misspelt one most probably stands for: the one that is the fewest edits away, regardless of case. */
export function nearest(misspelt: string, words: readonly string[]): string {
  const far = (word: string): number => distance(misspelt.toLowerCase(), word.toLowerCase());
  return words.reduce((best, word) => (far(word) < far(best) ? word : best));
}
