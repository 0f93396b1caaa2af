/** The functions of a list of settings: completing a config, parsing key=value words and grids, naming runs, and help. */
import { nearest } from '../given';
import { type AnySetting, type Identity, memberNamed, type Refuse, type Settings } from '../setting';

/** The settings of one kind of experiment. */
export interface SettingsOf<C> {
  /**
   * Completes settings with the defaults.
   *
   * @throws RangeError for unknown settings, with the nearest one, and for values that are not allowed, with those that are
   */
  config(settings?: Readonly<Partial<C>>): C;
  /**
   * Reads `key=value` words, such as trainFraction=.3 weightDecay=1e-2 milestones=100,200, and checks them.
   * The result contains only the given settings, so that it can be spread over a preset.
   *
   * @param base values of the settings that the words do not name, such as those of a preset. @default the defaults
   * @throws RangeError like `config`, and for words that are not of the form key=value
   */
  parseOverrides(words: readonly string[], base?: Readonly<Partial<C>>): Partial<C>;
  /**
   * Reads words whose values may be lists, such as trainFraction=.2,.3 weightDecay=0,1e-2, into every combination.
   * The last setting varies fastest. If a setting is itself a list (milestones), the commas belong to the value.
   *
   * @param base as for `parseOverrides`
   * @param grid the values of settings that the words do not name, which vary more slowly
   * @throws RangeError like `parseOverrides`, and for a value that is given twice
   */
  parseGrid(
    words: readonly string[],
    base?: Readonly<Partial<C>>,
    grid?: { readonly [K in keyof C]?: readonly C[K][] },
  ): C[];
  /**
   * The name of a run, from the settings that differ from the defaults: `grokking-trainFraction0.2-weightDecay0.01`.
   * Settings that do not change the identity of a run are left out.
   */
  runName(settings: Readonly<Partial<C>>): string;
  /** The settings that differ from the defaults, as key=value words from which `parseOverrides` reads them back. */
  overridesOf(settings: Readonly<Partial<C>>): string[];
  /** The effect of a setting on the identity of a run. A key that is not a setting of the experiment counts as making another run. */
  identityOf(key: string, config: Readonly<Record<string, unknown>>): Identity;
  /** Every setting with its default, its meaning and the allowed values, for `--help`. */
  describe(): string;
}

/** A member of a registry, as far as settings go; see {@link Choosable}. */
export interface Chosen {
  readonly name: string;
  readonly settings: Settings;
  check?(values: never, refuse: Refuse<string>): void;
}

/**
 * Makes the functions of a list of settings.
 *
 * @param name the name of the experiment, which is in every config
 * @param registries by the setting that chooses one of their members, whose own settings are among these
 * @param check refuses values that are allowed alone but not together
 */
