/** The options that all commands that estimate a dimension share. */
import { type Command, Option } from 'commander';
import { group } from 'd3-array';
import {
  DEFAULT_ESTIMATOR,
  ESTIMATOR_OPTIONS,
  ESTIMATORS,
  type EstimatorName,
  estimatorNamed,
} from '../intrinsic-dimension/estimators/registry';
import { DEFAULT_LEVEL } from '../intrinsic-dimension/intervals';
import { DEFAULT_INTERVAL, INTERVALS } from '../intrinsic-dimension/intrinsic-dimension';
import { DEFAULT_METRIC, METRICS } from '../intrinsic-dimension/points/space';
import type { Period } from '../intrinsic-dimension/points/torus';

/** The options of estimators by name; several estimators may have an option of the same name. */
export const ESTIMATOR_FLAGS: readonly (readonly [string, typeof ESTIMATOR_OPTIONS])[] = [
  ...group(ESTIMATOR_OPTIONS, ({ name }) => name),
].filter(([name]) => name !== 'fit');

/**
 * Adds the options for the estimator, its own options, the metric and the interval. The help text lists the estimators, or the
 * options of the estimator that is named beside `--help`.
 */
export function addEstimateOptions(command: Command): Command {
  command
    .option(
      '--estimator <name>',
      `which estimator to use (default: ${DEFAULT_ESTIMATOR})`,
      (word) => estimatorNamed(word).name,
    )
    .addHelpText('after', () => `\n${estimatorHelp(command.name(), command.opts()['estimator'])}`);
  for (const [name, meanings] of ESTIMATOR_FLAGS) {
    const isFlag = typeof meanings[0]!.default === 'boolean';
    const words = new Set(meanings.flatMap((meaning) => meaning.words ?? []));
    const text = meanings.map(
      ({ estimators, description, defaultText }) =>
        `${estimators.join(', ')}: ${description}${isFlag ? '' : ` (default ${defaultText})`}`,
    );
    const option = isFlag
      ? new Option(`--${name}`, text.join('; '))
      : words.size > 0
        ? new Option(`--${name} <name>`, text.join('; ')).choices([...words])
        : new Option(`--${name} <n>`, text.join('; ')).argParser((word) => numberNamed(name, word));
    command.addOption(option.hideHelp());
  }
  return command
    .addOption(
      new Option('--metric <name>', `distance between points (default: ${DEFAULT_METRIC})`).choices(METRICS),
    )
    .addOption(
      new Option(
        '--period <p>',
        'after how much coordinates repeat, as angles do: 6.2832, or one number a column, as 1,1,0 (0: it does not repeat)',
      ).argParser(periodNamed),
    )
    .addOption(
      new Option('--interval <kind>', `source of the interval (default: ${DEFAULT_INTERVAL})`).choices(
        INTERVALS,
      ),
    )
    .addOption(
      new Option('--level <f>', `level of the interval (default: ${DEFAULT_LEVEL})`).argParser((word) =>
        numberNamed('level', word),
      ),
    );
}

/** @throws Error for a word that is neither a number nor a list of numbers */
function periodNamed(word: string): Period {
  const numbers = word.split(',').map((each) => numberNamed('period', each));
  return numbers.length === 1 ? numbers[0]! : numbers;
}

/** @throws Error for a word that is not a number */
export function numberNamed(name: string, word: string): number {
  const number = Number(word);
  if (word.trim() === '' || Number.isNaN(number))
    throw new Error(`--${name} must be a number, got '${word}'`);
  return number;
}

/** A share in per cent: 0.95 -> 95 %. */
export function percent(level = DEFAULT_LEVEL): string {
  return `${Number((100 * level).toPrecision(6))} %`;
}

/** A line for each estimator, or one estimator with its options. */
function estimatorHelp(command: string, chosen?: EstimatorName): string {
  if (chosen === undefined) {
    const lines = ESTIMATORS.map((name) => `  ${name.padEnd(29)} ${estimatorNamed(name).summary}`);
    return `Estimators:\n${lines.join('\n')}\n\nFor the options of one: ${command} --estimator gride --help`;
  }
  const { summary, source } = estimatorNamed(chosen);
  const options = ESTIMATOR_OPTIONS.filter(
    ({ estimators, name }) => name !== 'fit' && estimators.includes(chosen),
  );
  const lines = options.map(({ name, description, defaultText, ...option }) => {
    const choices = option.words ? `; one of ${option.words.join(', ')}` : '';
    const isFlag = typeof option.default === 'boolean';
    return `  --${name.padEnd(20)} ${description}${choices}${isFlag ? '' : ` (default ${defaultText})`}`;
  });
  return `${chosen}: ${summary}. ${source}. Its options:\n${lines.join('\n') || '  none'}`;
}
