/** The experiments, their presets and settings, as the help of commands lists them. */
import type { Preset } from '../experiments/experiment';
import { EXPERIMENTS } from '../experiments/registry';

/** What the argument may be. */
export const EXPERIMENT_ARGUMENT: string = `${EXPERIMENTS.map(({ name }) => name).join(' or ')}, or a preset of one (below)`;

/** Every preset with what it is, where it is from, and what a run costs. */
export const PRESETS_IN_WORDS: string = EXPERIMENTS.map(
  ({ name, presets }) => `Presets of ${name}:\n${Object.entries(presets).map(presetInWords).join('\n')}`,
).join('\n\n');

/** Every experiment with its settings and their defaults. */
export const SETTINGS_IN_WORDS: string = EXPERIMENTS.map(
  ({ name, summary, describe }) => `${name}: ${summary}. Its settings and their defaults:\n${describe()}`,
).join('\n\n');

function presetInWords([name, { summary, source, cost, grid = {} }]: [string, Preset<unknown>]): string {
  const axes = Object.entries<readonly unknown[]>(grid).map(([key, values]) => `${key}=${values.join(',')}`);
  const sweep = axes.length === 0 ? '' : ` Swept: ${axes.join(' ')}.`;
  return `  ${name.padEnd(18)} ${summary}. Source: ${source}. Cost: ${cost}.${sweep}`;
}
