/** `npm run figures`: draws the figures of the README from the records in data/runs. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAPER } from '../experiments/presets';
import { type Figure, toSVG } from '../figures/figure';
import { generalizationFigure } from '../figures/generalization';
import { grokkingGrid } from '../figures/grokking-grid';
import { grokkingTable, leadSummary, leadTable } from '../figures/grokking-table';
import { overRegularizationFigure } from '../figures/over-regularization';
import { regularizationFigure } from '../figures/regularization';
import {
  generalizationTable,
  overRegularizationTable,
  regularizationTable,
} from '../figures/regularization-table';
import { type Table, tableBundle } from '../figures/table';
import { RECORDED, readRuns } from '../records/recorded-runs';
import type { MeasuredRun } from '../records/run-record';

const DOCS = join(__dirname, '..', '..', 'docs');

async function main(): Promise<void> {
  mkdirSync(DOCS, { recursive: true });
  const grokking = recorded('grokking');
  const grid = { ...PAPER.grokkingGrid, paper: PAPER.grokkingHalfSteps };
  await draw('grokking-grid', grokkingGrid(grokking, grid), grokking);
  print(grokkingTable(grokking, PAPER.grokkingHalfSteps));
  print(leadTable(grokking));
  console.log(`\n${leadSummary(grokking, PAPER.grokking.measureEvery)}\n`);
  const mnist = recorded('mnist');
  await draw('regularization', regularizationFigure(mnist), mnist);
  await draw('generalization', generalizationFigure(mnist, { harmless: true }), mnist);
  await draw('over-regularization', overRegularizationFigure(mnist), mnist);
  print(regularizationTable(mnist, PAPER));
  print(generalizationTable(mnist, PAPER));
  print(overRegularizationTable(mnist, PAPER));
}

function recorded(name: string): readonly MeasuredRun[] {
  const folder = join(RECORDED, name);
  const runs = readRuns(folder);
  if (runs.length === 0) throw new Error(`there are no records in ${folder}: npm run sweep makes them`);
  return runs;
}

async function draw(name: string, figure: Figure, runs: readonly MeasuredRun[]): Promise<void> {
  const path = join(DOCS, `${name}.svg`);
  writeFileSync(path, await toSVG(figure));
  console.log(`${path}: ${runs.length} runs`);
}

function print(contents: Table): void {
  console.log(`\n${tableBundle(contents)['text/plain']}`);
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
