/**
 * `npm start`: sets up, draws the figures from the recorded runs, trains the grokking network live in its notebook, and prints
 * findings as soon as they are known.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { foreground } from './lib/foreground.mjs';
import { checkWords } from './lib/words.mjs';
import { executeNotebooks } from './notebooks.mjs';
import { ROOT, runMain, setUp } from './setup.mjs';

/** The notebook that is trained live, on all processors. */
const LIVE = '4-grokking';
/** Notebooks whose stored outputs are used, since their runs take minutes each; `npm run notebooks` trains them again. */
const STORED = [
  'start-here',
  '0-intrinsic-dimension',
  '1-regularization',
  '2-generalization',
  '3-over-regularization',
  '5-your-own-model',
  '6-any-network',
  '7-which-estimator',
];

const USAGE = `
Usage: npm start

Sets everything up, draws the paper's figures from recorded runs, and trains a network live. Notebooks, pages and pictures
are written to out/. It takes no options.`;

await runMain(async () => {
  await checkWords(process.argv.slice(2), USAGE);
  // The first pictures need neither Python nor TensorFlow, which are set up later; anything missing for them is reported now.
  await setUp(['npm', 'compiled'], { checksAll: true });
  console.log('\n== The figures of the paper, drawn from recorded runs');
  const drawn = await drawFigures();
  if (drawn !== 0) return drawn;
  await setUp();
  const started = performance.now();
  const seconds = () => `${Math.round((performance.now() - started) / 1000)} s`;
  const steps = [
    [
      'The notebooks with their stored outputs',
      () => executeNotebooks(STORED, ['--output', 'out', '--stored']),
    ],
    [
      'A transformer learns division modulo 97, live, until it groks',
      () => executeNotebooks([LIVE], ['--output', 'out', '--html']),
    ],
  ];
  for (const [title, body] of steps) {
    console.log(`\n== ${title} (after ${seconds()})`);
    const code = await body();
    if (code !== 0) return code;
  }
  for (const line of findings(LIVE)) console.log(`Found: ${line}`);
  console.log(`\nAll done in ${seconds()}. Look at`);
  for (const name of [LIVE, ...STORED]) console.log(`  out/${name}.html`);
  console.log(
    '\nNext steps: npm run lab opens JupyterLab. notebooks/start-here.ipynb is for data and networks of your own. In 4-grokking.ipynb,' +
      '\nchange trainFraction: 0.3 to 0.4 and choose Run All Cells to see another curve live. npm run notebooks trains all networks again.',
  );
  return 0;
});

/** Draws the pictures into out/, and names each as soon as it is written. */
function drawFigures() {
  const figures = join(ROOT, 'dist', 'commands', 'figures.js');
  return foreground(process.execPath, [figures, '--no-tables', '--out', join(ROOT, 'out')], { cwd: ROOT });
}

/** The lines `Found: ...` that a notebook printed. */
function findings(name) {
  const notebook = JSON.parse(readFileSync(join(ROOT, 'out', `${name}.ipynb`), 'utf8'));
  const printed = notebook.cells
    .flatMap((cell) => cell.outputs ?? [])
    .filter((output) => output.output_type === 'stream')
    .map((output) => [output.text].flat().join(''));
  return printed
    .join('\n')
    .split('\n')
    .filter((line) => line.startsWith('Found: '))
    .map((line) => line.slice('Found: '.length));
}
