/** `npm run remeasure -- trainFraction=.3 steps=6000`: shows whether the findings of a run depend on the estimator. */
import { join } from 'node:path';
import { GROKKING, grokkingConfig } from '../experiments/grokking-config';
import { remeasure } from '../experiments/remeasure';
import { RECORDED } from '../records/recorded-runs';
import { defineCommand, listenForStop, runCommand } from './command';
import { showProgress } from './progress';

const command = defineCommand(
  'remeasure',
  'Train a grokking run again, and measure its last layer at every checkpoint by several estimators.',
)
  .argument(
    '[key=value...]',
    'settings of the experiment grokking, which npm run experiment -- grokking --help lists',
  )
  .addHelpText('after', '\nCtrl-C writes a checkpoint and ends; the same command goes on from there.')
  .action(async (words: string[]) => {
    const config = grokkingConfig(GROKKING.parseOverrides(words));
    const path = join(RECORDED, 'grokking-estimators', `${GROKKING.runName(config)}.jsonl`);
    const stop = listenForStop('stopping after this step, with a checkpoint');
    const progress = showProgress(config.steps);
    try {
      for await (const event of remeasure(config, { path, signal: stop.signal })) progress.update(event);
    } finally {
      progress.stop();
    }
    console.log(`${stop.signal.aborted ? 'stopped; the same command goes on' : 'done'}: ${path}`);
    if (stop.signal.aborted) process.exitCode = await stop.exitCode();
  });

void runCommand(command);
