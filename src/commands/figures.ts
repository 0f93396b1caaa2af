/** `npm run figures`: draws the figures of the README from the records in data/runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toSVG } from '../figures/figure';
import { DRAWINGS } from '../figures/registry';
import { tableBundle } from '../figures/table';
import { RECORDED, readRuns } from '../records/recorded-runs';

const DOCS = join(__dirname, '..', '..', 'docs');

async function main(): Promise<void> {
  mkdirSync(DOCS, { recursive: true });
  for (const { name, records, draw, describe } of DRAWINGS) {
    const folder = join(RECORDED, records);
    const runs = readRuns(folder);
    if (runs.length === 0) throw new Error(`there are no records in ${folder}: npm run sweep makes them`);
    const path = join(DOCS, `${name}.svg`);
    writeFileSync(path, await toSVG(draw(runs)));
    console.log(`${path}: ${runs.length} runs`);
    for (const part of describe?.(runs) ?? [])
      console.log(`\n${typeof part === 'string' ? part : tableBundle(part)['text/plain']}`);
  }
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
