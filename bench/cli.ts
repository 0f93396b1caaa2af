/** `npm run bench`: compares this project with the tools that researchers use today, and its estimators with each other. */
import { loadavg } from 'node:os';
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { defineCommand, runCommand } from '../src/commands/command';
import { environment } from '../src/records/environment';
import { loadBackend } from '../src/runtime/backend';
import { ID_PARTS } from './id/parts';
import { limitInstructions } from './instructions';
import { allMet, draw, toJson, toText } from './report';
import type { Parts, Result } from './result';
import { STEP_PARTS } from './step/parts';
import { truthCommand } from './truth/truth';

interface Suite {
  readonly about: string;
  readonly parts: Parts;
}

const SUITES = {
  step: {
    about: 'training steps beside PyTorch, torch.compile, model.fit and stock tfjs-node',
    parts: STEP_PARTS,
  },
  id: {
    about: "estimates beside DADApy, scikit-dimension, FAISS and the paper's procedure",
    parts: ID_PARTS,
  },
} as const satisfies Record<string, Suite>;
type SuiteName = keyof typeof SUITES;
const SUITE_NAMES = Object.keys(SUITES) as SuiteName[];
const FEWEST_ROUNDS = 5;

interface Options {
  readonly only?: readonly string[];
  readonly rounds: number;
  readonly instructions?: string;
  readonly json: boolean;
}

/** All suites, one after the other. */
function benchCommand(): Command {
  const command = defineCommand(
    'bench',
    'Compare this project with the tools that researchers use today. Without a name, step and id run.',
  )
    .addArgument(new Argument('[name]', 'what to compare').choices([...SUITE_NAMES, 'truth']))
    .addHelpText(
      'after',
      [
        '\nNames (each has a --help of its own):',
        ...SUITE_NAMES.map((name) => `  ${name.padEnd(6)} ${SUITES[name].about}`),
        '  truth  estimators on manifolds of known dimension',
      ].join('\n'),
    );
  return withOptions(command).action((_name: undefined, options: Options) => run(SUITE_NAMES, options));
}

/** One suite, of which parts can be chosen. */
function suiteCommand(name: SuiteName): Command {
  const { about, parts } = SUITES[name];
  const command = defineCommand('bench', `Compare ${about}.`, name)
    .option('--only <parts>', 'some parts, such as a,d (default: all)', (text) => lettersOf(text, parts))
    .addHelpText(
      'after',
      ['\nParts:', ...Object.entries(parts).map(([letter, part]) => `  ${letter}  ${part.about}`)].join('\n'),
    );
  return withOptions(command).action((options: Options) => run([name], options));
}

function withOptions(command: Command): Command {
  return command
    .option('--rounds <number>', 'how often the sides take turns', rounds, FEWEST_ROUNDS)
    .option('--instructions <set>', 'limit all sides alike, to sse41, avx2 or avx512')
    .option('--json', 'print one line of JSON', false);
}

async function run(suites: readonly SuiteName[], options: Options): Promise<void> {
  if (options.instructions !== undefined) limitInstructions(options.instructions);
  const backend = await loadBackend();
  for (const suite of suites) {
    const parts: Parts = SUITES[suite].parts;
    const before = loadavg()[0]!;
    const results: Result[] = [];
    for (const letter of options.only ?? Object.keys(parts)) {
      for (const result of await parts[letter]!.run(options.rounds)) {
        results.push(result);
        if (!options.json) console.log(`${toText(result)}\n`);
      }
    }
    const paths = await draw(suite, results);
    const load: [number, number] = [before, loadavg()[0]!];
    const header = { suite, rounds: options.rounds, environment: environment(backend), load };
    if (options.json) console.log(toJson(header, results));
    else {
      const { hardware, versions, commit } = header.environment;
      console.log(
        `${hardware}; ${Object.entries(versions)
          .map(([k, v]) => `${k} ${v}`)
          .join(', ')}; commit ${commit}`,
      );
      console.log(
        `load of the machine ${load[0].toFixed(1)} before, ${load[1].toFixed(1)} after (the benchmark itself causes about 2)`,
      );
      console.log(`plots: ${paths.join(' ')}`);
    }
    if (!allMet(results)) process.exitCode = 1;
  }
}

function rounds(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError(
      `It must be a whole number of at least 1 (${FEWEST_ROUNDS} or more for the record).`,
    );
  return number;
}

function lettersOf(text: string, parts: Parts): string[] {
  const letters = text.split(',').map((letter) => letter.trim());
  const unknown = letters.find((letter) => !Object.hasOwn(parts, letter));
  if (unknown !== undefined)
    throw new InvalidArgumentError(
      `There is no part '${unknown}': choose from ${Object.keys(parts).join(', ')}.`,
    );
  return letters;
}

const [name, ...rest] = process.argv.slice(2);
const named =
  name === 'truth'
    ? truthCommand()
    : SUITE_NAMES.includes(name as SuiteName)
      ? suiteCommand(name as SuiteName)
      : undefined;
runCommand(named ?? benchCommand(), named ? rest : process.argv.slice(2)).finally(() => process.exit()); // even if a stopped side still holds something open
