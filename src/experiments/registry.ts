/** All experiments by name. To add one, write its file and name it here. */
import { nearest } from '../given';
import { type AnyConfig, defaultsOf, type Identity } from '../setting';
import type { CommonConfig, Experiment, Preset, Setup } from './experiment';
import { fitTitle, givenSettings, isFit } from './fit-record';
import { GROKKING } from './grokking-config';
import { IMAGES } from './images-config';

export const EXPERIMENTS = [GROKKING, IMAGES] as const;

/** The experiment that is used if none is named. */
const DEFAULT = GROKKING;

/** The settings of one run. */
export type RunConfig = ReturnType<(typeof EXPERIMENTS)[number]['config']>;

/** Settings given by a user; without `experiment` they belong to grokking. */
export type RunSettings =
  | Readonly<Partial<ReturnType<(typeof DEFAULT)['config']>>>
  | (RunConfig extends infer C ? NamedSettings<C> : never);
type NamedSettings<C> = C extends { experiment: string }
  ? Readonly<Partial<C> & Pick<C, 'experiment'>>
  : never;

/** A word of the command line: an experiment with its defaults, or a preset of one. */
interface Chosen {
  readonly experiment: AnyExperiment;
  readonly preset?: Preset<Record<string, unknown>>;
}

/** Any experiment. */
type AnyExperiment = Omit<Experiment<RunConfig>, 'setup' | 'presets'> & {
  readonly presets: Readonly<Record<string, Preset<Record<string, unknown>>>>;
  readonly setup: (config: RunConfig) => Promise<Setup>;
};

/**
 * The definition of an experiment.
 *
 * @throws RangeError for an unknown name, with the nearest name and a list of all
 */
export function experimentNamed(name: string): AnyExperiment {
  const found = find(name);
  if (found) return found;
  throw unknownName(
    name,
    EXPERIMENTS.map((experiment) => experiment.name),
  );
}

function unknownName(name: string, names: readonly string[]): RangeError {
  return new RangeError(
    `unknown experiment '${name}'; did you mean '${nearest(name, names)}'? It must be one of ${names.join(', ')}`,
  );
}

function find(name: unknown): AnyExperiment | undefined {
  return EXPERIMENTS.find((experiment) => experiment.name === name) as unknown as AnyExperiment | undefined;
}

const of = (settings: RunSettings): AnyExperiment => experimentNamed(settings.experiment ?? DEFAULT.name);

/** Completes the settings of any experiment with its defaults; errors as {@link Experiment.config}. */
export function completeConfig(settings: RunSettings): RunConfig {
  return of(settings).config(settings);
}

/** All words by which a run can be started: experiments, and the presets of each. */
export function experimentWords(): string[] {
  return EXPERIMENTS.flatMap(({ name, presets }) => [name, ...Object.keys(presets)]);
}

/**
 * The settings of one run from an experiment's or a preset's name and `key=value` words.
 *
 * @throws RangeError for an unknown name, with the nearest one; also the errors of {@link Experiment.parseOverrides}
 */
export function parseRun(name: string, words: readonly string[]): RunConfig {
  const { experiment, preset } = chosen(name);
  return experiment.config({ ...preset?.settings, ...experiment.parseOverrides(words, preset?.settings) });
}

/**
 * The grid that `key=value,value` words describe; see {@link Experiment.parseGrid}.
 *
 * @param name of an experiment or of a preset
 */
export function parseGrid(words: readonly string[], name: string = DEFAULT.name): RunConfig[] {
  const { experiment, preset } = chosen(name);
  return experiment.parseGrid(words, preset?.settings, preset?.grid);
}

function chosen(name: string): Chosen {
  for (const experiment of EXPERIMENTS as unknown as readonly AnyExperiment[]) {
    if (experiment.name === name) return { experiment };
    if (Object.hasOwn(experiment.presets, name)) return { experiment, preset: experiment.presets[name]! };
  }
  throw unknownName(name, experimentWords());
}

/** The name of a run; see {@link Experiment.runName}. */
export function runName(settings: RunSettings): string {
  return of(settings).runName(settings);
}

/** The settings that differ from the defaults, as key=value words; see {@link Experiment.overridesOf}. */
export function overridesOf(settings: RunSettings): string[] {
  return of(settings).overridesOf(settings);
}

/**
 * The effect of a setting on the identity of a run; see {@link Identity}. The config may come from a record of any experiment, or
 * of none: without `experiment`, it counts as a config of grokking.
 */
export function identityOf(key: string, config: AnyConfig): Identity {
  return find(config['experiment'] ?? DEFAULT.name)?.identityOf(key, config) ?? 'run';
}

/** A config, possibly from an older record, completed with the defaults of settings that it does not have. */
export function withDefaults(config: AnyConfig): AnyConfig {
  const { settings = {} } = find(config['experiment'] ?? DEFAULT.name) ?? {};
  return { ...defaultsOf(settings), ...config };
}

/** The settings whose values may be changed when a run is resumed. */
export function changeableSettings(config: RunConfig & CommonConfig): string[] {
  return Object.keys(of(config).settings).filter((key) => identityOf(key, { ...config }) === 'same');
}

/**
 * The settings that a figure names for one `run`, or for `runs` that are drawn together, in words and by their keys. The config
 * may come from a record, which may lack some of them.
 */
export function namedSettings(config: AnyConfig, of: 'run' | 'runs'): Readonly<Record<string, string>> {
  if (isFit(config)) return of === 'run' ? givenSettings(config) : {};
  const { settings = {}, registries = {}, named } = find(config['experiment'] ?? DEFAULT.name) ?? {};
  // A config has the settings of all members of a registry, but only those of the chosen member matter.
  const isForeign = (key: string): boolean =>
    Object.entries(registries).some(([choice, members]) => {
      const users = members.filter((member) => key in member.settings).map(({ name }) => name);
      return users.length > 0 && config[choice] !== undefined && !users.includes(config[choice] as string);
    });
  const known = (named?.[of] ?? []).filter((key) => config[key] !== undefined && !isForeign(key));
  return Object.fromEntries(
    known.map((key) => [key, settings[key]!.inWords?.(config[key]) ?? String(config[key])]),
  );
}

/**
 * What is learnt in a run, for the title of a figure. The config may come from a record; without `experiment`, only its own
 * entries are known.
 */
export function titleOf(config: AnyConfig): string {
  if (isFit(config)) return fitTitle(config);
  const known = config['experiment'] === undefined ? config : withDefaults(config);
  return find(config['experiment'] ?? DEFAULT.name)?.title(known) ?? 'Training';
}
