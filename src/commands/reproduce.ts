/** `npm run reproduce -- RECORD`: trains a recorded run again from its settings, and says how far it ends from the record. */
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { agrees, otherSeeds, pairSteps } from '../analysis/reproduction';
import { completeConfig, type RunSettings, withDefaults } from '../experiments/registry';
import { table, tableBundle } from '../figures/table';
import { lastLayerId } from '../records/layer-ids';
import { readRuns } from '../records/recorded-runs';
import { runPath } from '../records/run-path';
import { type Environment, type RunRecord, type RunSoFar, readRun } from '../records/run-record';
import { defineCommand, listenForStop, numberOption, runCommand } from './command';
import { showProgress } from './progress';

interface Options {
  readonly out: string;
  readonly accuracy: number;
  readonly llid: number;
}

const command = defineCommand(
  'reproduce',
  'Train a recorded run again from its settings, and compare the two.',
)
  .argument('<record>', 'a record, such as data/runs/mnist/NAME.jsonl')
  .option('--out <folder>', 'where the new record and its checkpoints go', 'out/reproduced')
  .option(
    '--accuracy <difference>',
    'largest difference between the final validation accuracies, from 0 to 1',
    numberOption,
    0.01,
  )
  .option(
    '--llid <share>',
    'largest difference between the final LLIDs, as a share of the recorded one',
    numberOption,
    0.05,
  )
  .addHelpText(
    'after',
    '\nCtrl-C writes a checkpoint and ends; the same command goes on from there. The command fails where the runs end further' +
      '\napart than is allowed. TF_NUM_INTRAOP_THREADS=1 trains with one thread, and so rounds differently.',
  )
  .action(async (file: string, { out, accuracy, llid }: Options) => {
    if (!existsSync(file)) throw new Error(`there is no record ${file}: give the path of a .jsonl file`);
    const recorded = readRun(file);
    if (recorded.done === undefined)
      throw new Error(`${file} is the record of a run that did not finish: give a finished one`);
    const config = completeConfig(withDefaults(recorded.config) as RunSettings);
    const path = runPath(out, basename(file, '.jsonl'));
    const stop = listenForStop('stopping after this step, with a checkpoint');
    // TensorFlow takes seconds to load, so it is loaded after help and errors have been printed.
    const { runExperiment } = await import('../experiments/run.js');
    const progress = showProgress(config.steps);
    try {
      for await (const event of runExperiment(config, { path, resume: true, signal: stop.signal }))
        progress.update(event);
    } finally {
      progress.stop();
    }
    if (stop.signal.aborted) {
      console.log(`stopped; the same command goes on: ${path}`);
      process.exitCode = await stop.exitCode();
      return;
    }
    process.exitCode = report(recorded, readRun(path), { accuracy, lastLayerId: llid }) ? 0 : 1;
    printOtherSeeds(otherSeeds(recorded, readRuns(dirname(file))));
  });

function report(recorded: RunRecord, again: RunRecord, tolerance: Parameters<typeof agrees>[1]): boolean {
  const pairs = pairSteps(recorded, again);
  const rows = pairs.map(({ step, accuracy, lastLayerId, peakId }) => ({
    step,
    'accuracy, recorded': accuracy.recorded,
    'accuracy, again': accuracy.again,
    'LLID, recorded': lastLayerId.recorded,
    'LLID, again': lastLayerId.again,
    'PID, recorded': peakId.recorded,
    'PID, again': peakId.again,
  }));
  console.log(`recorded on ${inWords(recorded.environment)}\nagain on    ${inWords(again.environment)}\n`);
  console.log(`${tableBundle(table(rows))['text/plain']}\n`);
  const end = pairs.at(-1);
  if (end?.step !== Number(recorded.config['steps']))
    throw new Error('the two runs have no measurement of the last step in common');
  const agree = agrees(end, tolerance);
  const points = 100 * (end.accuracy.again - end.accuracy.recorded);
  const share = 100 * (end.lastLayerId.again / end.lastLayerId.recorded - 1);
  console.log(
    `${agree ? 'reproduced' : 'not reproduced'}: at step ${end.step} the accuracy differs by ${points.toFixed(2)} points, LLID by ${share.toFixed(1)} %`,
  );
  return agree;
}

/**
 * Where runs of the same settings end that begin with other weights. Another number of threads adds numbers in another order,
 * and after thousands of steps that can change a run as much as another seed does.
 */
function printOtherSeeds(runs: readonly RunSoFar[]): void {
  const ends = runs.map(({ config: { seed }, measurements }) => ({
    seed: Number(seed),
    accuracy: measurements.at(-1)!.validation.accuracy,
    LLID: lastLayerId(measurements.at(-1)!.validation),
  }));
  if (ends.length === 0) return;
  console.log('\nThe same settings with other seeds end at');
  console.log(tableBundle(table(ends))['text/plain']);
}

function inWords({ hardware, instructions, backend, commit, date }: Environment): string {
  return [hardware, instructions, backend, `commit ${commit.slice(0, 7)}`, date].filter(Boolean).join(', ');
}

void runCommand(command);
