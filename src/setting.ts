/**
 * The kinds of settings. A setting says which values are allowed, what its default is, what it means, and whether it tells runs
 * apart.
 */

/**
 * What a run becomes with another value of a setting: another `run`; another `record` of the same training, which is measured at
 * other steps; or the `same` run, which may be resumed with the new value.
 */
export type Identity = 'run' | 'record' | 'same';

/** A config of any experiment. */
export type AnyConfig = Readonly<Record<string, unknown>>;

/** A setting, with or without a default. */
export interface AnySetting<T = unknown> {
  /** What it means, as a phrase without a capital letter and without a full stop. */
  readonly description: string;
  /** The value if none is given; `undefined` for a setting that may be absent. */
  readonly default: T | undefined;
  /** What applies if a setting without a default is absent. */
  readonly absent?: string;
  /** The allowed values, as the end of the sentence "it must be ...". */
  readonly allowed: string;
  /** Only the range of the allowed values, for a setting that is a number. */
  readonly range?: string;
  /** The meaning of each allowed value, if the values are choices that need an explanation. */
  readonly choices?: Readonly<Record<string, string>>;
  /** The type of a value, as it is written in TypeScript. */
  readonly type: string;
  /** Whether a value is a list, which is written with commas. */
  readonly isList: boolean;
  /** What a run becomes with another value; this may depend on the other settings. */
  readonly identity: Identity | ((config: AnyConfig) => Identity);
  /** A value in the words of a figure's title, such as `batches of 32`. @default the value alone */
  inWords?(value: T): string;
  accepts(value: unknown): value is T;
}

/** A setting with a default. */
export interface Setting<T> extends AnySetting<T> {
  readonly default: T;
}

/** A setting that may be absent. */
export interface OptionalSetting<T> extends AnySetting<T> {
  readonly default: undefined;
  readonly absent: string;
}

/** Settings by their keys. */
export type Settings = Readonly<Record<string, AnySetting>>;

type ValueOf<S> = S extends AnySetting<infer T> ? T : never;
type OptionalKeys<S> = { [K in keyof S]: S[K] extends { readonly default: undefined } ? K : never }[keyof S];

/** The values of settings by their keys. */
export type ValuesOf<S extends Settings> = {
  -readonly [K in Exclude<keyof S, OptionalKeys<S>>]: ValueOf<S[K]>;
} & {
  -readonly [K in OptionalKeys<S>]?: ValueOf<S[K]>;
};

/** The definition of a setting of any kind: its meaning, and either its default or what applies without it. */
type Definition<T> = Pick<AnySetting, 'description'> &
  Partial<Pick<AnySetting, 'identity'>> &
  Pick<AnySetting<T>, 'inWords'> &
  ({ readonly default: T } | { readonly absent: string });
type Defined<T, D> = D extends { readonly default: unknown } ? Setting<T> : OptionalSetting<T>;

/** The numbers that are allowed: from `min` or above `above`, up to `max` or below `below`. */
type Range = ({ readonly min: number } | { readonly above: number }) &
  ({ readonly max: number } | { readonly below: number });

/** A number in a range. */
export function number<const D extends Definition<number> & Range>(definition: D): Defined<number, D> {
  return define(definition, {
    allowed: `a number ${rangeInWords(definition)}`,
    range: rangeInWords(definition),
    type: 'number',
    accepts: (value) => typeof value === 'number' && isWithin(value, definition),
  });
}

/** A whole number in a range. */
export function wholeNumber<const D extends Definition<number> & Range>(definition: D): Defined<number, D> {
  return define(definition, {
    allowed: `a whole number ${rangeInWords(definition)}`,
    type: 'number',
    accepts: (value) => Number.isSafeInteger(value) && isWithin(value as number, definition),
  });
}

/** The largest count that a setting allows, which no run reaches. */
const MOST = 1e9;

/** A whole number of at least 1. */
export function count<const D extends Definition<number>>(definition: D): Defined<number, D> {
  return wholeNumber({ min: 1, max: MOST, ...definition }) as Defined<number, D>;
}

/** The seed of random numbers. */
export function seed<const D extends Definition<number>>(definition: D): Defined<number, D> {
  return wholeNumber({ min: 0, max: 2 ** 31 - 1, ...definition }) as Defined<number, D>;
}

/** A number between 0 and 1, neither of which is allowed. */
export function fraction<const D extends Definition<number>>(definition: D): Defined<number, D> {
  return number({ above: 0, below: 1, ...definition }) as Defined<number, D>;
}

/** A number from 0 up to, but not including, 1. */
export function belowOne<const D extends Definition<number>>(definition: D): Defined<number, D> {
  return number({ min: 0, below: 1, ...definition }) as Defined<number, D>;
}

/** True or false. */
export function flag<const D extends Definition<boolean>>(definition: D): Defined<boolean, D> {
  return define(definition, {
    allowed: 'true or false',
    type: 'boolean',
    accepts: (value) => typeof value === 'boolean',
  });
}

/** Any text. */
export function text<const D extends Definition<string>>(definition: D): Defined<string, D> {
  return define(definition, {
    allowed: 'any text',
    type: 'string',
    accepts: (value) => typeof value === 'string',
  });
}

/** One of a few words. */
export function choice<const W extends string>(
  words: readonly W[],
  definition: Pick<Definition<W>, 'description' | 'identity'> & { readonly default: NoInfer<W> },
): Setting<W> {
  return define(definition, {
    allowed: `one of ${words.join(', ')}`,
    type: words.map((word) => `'${word}'`).join(' | '),
    accepts: (value) => words.includes(value as W),
  });
}

