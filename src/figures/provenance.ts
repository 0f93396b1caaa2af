/** From which runs a figure is drawn: their data, settings and hardware, as two lines below its title. */
import type { RunSoFar } from '../records/run-record';

/** What is said of a run's settings, where it has them. */
const SAID: readonly [key: string, say: (value: number) => string][] = [
  ['images', (count) => `${count.toLocaleString('en')} pictures`],
  ['width', (width) => `ResNet of width ${width}`],
  ['batchSize', (size) => `batches of ${size}`],
  ['steps', (steps) => `${steps.toLocaleString('en')} steps`],
];

/** mnist, 500 pictures, ResNet of width 16, batches of 32, 2,000 steps // 46 runs on tensorflow CPU, AMD EPYC, 2 cores */
export function provenance(runs: readonly RunSoFar[]): string {
  const distinct = (values: readonly string[]): string => [...new Set(values)].filter(Boolean).join(' or ');
  const datasets = distinct(runs.map(({ config }) => String(config['dataset'] ?? config['task'] ?? '')));
  const settings = SAID.map(([key, say]) =>
    distinct(runs.map(({ config }) => (typeof config[key] === 'number' ? say(config[key]) : ''))),
  );
  const machines = distinct(
    runs.map(({ environment: at }) =>
      at ? [at.backend, at.hardware, shortened(at.instructions)].filter(Boolean).join(', ') : '',
    ),
  );
  const what = [datasets, ...settings].filter(Boolean).join(', ');
  return `<br><sub>${what}</sub><br><sub>${runs.length} runs${machines === '' ? '' : ` on ${machines}`}</sub>`;
}

/** The processor's instructions and a limit of oneDNN's, without those of this project's kernels, which only round otherwise. */
function shortened(instructions = ''): string {
  return instructions.replace(/, kernels .*$/, '');
}
