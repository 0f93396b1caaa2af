/** The part of the experiments, presets and settings that the help of a command shows. */
import { EXPERIMENTS } from '../experiments/registry';

/** The description of the argument `experiment`. */
export const EXPERIMENT_ARGUMENT: string = `${EXPERIMENTS.map(({ name }) => name).join(' or ')}, or a preset of one (below)`;

/** An entry of the registry, independent of the settings of its experiment. */
interface Known {
  readonly name: string;
  readonly summary: string;
  readonly describe: () => string;
  readonly overridesOf: (settings: object) => string[];
  readonly presets: Readonly<Record<string, KnownPreset>>;
}
interface KnownPreset {
  readonly summary: string;
  readonly source: string;
  readonly cost: string;
  readonly settings: object;
  readonly grid?: Readonly<Record<string, readonly unknown[]>>;
}
const KNOWN = EXPERIMENTS as unknown as readonly Known[];

/**
 * The settings of the experiment, or the details of the preset, that the command line names; or else a list of all.
 */
export function experimentHelp(words: readonly string[]): string {
  for (const experiment of KNOWN) {
    if (words.includes(experiment.name)) return settingsInWords(experiment);
    const preset = Object.keys(experiment.presets).find((name) => words.includes(name));
    if (preset !== undefined) return presetInWords(experiment, preset);
  }
  const lists = KNOWN.map(({ name, summary, presets }) =>
    [
      line(name, summary),
      ...Object.entries(presets).map((entry) => line(`  ${entry[0]}`, entry[1].summary)),
    ].join('\n'),
  );
  return [
    'Experiments, and below each its presets:',
    ...lists,
    `For the settings of an experiment: npm run experiment -- ${KNOWN[0]!.name} --help. The same with a preset shows its source and cost.`,
  ].join('\n\n');
}

function line(name: string, text: string): string {
  return `  ${name.padEnd(20)} ${text}`;
}

function settingsInWords({ name, summary, describe }: Known): string {
  return `${name}: ${summary}. Its settings and their defaults:\n${describe()}`;
}

function presetInWords({ name: experiment, presets, overridesOf }: Known, name: string): string {
  const { summary, source, cost, settings, grid = {} } = presets[name]!;
  const axes = Object.entries(grid).map(([key, values]) => `${key}=${values.join(',')}`);
  return [
    `${name}: ${summary}.`,
    `Source: ${source}.`,
    `Cost: ${cost}.`,
    ...(axes.length > 0 ? [`Swept: ${axes.join(' ')}.`] : []),
    '',
    `It is ${experiment} with ${overridesOf({ experiment, ...settings }).join(' ') || 'the defaults'}.`,
    `For the settings: npm run experiment -- ${experiment} --help.`,
  ].join('\n');
}
