/** `npm run remeasure -- trainFraction=.3 steps=6000`: does what a run shows depend on the estimator? */
import { join } from 'node:path';
import { GROKKING, grokkingConfig } from '../experiments/grokking-config';
import { remeasure } from '../experiments/remeasure';
import { RECORDED } from '../records/recorded-runs';
import { showProgress } from './progress';

async function main(words: readonly string[]): Promise<void> {
  const config = grokkingConfig(GROKKING.parseOverrides(words));
  const path = join(RECORDED, 'grokking-estimators', `${GROKKING.runName(config)}.jsonl`);
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort());
  const progress = showProgress(config.steps);
  try {
    for await (const event of remeasure(config, { path, signal: controller.signal })) progress.update(event);
  } finally {
    progress.stop();
  }
  console.log(`${controller.signal.aborted ? 'stopped; the same command goes on' : 'done'}: ${path}`);
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
