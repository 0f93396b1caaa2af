/** The main job: sets up, executes the notebooks with real training, and says what was found and where to look. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { executeNotebooks } from './notebooks.mjs';
import { ROOT, runMain, setUp } from './setup.mjs';

const NOTEBOOKS = [
  '0-intrinsic-dimension',
  '1-regularization',
  '2-generalization',
  '3-over-regularization',
  '4-grokking',
  '5-your-own-model',
];

await runMain(async () => {
  await setUp();
  const code = await executeNotebooks(NOTEBOOKS, ['--output', 'out', '--html']);
  if (code !== 0) return code;
  console.log('\nFound:');
  for (const name of NOTEBOOKS) for (const line of findings(name)) console.log(`  ${line}`);
  console.log('\nLook at:');
  for (const name of NOTEBOOKS) console.log(`  out/${name}.html`);
  console.log(
    '\nGo on: npm run lab opens JupyterLab; in notebooks/4-grokking.ipynb change weightDecay: 1e-2 to 1e-3 and choose' +
      '\nRun All Cells: another curve, live.',
  );
  return 0;
});

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
