/** The settings of every kind of experiment, by its name. */
import { distance } from 'fastest-levenshtein';
import { GROKKING, type GrokkingConfig } from './grokking-config';
import { IMAGES, type ImagesConfig } from './images-config';
import type { Settings } from './settings';

/** The settings of one run. */
export type RunConfig = GrokkingConfig | ImagesConfig;

/** Settings as a user gives them; without `experiment` they are of the experiment grokking. */
export type RunSettings =
  | Readonly<Partial<GrokkingConfig>>
  | Readonly<Partial<ImagesConfig> & Pick<ImagesConfig, 'experiment'>>;

/** By experiment. */
export const SETTINGS: Readonly<Record<RunConfig['experiment'], Settings<RunConfig>>> = {
  grokking: GROKKING,
  images: IMAGES,
};

/**
 * The settings of an experiment.
 *
 * @throws RangeError for an unknown experiment, with the one that was meant, or all
 */
export function settingsOf(experiment: string): Settings<RunConfig> {
  if (Object.hasOwn(SETTINGS, experiment)) return SETTINGS[experiment as RunConfig['experiment']];
  const names = Object.keys(SETTINGS);
  const meant = names.filter((name) => distance(name, experiment) <= 2);
  throw new RangeError(
    `no experiment '${experiment}': choose ${(meant.length > 0 ? meant : names).join(', ')}`,
  );
}

/** Completes the settings of any experiment with its defaults; errors as {@link Settings.config}. */
export function completeConfig(settings: RunSettings): RunConfig {
  return settingsOf(settings.experiment ?? 'grokking').config(settings);
}

/** The grid that `key=value,value` words describe; see {@link Settings.parseGrid}. */
export function parseGrid(words: readonly string[], experiment = 'grokking'): RunConfig[] {
  return settingsOf(experiment).parseGrid(words);
}

/** The name of a run; see {@link Settings.runName}. */
export function runName(settings: RunSettings): string {
  return settingsOf(settings.experiment ?? 'grokking').runName(settings);
}

/** What differs from the defaults, as key=value words; see {@link Settings.overridesOf}. */
export function overridesOf(settings: RunSettings): string[] {
  return settingsOf(settings.experiment ?? 'grokking').overridesOf(settings);
}
