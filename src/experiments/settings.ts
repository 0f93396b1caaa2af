/** The machinery of settings: from one schema come defaults, ranges, key=value overrides, grids, names, help and errors. */

import { z } from 'zod';
import { nearest } from '../nearest';

/** What can be done with the settings of one kind of experiment. */
export interface Settings<C> {
  /**
   * Completes settings with the defaults.
   *
   * @throws RangeError for unknown keys and bad values, with the nearest key or the allowed range
   */
  config(settings?: Readonly<Partial<C>>): C;
  /**
   * Reads `key=value` words, such as trainFraction=.3 weightDecay=1e-2 milestones=100,200, and checks them.
   * Only the keys that were given are in the result, so that it can be spread over a preset.
   *
   * @throws RangeError as `config`, and for words that are no key=value
   */
  parseOverrides(words: readonly string[]): Partial<C>;
  /**
   * Reads words whose values may be lists, such as trainFraction=.2,.3 weightDecay=0,1e-2, into every combination,
   * the last key varying fastest. For a key that is a list itself (milestones) the commas belong to the value.
   *
   * @throws RangeError as `parseOverrides`, and for a value that is given twice
   */
  parseGrid(words: readonly string[]): C[];
  /**
   * The name of a run, from the settings that differ from the defaults: `grokking-trainFraction0.2-weightDecay0.01`.
   * `steps` and `checkpointEvery` are not in it, for a run may be prolonged, except where the schedule depends on them.
   */
  runName(settings: Readonly<Partial<C>>): string;
  /** The settings that differ from the defaults as key=value words, from which `parseOverrides` reads them back. */
  overridesOf(settings: Readonly<Partial<C>>): string[];
  /** Every key with its default, what it means and its range, for `--help`. */
  describe(): string;
}

/** What every kind of experiment has among its settings. */
export interface CommonConfig {
  readonly experiment: string;
  readonly steps: number;
  readonly schedule: string;
}

export const count = (description: string): z.ZodNumber => z.int().min(1).max(1e9).describe(description);
export const seed = (description: string): z.ZodNumber =>
  z.int().min(0).max(2147483647).describe(description);
export const share = (description: string): z.ZodNumber => z.number().gt(0).lt(1).describe(description);
export const belowOne = (description: string): z.ZodNumber => z.number().min(0).lt(1).describe(description);

/** A run may be prolonged, and kept in another rhythm; the rest of its settings are what makes it this run. */
const NOT_IN_NAME: readonly string[] = ['experiment', 'steps', 'checkpointEvery'];

/** Says that a setting does not go together with the others; `message` follows `key=value`. */
export type Refuse<C> = (key: keyof C & string, message: string) => void;

/**
 * Makes the settings of one kind of experiment.
 *
 * @param schema its keys, each with default, description and range
 * @param check refuses settings that are right alone but not together
 */
