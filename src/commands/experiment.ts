/** `npm run experiment -- grokking weightDecay=1e-2 trainFraction=.3`: one run, with a record and checkpoints. */
import { parseRun, type RunConfig, runName } from '../experiments/registry';
import { RUNS, runPath } from '../records/run-path';
import { defineCommand, listenForStop, quoteWord, runCommand } from './command';
import { EXPERIMENT_ARGUMENT, experimentHelp } from './experiments-in-words';
import { showProgress } from './progress';

interface Options {
  readonly resume?: boolean;
  readonly resumeFromBest?: boolean;
  readonly out: string;
  readonly name?: string;
}

const command = defineCommand(
  'experiment',
  'Train a network, and measure the dimension of its layers as it learns.',
)
  .argument('<experiment>', EXPERIMENT_ARGUMENT)
  .argument('[key=value...]', 'settings that differ from those of the experiment or preset')
  .option('--resume', 'continue from the last checkpoint, or start from the beginning if there is none')
  .option(
    '--resume-from-best',
    'continue from the checkpoint with the best validation, if the last one is damaged',
  )
  .option('--out <folder>', 'folder for the record and its checkpoints', RUNS)
  .option('--name <name>', 'name of the record (default: made from the settings, without steps)')
  .addHelpText(
    'after',
    ({ command: { args } }) =>
      `\nCtrl-C writes a checkpoint and ends; a second one ends at once.\n\n${experimentHelp(args)}`,
  )
  .action(async (experiment: string, overrides: string[], options: Options) => {
    const config = parseRun(experiment, overrides);
    const path = runPath(options.out, options.name ?? runName(config));
    const again = ['--out', options.out, ...(options.name === undefined ? [] : ['--name', options.name])];
    const words = [experiment, ...overrides, ...again, '--resume'].map(quoteWord);
    const resume = options.resumeFromBest ? 'best' : (options.resume ?? false);
    process.exitCode = await run(config, path, resume, `npm run experiment -- ${words.join(' ')}`);
  });

async function run(
  config: RunConfig,
  path: string,
  resume: boolean | 'best',
  again: string,
): Promise<number> {
  const stop = listenForStop('stopping after this step, with a checkpoint; Ctrl-C again ends at once');
  // TensorFlow takes seconds to load, so it is loaded after help and errors have been printed.
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

void runCommand(command);
