/** `npm run figures`: draws the figures of the README from the records in data/runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAPER } from './experiments/presets';
import { toSVG } from './figures/figure';
import { grokkingGrid, grokkingRows } from './figures/grokking';
import { RECORDED, readRuns } from './records/recorded-runs';

async function main(): Promise<void> {
  const docs = join(__dirname, '..', 'docs');
  mkdirSync(docs, { recursive: true });
  const runs = readRuns(join(RECORDED, 'grokking'));
  if (runs.length === 0)
    throw new Error(`there are no records in ${join(RECORDED, 'grokking')}: npm run sweep makes them`);
  const path = join(docs, 'grokking-grid.svg');
  writeFileSync(path, await toSVG(grokkingGrid(runs)));
  const rows = grokkingRows(runs, PAPER.grokkingHalfSteps);
  console.log(`${path}: ${runs.length} of 16 cells`);
  for (const row of rows) {
    const ratio = row.ratio === undefined ? '' : `  factor ${row.ratio.toFixed(2)}`;
    console.log(
      `p ${String(row.trainFraction).padEnd(5)} weight decay ${String(row.weightDecay).padEnd(7)} 50 % at ` +
        `${String(row.ours ?? 'never').padStart(6)}  paper ${String(row.paper ?? 'never').padStart(6)}${ratio}` +
        `  LLID peak ${row.peak} -> least ${row.least} -> end ${row.final}  lead ${row.lead ?? '-'} decades  r ${row.slopes ?? '-'}`,
    );
  }
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