export function defineSettings<C extends CommonConfig>(
  schema: z.ZodObject,
  check: (config: C, refuse: Refuse<C>) => void,
): Settings<C> {
  type Key = keyof C & string;
  const keys = Object.keys(schema.shape) as Key[];
  const completed = schema.superRefine((config, context) =>
    check(config as unknown as C, (key, message) =>
      context.addIssue({ code: 'custom', path: [key], message, input: config[key] }),
    ),
  );
  let properties: Readonly<Record<string, Property>> | undefined;
  const property = (key: string): Property => {
    properties ??= z.toJSONSchema(schema, { io: 'input' }).properties as Record<string, Property>;
    return properties[key]!;
  };
  const isKey = (key: string): key is Key => Object.hasOwn(schema.shape, key);
  const isList = (key: string): boolean => property(key).type === 'array';
  const unknownKey = (key: string): string =>
    `no setting '${key}': did you mean '${nearest(key, keys)}'? (--help lists all)`;

  const config = (settings: Readonly<Partial<C>> = {} as Partial<C>): C => {
    const unknown = Object.keys(settings).find((key) => !isKey(key));
    if (unknown !== undefined) throw new RangeError(unknownKey(unknown));
    const parsed = completed.safeParse(settings);
    if (parsed.success) return parsed.data as unknown as C;
    const lines = parsed.error.issues.map(({ code, path, message }) => {
      const key = String(path[0]) as Key;
      const given = `${key}=${format(settings[key] ?? config()[key])}`;
      return code === 'custom'
        ? `${given} ${message}`
        : `${given} is refused: give ${describeRange(property(key))}`;
    });
    throw new RangeError([...new Set(lines)].join('; '));
  };

  const readWords = (words: readonly string[]): { key: Key; text: string }[] => {
    const seen = new Set<string>();
    return words.map((word) => {
      const at = word.indexOf('=');
      if (at < 1) throw new RangeError(`'${word}' is no setting: write key=value, such as weightDecay=1e-2`);
      const key = word.slice(0, at);
      if (!isKey(key)) throw new RangeError(unknownKey(key));
      if (seen.has(key)) throw new RangeError(`${key} is given twice: give each key once`);
      seen.add(key);
      return { key, text: word.slice(at + 1) };
    });
  };
  const parseValue = (key: string, text: string): unknown =>
    isList(key) ? text.split(',').filter(Boolean).map(parseScalar) : parseScalar(text);

  const differing = (settings: Readonly<Partial<C>>): { complete: C; keys: Key[] } => {
    const [complete, defaults] = [config(settings), config()];
    return { complete, keys: keys.filter((key) => format(complete[key]) !== format(defaults[key])) };
  };

  return {
    config,
    parseOverrides: (words) => {
      const settings = Object.fromEntries(
        readWords(words).map(({ key, text }) => [key, parseValue(key, text)]),
      ) as Partial<C>;
      config(settings);
      return settings;
    },
    parseGrid: (words) => {
      let cells: Partial<C>[] = [{}];
      for (const { key, text } of readWords(words)) {
        const values = (isList(key) ? [text] : text.split(',')).map((part) => parseValue(key, part));
        const twice = values.find((value, i) => values.indexOf(value) < i);
        if (twice !== undefined)
          throw new RangeError(`${key} has ${format(twice)} twice: give each value once`);
        cells = cells.flatMap((cell) => values.map((value) => ({ ...cell, [key]: value })));
      }
      return cells.map((cell) => config(cell));
    },
    runName: (settings) => {
      const { complete, keys } = differing(settings);
      const inName = (key: string): boolean =>
        !NOT_IN_NAME.includes(key) || (key === 'steps' && complete.schedule === 'cosine');
      return [
        complete.experiment,
        ...keys.filter(inName).map((key) => `${key}${format(complete[key]).replaceAll(/[,/]/g, '+')}`),
      ].join('-');
    },
    overridesOf: (settings) => {
      const { complete, keys } = differing(settings);
      return keys.map((key) => `${key}=${format(complete[key])}`);
    },
    describe: () => {
      const defaults = config();
      return keys
        .filter((key) => key !== 'experiment')
        .map((key) => {
          const value = defaults[key] === undefined ? '' : format(defaults[key]);
          return `  ${`${key}=${value}`.padEnd(24)} ${property(key).description}; ${describeRange(property(key))}`;
        })
        .join('\n');
    },
  };
}

function parseScalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) ? number : text;
}

/** As the command line takes it. */
function format(value: unknown): string {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? JSON.stringify(value)
    : String(value);
}

interface Property {
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string;
  readonly items?: Property;
  /** Of a list. */
  readonly rising?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

function describeRange({ enum: choices, const: only, type, items, rising, ...range }: Property): string {
  if (choices) return choices.join(', ');
  if (only !== undefined) return String(only);
  if (type === 'boolean') return 'true or false';
  if (type === 'string') return 'a name';
  if (type === 'array')
    return items?.type === 'integer'
      ? `${rising ? 'rising ' : ''}whole numbers from 1, with commas between`
      : 'numbers above 0, with commas between';
  const kind = type === 'integer' ? 'a whole number' : 'a number';
  const low =
    range.exclusiveMinimum === undefined ? `from ${range.minimum}` : `above ${range.exclusiveMinimum}`;
  const high =
    range.exclusiveMaximum === undefined ? `to ${range.maximum}` : `and below ${range.exclusiveMaximum}`;
  return `${kind} ${low} ${high}`;
}
