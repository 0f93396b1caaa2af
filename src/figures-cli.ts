/** `npm run figures`: draws the figures of the README from the records in data/runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAPER } from './experiments/presets';
import { toSVG } from './figures/figure';
import { grokkingGrid } from './figures/grokking-grid';
import { grokkingTable, leadSummary, leadTable } from './figures/grokking-table';
import { type Table, tableBundle } from './figures/table';
import { RECORDED, readRuns } from './records/recorded-runs';

async function main(): Promise<void> {
  const docs = join(__dirname, '..', 'docs');
  mkdirSync(docs, { recursive: true });
  const runs = readRuns(join(RECORDED, 'grokking'));
  if (runs.length === 0)
    throw new Error(`there are no records in ${join(RECORDED, 'grokking')}: npm run sweep makes them`);
  const path = join(docs, 'grokking-grid.svg');
  writeFileSync(
    path,
    await toSVG(grokkingGrid(runs, { ...PAPER.grokkingGrid, paper: PAPER.grokkingHalfSteps })),
  );
  console.log(`${path}: ${runs.length} runs`);
  print(grokkingTable(runs, PAPER.grokkingHalfSteps));
  print(leadTable(runs));
  console.log(`\n${leadSummary(runs, 500)}`);
}

function print(contents: Table): void {
  console.log(`\n${tableBundle(contents)['text/plain']}`);
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
