/** `npm run figures`: draws the figures of the README from the records in data/runs. */
import { join } from 'node:path';
import type { Drawing } from '../figures/drawing';
import { DRAWINGS } from '../figures/registry';
import { tableBundle } from '../figures/table';
import { nearest } from '../nearest';
import { recordedRuns } from '../records/recorded-runs';
import { defineCommand, runCommand } from './command';
import { writeFigure } from './figure-file';
import { assertWritable, makeFolder } from './writable';

const DOCS = join(__dirname, '..', '..', 'docs');
const NAMES = DRAWINGS.map(({ name }) => name);

const command = defineCommand(
  'figures',
  'Draw the figures of the documentation from the records in data/runs.',
)
  .argument('[name...]', `which ones (default: all of ${NAMES.join(', ')})`)
  .option('--out <folder>', 'where the pictures go', DOCS)
  .option('--no-tables', 'leave out the numbers behind them')
  .addHelpText(
    'after',
    `\n${DRAWINGS.map(({ name, summary }) => `  ${name.padEnd(22)} ${summary}`).join('\n')}`,
  )
  .action(async (names: string[], { out, tables }: { readonly out: string; readonly tables: boolean }) => {
    const unknown = names.find((name) => !NAMES.includes(name));
    if (unknown !== undefined)
      throw new RangeError(
        `no figure '${unknown}'; did you mean '${nearest(unknown, NAMES)}'? It must be one of ${NAMES.join(', ')}`,
      );
    makeFolder(out);
    const wanted = DRAWINGS.filter(({ name }) => names.length === 0 || names.includes(name));
    const pathOf = (drawing: Drawing): string => join(out, `${drawing.name}.svg`);
    for (const drawing of wanted) assertWritable(pathOf(drawing));
    for (const drawing of wanted) await drawTo(pathOf(drawing), drawing, tables);
  });

async function drawTo(
  path: string,
  { records, draw, findings, tables }: Drawing,
  withTables: boolean,
): Promise<void> {
  const runs = recordedRuns(records);
  const print = (): void => {
    console.log(`${path}: ${runs.length} runs`);
    for (const line of findings(runs)) console.log(`Found: ${line}`);
    for (const part of withTables ? tables(runs) : []) console.log(`\n${tableBundle(part)['text/plain']}\n`);
  };
  await writeFigure(path, draw(runs)).finally(print);
}

void runCommand(command);