export function settingsOf<C>(
  name: string,
  settings: Settings,
  registries: Readonly<Record<string, readonly Chosen[]>>,
  check: (config: C, refuse: Refuse<keyof C & string>) => void,
): SettingsOf<C> {
  type Values = Readonly<Record<string, unknown>>;
  const keys = Object.keys(settings);
  const all = ['experiment', ...keys];

  const config = (given: Values = {}): C => {
    const unknown = Object.keys(given).find((key) => !all.includes(key));
    if (unknown !== undefined) throw unknownSetting(unknown, all);
    const experiment = given['experiment'] ?? name;
    if (experiment !== name)
      throw new RangeError(`these are the settings of the experiment ${name}, not of ${String(experiment)}`);
    const complete: Record<string, unknown> = { experiment: name };
    const refused: string[] = [];
    const refuse = (key: string, message: string): void => {
      refused.push(`${key}=${format(complete[key])} ${message}`);
    };
    for (const [key, setting] of Object.entries(settings)) {
      const value = given[key] === undefined ? setting.default : given[key];
      if (value === undefined) continue;
      complete[key] = Array.isArray(value) ? [...value] : value;
      if (!setting.accepts(value)) refused.push(refusal(key, value, setting));
    }
    if (refused.length === 0) {
      for (const [key, members] of Object.entries(registries))
        memberNamed(members, complete[key] as string).check?.(complete as never, refuse);
      check(complete as C, refuse);
    }
    if (refused.length > 0) throw new RangeError(refused.join('; '));
    return complete as C;
  };

  const readWords = (words: readonly string[]): { key: string; text: string }[] => {
    const seen = new Set<string>();
    return words.map((word) => {
      const at = word.indexOf('=');
      if (at < 1) throw new RangeError(`'${word}' is not of the form key=value, such as seed=1`);
      const key = word.slice(0, at);
      if (!all.includes(key)) throw unknownSetting(key, all);
      if (seen.has(key)) throw new RangeError(`${key} is given twice: give each setting once`);
      seen.add(key);
      return { key, text: word.slice(at + 1) };
    });
  };
  /** Rejects words that no config uses, since they were meant to change something. */
  const refuseUnused = (keys: readonly string[], configs: readonly Values[]): void => {
    for (const [choice, members] of Object.entries(registries)) {
      const chosen = new Set(configs.map((complete) => complete[choice]));
      for (const key of keys) {
        const users = members.filter((member) => key in member.settings).map((member) => member.name);
        if (users.length === 0 || users.some((user) => chosen.has(user))) continue;
        throw new RangeError(
          `${key} is not used with ${choice}=${[...chosen].join()}, only with ${users.join(' or ')}: leave it out`,
        );
      }
    }
  };
  const parseValue = (key: string, text: string): unknown => {
    if (settings[key]?.isList) return text.split(',').filter(Boolean).map(parseScalar);
    return settings[key]?.type === 'string' ? text : parseScalar(text);
  };
  const identityOf = (key: string, complete: Values): Identity => {
    if (key === 'experiment') return 'run';
    const identity = settings[key]?.identity ?? 'run';
    return typeof identity === 'function' ? identity(complete) : identity;
  };
  const differing = (given: Values): { complete: Values; changed: string[] } => {
    const complete = config(given) as Values;
    const changed = keys.filter((key) => format(complete[key]) !== format(settings[key]!.default));
    return { complete, changed };
  };

  return {
    config: (given) => config(given as Values),
    parseOverrides: (words, base) => {
      const given = Object.fromEntries(readWords(words).map(({ key, text }) => [key, parseValue(key, text)]));
      refuseUnused(Object.keys(given), [config({ ...base, ...given }) as Values]);
      return given as Partial<C>;
    },
    parseGrid: (words, base, grid = {}) => {
      const given = readWords(words);
      let cells: Values[] = [{ ...base }];
      for (const [key, values] of Object.entries<readonly unknown[]>(
        grid as Record<string, readonly unknown[]>,
      ))
        if (!given.some((word) => word.key === key))
          cells = cells.flatMap((cell) => values.map((value) => ({ ...cell, [key]: value })));
      for (const { key, text } of given) {
        const values = (settings[key]?.isList ? [text] : text.split(',')).map((part) =>
          parseValue(key, part),
        );
        const twice = values.find((value, i) => values.indexOf(value) < i);
        if (twice !== undefined)
          throw new RangeError(`${key} has the value ${format(twice)} twice: give each value once`);
        cells = cells.flatMap((cell) => values.map((value) => ({ ...cell, [key]: value })));
      }
      const configs = cells.map((cell) => config(cell));
      refuseUnused(
        given.map(({ key }) => key),
        configs as Values[],
      );
      return configs;
    },
    runName: (given) => {
      const { complete, changed } = differing(given as Values);
      const named = changed.filter((key) => identityOf(key, complete) !== 'same');
      return [name, ...named.map((key) => `${key}${format(complete[key]).replaceAll(/[,/]/g, '+')}`)].join(
        '-',
      );
    },
    overridesOf: (given) => {
      const { complete, changed } = differing(given as Values);
      return changed.map((key) => `${key}=${format(complete[key])}`);
    },
    identityOf,
    describe: () =>
      Object.entries(settings)
        .map(([key, setting]) => describe(key, setting))
        .join('\n'),
  };
}

function unknownSetting(key: string, known: readonly string[]): RangeError {
  return new RangeError(`unknown setting '${key}'; did you mean '${nearest(key, known)}'?`);
}

/** The error for a value. A number that was given as a text is shown in quotation marks, to distinguish it from a number. */
function refusal(key: string, value: unknown, { allowed, range }: AnySetting): string {
  const shown = typeof value === 'string' && parseScalar(value) !== value ? `'${value}'` : format(value);
  const isNumber = typeof value === 'number' && Number.isFinite(value);
  return `${key}=${shown} is not allowed: it must be ${isNumber ? (range ?? allowed) : allowed}`;
}

function describe(key: string, setting: AnySetting): string {
  const { description, default: value, absent, allowed, choices = {} } = setting;
  const meaning = absent === undefined ? description : `${description} (default: ${absent})`;
  const width = Math.max(...Object.keys(choices).map((word) => word.length));
  return [
    `  ${`${key}=${value === undefined ? '' : format(value)}`.padEnd(24)} ${meaning}; ${allowed}`,
    ...Object.entries(choices).map(([word, means]) => `${' '.repeat(29)}${word.padEnd(width)}  ${means}`),
  ].join('\n');
}

function parseScalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) ? number : text;
}

/** A value as on the command line. */
function format(value: unknown): string {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? JSON.stringify(value)
    : String(value);
}
