/** What an experiment is: settings, each of which is said once, presets of them, and how a run of it is set up. */
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

/** Data, network and training of one run. */
export interface Setup {
  readonly data: Dataset;
  /** Makes the untrained network. */
  readonly model: () => Model;
  /** How it is trained and measured, besides what all experiments share. */
  readonly training: Pick<TrainOptions<DimensionEstimate>, 'optimizer' | 'schedule' | 'measureSite'> &
    Partial<TrainOptions<DimensionEstimate>>;
  /** The line of the record. */
  readonly measurement: (event: MeasurementEvent<SiteIds>) => Promise<Measurement>;
}

/** Settings that every experiment has, since a run needs them; see training-settings.ts. */
type CommonKey = 'seed' | 'steps' | 'batchSize' | 'measureEvery' | 'earlyMeasurements' | 'checkpointEvery';
type CommonSettings = Record<CommonKey, Setting<number>> & typeof LOGGING;

/** Settings that belong together, under the name by which the command line, sweeps and notebooks choose them. */
export interface Preset<V> {
  /** What is special about it, as a phrase, for help. */
  readonly summary: string;
  /** Where the values are from. */
  readonly source: string;
  /** How long a run takes on which machine. */
  readonly cost: string;
  /** What differs from the defaults. */
  readonly settings: Readonly<Partial<V>>;
  /** The values of a sweep for the settings that its words do not name. @default one run with `settings` */
  readonly grid?: { readonly [K in keyof V]?: readonly V[K][] };
}

/** What can be asked of the config of any experiment. */
export type CommonConfig = { experiment: string } & ValuesOf<CommonSettings>;

/** The settings of one run, inferred from a definition. */
export type ConfigOf<Name extends string, S extends Settings> = { experiment: Name } & ValuesOf<S>;

/** What a new experiment has to say. */
interface Definition<Name extends string, S extends Settings, Presets extends string> {
  /** The word by which it is chosen. */
  readonly name: Name;
  /** What happens in it, as a phrase, for help. */
  readonly summary: string;
  /** The name of the interface of its settings, and its documentation in the generated file config-types.ts. */
  readonly type: { readonly name: string; readonly description: string };
  /** In the order in which they are in help and in the names of runs. `experiment` is added. */
  readonly settings: S;
  /**
   * Registries by the setting that chooses one of their members, such as `{ dataset: IMAGE_DATASETS }`. The settings of
   * all members belong to `settings`. @default none
   */
  readonly registries?: Readonly<Record<string, readonly Chosen[]>>;
  /** Refuses values that are allowed alone but not together. @default none */
  readonly check?: (config: ConfigOf<Name, S>, refuse: Refuse<keyof ConfigOf<Name, S> & string>) => void;
  /** By name; no two experiments may have one of the same name. */
  readonly presets: Readonly<Record<Presets, Preset<ConfigOf<Name, S>>>>;
  /** What is learnt in a run, for the title of a figure. The config may be a part of one. */
  readonly title: (config: AnyConfig) => string;
  /** The settings that figures name, in this order: in the title of one run, and below that of several. @default none */
  readonly named?: Readonly<Record<'run' | 'runs', readonly (keyof S & string)[]>>;
  /** Loads the data, and says which network is trained on them and how. */
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
   * @throws RangeError for a name that no preset has; what `config` throws for the changes
   */
  readonly preset: (name: Presets, changes?: Readonly<Partial<C>>) => C;
  readonly title: (config: AnyConfig) => string;
  readonly named?: Readonly<Record<'run' | 'runs', readonly string[]>>;
  readonly setup: (config: C) => Promise<Setup>;
}

/**
 * Defines an experiment. From its list of settings come the type of a config, defaults, validation, help, the names
 * of runs, and, by `npm run config-types`, the interface with the documentation that an editor shows.
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
