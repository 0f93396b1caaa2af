/** `npm run figures`: draws the figures of the README from the records in data/runs. */
import { join } from 'node:path';
import { Option } from 'commander';
import { claimsTable } from '../figures/claims-table';
import type { Drawing } from '../figures/drawing';
import { COLUMN_WIDTHS, type FrameOptions } from '../figures/frame';
import { DRAWINGS } from '../figures/registry';
import { tableBundle } from '../figures/table';
import { nearest } from '../given';
import { counted } from '../number-format';
import { recordedRuns } from '../records/recorded-runs';
import { defineCommand, runCommand } from './command';
import { FIGURE_FORMATS, writeFigure } from './figure-file';
import { assertWritable, makeFolder } from './writable';

const DOCS = join(__dirname, '..', '..', 'docs');
const NAMES = DRAWINGS.map(({ name }) => name);

/** The options of the command line. */
interface FiguresOptions {
  readonly out: string;
  readonly tables: boolean;
  readonly format: string;
  readonly column?: '1' | '2';
}

const command = defineCommand(
  'figures',
  'Draw the figures of the documentation from the records in data/runs.',
)
  .argument('[name...]', `which figures (default: all of ${NAMES.join(', ')})`)
  .option('--out <folder>', 'folder for the pictures', DOCS)
  .addOption(new Option('--format <form>', 'format of the files').choices(FIGURE_FORMATS).default('svg'))
  .addOption(
    new Option(
      '--column <columns>',
      'draw for a paper, as wide as 1 column (3.25 in) or 2 columns; the title goes into the caption',
    ).choices(Object.keys(COLUMN_WIDTHS)),
  )
  .option('--no-tables', 'leave out the tables of the numbers behind the figures')
  .addHelpText(
    'after',
    `\n${DRAWINGS.map(({ name, summary }) => `  ${name.padEnd(22)} ${summary}`).join('\n')}`,
  )
  .action(async (names: string[], { out, tables, format, column }: FiguresOptions) => {
    const unknown = names.find((name) => !NAMES.includes(name));
    if (unknown !== undefined)
      throw new RangeError(
        `no figure '${unknown}'; did you mean '${nearest(unknown, NAMES)}'? It must be one of ${NAMES.join(', ')}`,
      );
    makeFolder(out);
    const frame: FrameOptions = column === undefined ? {} : { width: COLUMN_WIDTHS[column], title: '' };
    const wanted = DRAWINGS.filter(({ name }) => names.length === 0 || names.includes(name));
    const pathOf = (drawing: Drawing): string => join(out, `${drawing.name}.${format}`);
    for (const drawing of wanted) assertWritable(pathOf(drawing));
    for (const drawing of wanted) await drawTo(pathOf(drawing), drawing, frame, tables);
    if (tables && names.length === 0) console.log(tableBundle(claimsTable())['text/plain']);
  });

async function drawTo(
  path: string,
  { records, draw, findings, tables }: Drawing,
  frame: FrameOptions,
  withTables: boolean,
): Promise<void> {
  const runs = recordedRuns(records);
  const figure = draw(runs, frame);
  const print = (): void => {
    console.log(`${path}: ${counted(runs.length, 'run')}`);
    if (figure.caption && (withTables || frame.width !== undefined))
      console.log(`Caption: ${figure.caption}`);
    for (const line of findings(runs)) console.log(`Found: ${line}`);
    for (const part of withTables ? tables(runs) : []) console.log(`\n${tableBundle(part)['text/plain']}\n`);
  };
  await writeFigure(path, figure).finally(print);
}

void runCommand(command);
