/** What an experiment is: settings, each of which is said once, presets of them, and how a run of it is set up. */
import type { Dataset } from '../data/dataset';
import type { Model } from '../models/model';
import type { DimensionEstimate, Measurement } from '../records/run-record';
import type { AnyConfig, Refuse, Setting, Settings, ValuesOf } from '../setting';
import type { MeasurementEvent, TrainOptions } from '../training/trainer';
import { type Chosen, type SettingsOf, settingsOf } from './settings';

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

/** What can be asked of the config of any experiment. */
export type CommonConfig = { experiment: string } & Record<CommonKey, number>;

/** The settings of one run, inferred from a definition. */
export type ConfigOf<Name extends string, S extends Settings> = { experiment: Name } & ValuesOf<S>;

/** What a new experiment has to say. */
interface Definition<Name extends string, S extends Settings, Preset extends string> {
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
  /** Settings that belong together. Only what differs from the defaults is given. */
  readonly presets: Readonly<Record<Preset, Readonly<Partial<ValuesOf<S>>>>>;
  /** What is learnt in a run, for the title of a figure. The config may be a part of one. */
  readonly title: (config: AnyConfig) => string;
  /** The settings that figures name, in this order: in the title of one run, and below that of several. @default none */
  readonly named?: Readonly<Record<'run' | 'runs', readonly (keyof S & string)[]>>;
  /** Loads the data, and says which network is trained on them and how. */
  readonly setup: (config: ConfigOf<Name, S>) => Promise<Setup>;
}

/** A kind of experiment. */
export interface Experiment<C, Preset extends string = string> extends SettingsOf<C> {
  readonly name: string;
  readonly summary: string;
  readonly type: { readonly name: string; readonly description: string };
  readonly settings: Settings;
  readonly registries: Readonly<Record<string, readonly Chosen[]>>;
  /** Complete settings by the name of the preset. */
  readonly presets: Readonly<Record<Preset, C>>;
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
  S extends Settings & Record<CommonKey, Setting<number>>,
  const Preset extends string,
>(definition: Definition<Name, S, Preset>): Experiment<ConfigOf<Name, S>, Preset> {
  const { check = () => {}, registries = {}, presets, ...rest } = definition;
  const settings = settingsOf<ConfigOf<Name, S>>(rest.name, rest.settings, registries, check);
  const complete = Object.entries<Readonly<Partial<ValuesOf<S>>>>(presets).map(([preset, differing]) => [
    preset,
    settings.config(differing as Partial<ConfigOf<Name, S>>),
  ]);
  return {
    ...rest,
    ...settings,
    registries,
    presets: Object.fromEntries(complete) as Record<Preset, ConfigOf<Name, S>>,
  };
}
