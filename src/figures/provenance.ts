/** From which runs a figure is drawn: their data, settings and hardware, as two lines below its title. */
import { namedSettings } from '../experiments/registry';
import type { RunSoFar } from '../records/run-record';

/** mnist, 500 pictures, ResNet of width 16, batches of 32, 2,000 steps // 46 runs on tensorflow CPU, AMD EPYC, 2 cores */
export function provenance(runs: readonly RunSoFar[]): string {
  const distinct = (values: readonly string[]): string => [...new Set(values)].filter(Boolean).join(' or ');
  const settings = runs.map(({ config }) => namedSettings(config, 'runs'));
  const keys = new Set(settings.flatMap((named) => Object.keys(named)));
  const what = [...keys].map((key) => distinct(settings.map((named) => named[key] ?? ''))).join(', ');
  const machines = distinct(
    runs.map(({ environment: at }) =>
      at ? [at.backend, at.hardware, shortened(at.instructions)].filter(Boolean).join(', ') : '',
    ),
  );
  return `<br><sub>${what}</sub><br><sub>${runs.length} runs${machines === '' ? '' : ` on ${machines}`}</sub>`;
}

/** The processor's instructions and a limit of oneDNN's, without those of this project's kernels, which only round otherwise. */
function shortened(instructions = ''): string {
  return instructions.replace(/, kernels .*$/, '');
}
