/** The interface of an experiment: its settings, each defined once, presets of them, and the set-up of a run. */
import type { Dataset } from '../data/dataset';
import { nearest } from '../given';
import type { Model } from '../models/model';
import type { DimensionEstimate, Measurement } from '../records/run-record';
import type { AnyConfig, Refuse, Setting, Settings, ValuesOf } from '../setting';
import type { MeasurementEvent, TrainOptions } from '../training/trainer';
import { type Chosen, type SettingsOf, settingsOf } from './settings';
import type { LOGGING } from './training-settings';

/** Dimensions by site, as a record keeps them. */
export type SiteIds = Record<string, DimensionEstimate>;

/** The data, network and training of one run. */
export interface Setup {
  readonly data: Dataset;
  /** Makes the untrained network. */
  readonly model: () => Model;
  /** How it is trained and measured, besides the parts that all experiments share. */
  readonly training: Pick<TrainOptions<DimensionEstimate>, 'optimizer' | 'schedule' | 'measureSite'> &
    Partial<TrainOptions<DimensionEstimate>>;
  /** Makes the line of the record. */
  readonly measurement: (event: MeasurementEvent<SiteIds>) => Promise<Measurement>;
}

/** Settings that every experiment must have, since a run needs them; see training-settings.ts. */
type CommonKey = 'seed' | 'steps' | 'batchSize' | 'measureEvery' | 'earlyMeasurements' | 'checkpointEvery';
type CommonSettings = Record<CommonKey, Setting<number>> & typeof LOGGING;

/** Settings that belong together, under the name by which the command line, sweeps and notebooks choose them. */
export interface Preset<V> {
  /** What is special about it, as a phrase for the help text. */
  readonly summary: string;
  /** The source of the values. */
  readonly source: string;
  /** The time that a run takes, and on which machine. */
  readonly cost: string;
  /** The settings that differ from the defaults. */
  readonly settings: Readonly<Partial<V>>;
  /** The values of a sweep for settings that the command line does not name. @default one run with `settings` */
  readonly grid?: { readonly [K in keyof V]?: readonly V[K][] };
}

/** The part that the configs of all experiments have in common. */
export type CommonConfig = { experiment: string } & ValuesOf<CommonSettings>;

/** The settings of one run, inferred from a definition. */
export type ConfigOf<Name extends string, S extends Settings> = { experiment: Name } & ValuesOf<S>;

/** The definition of an experiment. */
interface Definition<Name extends string, S extends Settings, Presets extends string> {
  /** The name by which it is chosen. */
  readonly name: Name;
  /** What happens in it, as a phrase for the help text. */
  readonly summary: string;
  /** The name of the interface of its settings, and its documentation in the generated file config-types.ts. */
  readonly type: { readonly name: string; readonly description: string };
  /** The settings, in the order of the help text and of run names. `experiment` is added. */
  readonly settings: S;
  /**
   * Registries by the setting that chooses one of their members, such as `{ dataset: IMAGE_DATASETS }`. The settings of
   * all members belong to `settings`. @default none
   */
  readonly registries?: Readonly<Record<string, readonly Chosen[]>>;
  /** Rejects values that are allowed separately but not together. @default none */
  readonly check?: (config: ConfigOf<Name, S>, refuse: Refuse<keyof ConfigOf<Name, S> & string>) => void;
  /** The presets by name; names must be unique among all experiments. */
  readonly presets: Readonly<Record<Presets, Preset<ConfigOf<Name, S>>>>;
  /** What is learnt in a run, for the title of a figure. The config may be incomplete. */
  readonly title: (config: AnyConfig) => string;
  /** The settings that figures name, in order: for the title of one run, and below the title for several runs. @default none */
  readonly named?: Readonly<Record<'run' | 'runs', readonly (keyof S & string)[]>>;
  /** Loads the data, and defines the network and its training. */
  readonly setup: (config: ConfigOf<Name, S>) => Promise<Setup>;
}

/** A kind of experiment. */
export interface Experiment<C, Presets extends string = string> extends SettingsOf<C> {
  readonly name: string;
  readonly summary: string;
  readonly type: { readonly name: string; readonly description: string };
  readonly settings: Settings;
  readonly registries: Readonly<Record<string, readonly Chosen[]>>;
  readonly presets: Readonly<Record<Presets, Preset<C>>>;
  /**
   * The complete settings of a preset, with changes.
   *
   * @throws RangeError for an unknown preset; also the errors of `config` for the changes
   */
  readonly preset: (name: Presets, changes?: Readonly<Partial<C>>) => C;
  readonly title: (config: AnyConfig) => string;
  readonly named?: Readonly<Record<'run' | 'runs', readonly string[]>>;
  readonly setup: (config: C) => Promise<Setup>;
}

/**
 * Defines an experiment. Its list of settings determines the type of a config, defaults, validation, help, run names and, through
 * `npm run config-types`, the interface with the documentation that an editor shows.
 *
 * @throws RangeError for a preset with values that are not allowed
 */
export function defineExperiment<
  const Name extends string,
  S extends Settings & CommonSettings,
  const Presets extends string,
>(definition: Definition<Name, S, Presets>): Experiment<ConfigOf<Name, S>, Presets> {
  const { check = () => {}, registries = {}, presets, ...rest } = definition;
  const settings = settingsOf<ConfigOf<Name, S>>(rest.name, rest.settings, registries, check);
  const preset = (name: Presets, changes?: Readonly<Partial<ConfigOf<Name, S>>>): ConfigOf<Name, S> => {
    const found = Object.hasOwn(presets, name) ? presets[name] : undefined;
    if (found) return settings.config({ ...found.settings, ...changes });
    const names = Object.keys(presets);
    throw new RangeError(
      `unknown preset '${name}'; did you mean '${nearest(name, names)}'? It must be one of ${names.join(', ')}`,
    );
  };
  for (const name of Object.keys(presets)) preset(name as Presets);
  return { ...rest, ...settings, registries, presets, preset };
}
