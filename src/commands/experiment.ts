/** The command line: `npm run experiment -- grokking weightDecay=1e-2 trainFraction=.3`. */
import { constants } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EXPERIMENTS, experimentNamed, type RunConfig } from '../experiments/registry';
import { nearest } from '../nearest';
import { runPath } from '../records/run-path';
import { showProgress } from './progress';

const COMMAND = 'npm run experiment --';
const FLAGS = {
  resume: { type: 'boolean' },
  'resume-from-best': { type: 'boolean' },
  out: { type: 'string' },
  name: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function help(): string {
  const experiments = EXPERIMENTS.map(
    ({ name, summary, describe }) => `${name}: ${summary}. Its settings and their defaults:\n${describe()}`,
  );
  return `Usage: ${COMMAND} <experiment> [key=value ...] [--resume] [--out <folder>] [--name <name>]

  --resume                 go on from the last checkpoint; starts anew where there is none
  --resume-from-best       go on from the checkpoint that validated best, when the last one is damaged
  --out <folder>           where the record and its checkpoints go (default: out/runs)
  --name <name>            of the record (default: from the settings, without steps)
  --help                   this text

Ctrl-C writes a checkpoint and ends; a second one ends at once.

${experiments.join('\n\n')}`;
}

/** A second SIGINT sooner than this is the same key press, which npm passes on to its child once more. */
const SAME_PRESS_MS = 500;

async function main(words: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(words);
  const [experiment, ...overrides] = positionals;
  if (values.help) {
    console.log(help());
    return 0;
  }
  if (experiment === undefined) {
    console.error(help());
    return 1;
  }
  const settings = experimentNamed(experiment);
  const config = settings.config(settings.parseOverrides(overrides));
  const path = runPath(values.out ?? join('out', 'runs'), values.name ?? settings.runName(config));
  const again = [experiment, ...overrides];
  if (values.out !== undefined) again.push('--out', values.out);
  if (values.name !== undefined) again.push('--name', values.name);
  return run(
    config,
    path,
    values['resume-from-best'] ? 'best' : (values.resume ?? false),
    `${COMMAND} ${again.map(quote).join(' ')} --resume`,
  );
}

async function run(
  config: RunConfig,
  path: string,
  resume: boolean | 'best',
  again: string,
): Promise<number> {
  const stop = listenForStop();
  // TensorFlow takes seconds to load: help and errors do not wait for it.
  const { runExperiment } = await import('../experiments/run.js');
  const progress = showProgress(config.steps);
  let step = 0;
  let finished = false;
  try {
    for await (const event of runExperiment(config, { path, resume, signal: stop.signal })) {
      progress.update(event);
      step = event.step;
      finished = event.type === 'done' && !event.interrupted;
    }
  } finally {
    progress.stop();
  }
  const where = finished ? 'done' : 'stopped';
  console.log(`${where} at step ${step}: ${progress.summary()}\nrecord: ${path}`);
  if (finished) return 0;
  console.log(`to go on: ${again}`);
  return stop.exitCode();
}

/** The first SIGINT, SIGTERM or SIGHUP (a closed terminal) asks the run to stop; another SIGINT, a moment later, ends the process. */
function listenForStop(): { signal: AbortSignal; exitCode: () => Promise<number> } {
  const controller = new AbortController();
  let first = 0;
  let code = 130;
  const onSignal = (name: NodeJS.Signals): void => {
    if (first === 0) {
      first = Date.now();
      code = 128 + constants.signals[name];
      console.error('\nstopping after this step, with a checkpoint; Ctrl-C again ends at once');
      controller.abort();
    } else if (name === 'SIGINT' && Date.now() - first > SAME_PRESS_MS) {
      process.exit(130);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  return {
    signal: controller.signal,
    exitCode: async () => {
      // A process that is ending listens no more: the second signal of the same key press would end it as a kill.
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, first + SAME_PRESS_MS - Date.now())));
      return code;
    },
  };
}

function readArguments(words: readonly string[]): {
  values: { resume?: boolean; 'resume-from-best'?: boolean; out?: string; name?: string; help?: boolean };
  positionals: string[];
} {
  const unknown = words.find(
    (word) => /^--[^=]/.test(word) && !Object.hasOwn(FLAGS, word.slice(2).split('=')[0]!),
  );
  if (unknown !== undefined) {
    const meant = nearest(unknown.slice(2), Object.keys(FLAGS));
    throw new RangeError(`no option '${unknown}': did you mean '--${meant}'? (--help lists all)`);
  }
  return parseArgs({ args: [...words], options: FLAGS, allowPositionals: true });
}

function quote(word: string): string {
  return /^[\w=.,/:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(process.env['DEBUG'] ? error : `error: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  },
);
