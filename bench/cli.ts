/**
 * `npm run bench -- [step] [id] [--only a,b] [--rounds 5] [--instructions avx2] [--json]`: compares this project with the tools that researchers use today.
 * `npm run bench -- truth`: compares estimators with each other.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { runCommand } from '../src/commands/command';
import { environment } from '../src/records/environment';
import { loadBackend } from '../src/runtime/backend';
import { ID_BARS } from './id/bars';
import { limitInstructions } from './instructions';
import { allMet, draw, toJson, toText } from './report';
import type { Result } from './result';
import { STEP_BARS } from './step/bars';
import { truthCommand } from './truth/truth';

const SUITES = { step: STEP_BARS, id: ID_BARS } as const;
type Suite = keyof typeof SUITES;
const FEWEST_ROUNDS = 5;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      instructions: { type: 'string' },
      only: { type: 'string' },
      rounds: { type: 'string', default: String(FEWEST_ROUNDS) },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(
      `--rounds must be a whole number of at least 1 (${FEWEST_ROUNDS} or more for the record), got ${values.rounds}`,
    );
  for (const name of positionals)
    if (!(name in SUITES))
      throw new Error(`no benchmark '${name}': choose ${[...Object.keys(SUITES), 'truth'].join(' or ')}`);
  if (values.instructions !== undefined) limitInstructions(values.instructions);
  const backend = await loadBackend();
  for (const suite of (positionals.length > 0 ? positionals : Object.keys(SUITES)) as Suite[]) {
    const before = loadavg()[0]!;
    const results: Result[] = [];
    for (const letter of lettersOf(suite, values.only)) {
      for (const result of await SUITES[suite][letter]!(rounds)) {
        results.push(result);
        if (!values.json) console.log(`${toText(result)}\n`);
      }
    }
    const paths = await draw(suite, results);
    const load: [number, number] = [before, loadavg()[0]!];
    const header = { suite, rounds, environment: environment(backend), load };
    if (values.json) console.log(toJson(header, results));
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

function lettersOf(suite: Suite, only: string | undefined): string[] {
  const all = Object.keys(SUITES[suite]);
  const chosen = only?.split(',') ?? all;
  const unknown = chosen.find((letter) => !all.includes(letter));
  if (unknown !== undefined)
    throw new Error(`${suite} has no part '${unknown}': choose from ${all.join(', ')}`);
  return chosen;
}

const [first, ...rest] = process.argv.slice(2);
(first === 'truth' ? runCommand(truthCommand(), rest) : main())
  .catch((error: Error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  })
  .finally(() => process.exit()); // even if a stopped side still holds something open