/**
 * The name of a member of a registry.
 *
 * @param type the name of the type of these names, which the registry exports
 */
export function memberOf<const M extends { readonly name: string; readonly summary: string }>(
  members: readonly M[],
  type: string,
  definition: Pick<Definition<M['name']>, 'description' | 'identity' | 'inWords'> & {
    readonly default: NoInfer<M['name']>;
  },
): Setting<M['name']> {
  const names = members.map(({ name }) => name);
  const choices = Object.fromEntries(members.map(({ name, summary }) => [name, summary]));
  return { ...choice(names, definition), type, choices };
}

/** A list of numbers in a range. */
export function list(
  definition: Pick<Definition<number[]>, 'description' | 'identity'> & {
    readonly default: readonly number[];
  } & Range,
  form: {
    readonly whole?: boolean;
    /** Each number is greater than the one before. @default false */
    readonly rising?: boolean;
    /** @default any */
    readonly length?: number;
    /** There is at least one number. @default false */
    readonly filled?: boolean;
  } = {},
): Setting<number[]> {
  const { whole = false, rising = false, filled = false, length } = form;
  const amount = length === undefined ? '' : `${length} `;
  const numbers = `${amount}${whole ? 'whole ' : ''}numbers ${rangeInWords(definition)}`;
  const order = rising ? ', each greater than the one before' : '';
  return define(definition, {
    allowed: `a ${filled ? 'non-empty ' : ''}list of ${numbers}, separated by commas${order}`,
    type: 'number[]',
    isList: true,
    accepts: (value) =>
      Array.isArray(value) &&
      value.every((item) => (whole ? Number.isSafeInteger(item) : typeof item === 'number')) &&
      value.every((item) => isWithin(item, definition)) &&
      value.every((item, i) => !rising || i === 0 || item > value[i - 1]) &&
      (!filled || value.length > 0) &&
      (length === undefined || value.length === length),
  });
}

/** A list of words. */
export function words(
  definition: Pick<Definition<string[]>, 'description' | 'identity'> & {
    readonly default: readonly string[];
  },
): Setting<string[]> {
  return define(definition, {
    allowed: 'a list of different words, separated by commas',
    type: 'string[]',
    isList: true,
    accepts: (value) =>
      Array.isArray(value) &&
      value.every((word) => typeof word === 'string' && word !== '') &&
      new Set(value).size === value.length,
  });
}

type Kind = Pick<AnySetting, 'allowed' | 'range' | 'type' | 'choices'> & {
  readonly isList?: boolean;
  readonly accepts: (value: unknown) => boolean;
};

function define<S>(definition: Definition<unknown>, { isList = false, ...kind }: Kind): S {
  const { description, identity = 'run', inWords } = definition;
  const value =
    'default' in definition
      ? { default: definition.default }
      : { default: undefined, absent: definition.absent };
  return { description, identity, ...(inWords ? { inWords } : {}), ...value, isList, ...kind } as S;
}

function isWithin(value: number, range: Range): boolean {
  const enough = 'min' in range ? value >= range.min : value > range.above;
  return enough && ('max' in range ? value <= range.max : value < range.below);
}

function rangeInWords(range: Range): string {
  const write = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 15 });
  if ('min' in range && 'max' in range) return `between ${write(range.min)} and ${write(range.max)}`;
  const low = 'min' in range ? `of at least ${write(range.min)}` : `greater than ${write(range.above)}`;
  return `${low} and ${'max' in range ? `at most ${write(range.max)}` : `less than ${write(range.below)}`}`;
}

/** Reports that a value is not allowed together with others; `message` follows `key=value` in the error. */
export type Refuse<Key extends string> = (key: Key, message: string) => void;

/**
 * A member of a registry, such as a data set or a model, which an experiment chooses by its name and which has its own settings.
 */
export interface Choosable<Name extends string, S extends Settings> {
  readonly name: Name;
  /** A phrase for the help that says what it is. */
  readonly summary: string;
  readonly settings: S;
  /** Rejects values that are allowed separately but not together. @default none */
  check?(values: ValuesOf<S>, refuse: Refuse<keyof S & string>): void;
}

/** The defaults of all settings that have one. */
export function defaultsOf<S extends Settings>(
  settings: S,
): ValuesOf<{ [K in Exclude<keyof S, OptionalKeys<S>>]: S[K] }> {
  const values = Object.entries(settings).map(([key, { default: value }]) => [
    key,
    Array.isArray(value) ? [...value] : value,
  ]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** The settings of all members of a registry, each of which has its own. */
export type AllSettings<M extends { readonly settings: Settings }> = Intersection<M['settings']>;
type Intersection<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void
  ? I
  : never;

/**
 * The settings of all members of a registry. Members may share a setting, which is then the same object.
 *
 * @throws Error for two different settings with the same key
 */
export function allSettings<M extends { readonly name: string; readonly settings: Settings }>(
  members: readonly M[],
): AllSettings<M> {
  const all: Record<string, AnySetting> = {};
  for (const { name, settings } of members) {
    for (const [key, setting] of Object.entries(settings)) {
      if (all[key] !== undefined && all[key] !== setting)
        throw new Error(
          `the setting '${key}' of ${name} is defined differently elsewhere: share one, or rename it`,
        );
      all[key] = setting;
    }
  }
  return all as AllSettings<M>;
}

/** The member of a registry with this name. */
export function memberNamed<M extends { readonly name: string }>(members: readonly M[], name: M['name']): M {
  return members.find((member) => member.name === name)!;
}
