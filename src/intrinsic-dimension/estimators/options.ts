/** The options of an estimator. Type, default, range, check and description follow from one definition. */
import { inWords } from '../../given';

/** The value of an option. */
type Value = number | boolean | string;

/** The values of other options by name. */
type Values = Readonly<Record<string, Value>>;

/** One option. If `default` depends on the other options, `defaultText` says how. */
export interface Option<T extends Value = Value> {
  readonly description: string;
  readonly default: T | ((others: Values) => T);
  /** The default in words. */
  readonly defaultText: string;
  /** The allowed values in words, given the other options if they matter. */
  range(others?: Values): string;
  /** True if a value is allowed, given the other options. */
  allows(value: unknown, others: Values): boolean;
  /** The words to choose from, if the value is a word. */
  readonly words?: readonly string[];
}

/** Options by name. */
export type Options = Readonly<Record<string, Option>>;

/** The values of options by name. */
export type ValuesOf<O extends Options> = {
  readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never;
};

/** An option that is a whole number of at least `least`. */
export function wholeNumber(least: number, byDefault: number, description: string): Option<number> {
  return {
    description,
    default: byDefault,
    defaultText: String(byDefault),
    range: () => `a whole number of at least ${least}`,
    allows: (value) => Number.isInteger(value) && (value as number) >= least,
  };
}

/** The farther of two neighbours: a whole number above the nearer one, which is twice the nearer one by default. */
export function fartherNeighbour(nearer: string, description: string): Option<number> {
  return {
    description,
    default: (others) => 2 * (others[nearer] as number),
    defaultText: `2 ${nearer}`,
    range: (others) =>
      others
        ? `a whole number of at least ${(others[nearer] as number) + 1}`
        : `a whole number above ${nearer}`,
    allows: (value, others) => Number.isInteger(value) && (value as number) > (others[nearer] as number),
  };
}

/** An option that is a share between 0 and 1, where one end is included. */
export function share(from: '[0, 1)' | '(0, 1]', byDefault: number, description: string): Option<number> {
  return {
    description,
    default: byDefault,
    defaultText: String(byDefault),
    range: () => `in ${from}`,
    allows: (value) =>
      typeof value === 'number' && (from === '[0, 1)' ? value >= 0 && value < 1 : value > 0 && value <= 1),
  };
}

/** An option that is a share between 0 and 1. */
export function openShare(byDefault: number, description: string): Option<number> {
  return {
    description,
    default: byDefault,
    defaultText: String(byDefault),
    range: () => 'in (0, 1)',
    allows: (value) => typeof value === 'number' && value > 0 && value < 1,
  };
}

/** An option that is a number above 0. */
export function positiveNumber(byDefault: number, description: string): Option<number> {
  return {
    description,
    default: byDefault,
    defaultText: String(byDefault),
    range: () => 'a number above 0',
    allows: (value) => Number.isFinite(value) && (value as number) > 0,
  };
}

/** An option that is one of several words; the first is the default. */
export function choice<const W extends string>(words: readonly [W, ...W[]], description: string): Option<W> {
  return {
    description,
    default: words[0],
    defaultText: words[0],
    range: () => `one of ${words.join(', ')}`,
    allows: (value) => words.includes(value as W),
    words,
  };
}

/** An option that is off by default. */
export function flag(description: string): Option<boolean> {
  return {
    description,
    default: false,
    defaultText: 'false',
    range: () => 'true or false',
    allows: (value) => typeof value === 'boolean',
  };
}

/**
 * The values of all options: the given ones, and defaults for the others.
 *
 * @throws RangeError for a value out of range
 */
export function complete<O extends Options>(
  options: O,
  given: Readonly<Record<string, unknown>>,
): ValuesOf<O> {
  const values: Record<string, Value> = {};
  for (const [name, option] of Object.entries(options)) {
    const { default: byDefault } = option;
    const value =
      given[name] === undefined
        ? typeof byDefault === 'function'
          ? byDefault(values)
          : byDefault
        : given[name];
    if (!option.allows(value, values))
      throw new RangeError(`${name} must be ${option.range(values)}, got ${inWords(value)}`);
    values[name] = value as Value;
  }
  return values as ValuesOf<O>;
}
